/* SPDX-License-Identifier: MIT */
#include "tests/support/estate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"

static void *must(void *p)
{
        if (!p) {
                fputs("the test is out of memory\n", stderr);
                abort();
        }
        return p;
}

struct estate *test_estate_new(void)
{
        struct estate *estate = NULL;

        if (estate_new(&estate) < 0)
                abort();
        strcpy(estate->digest, "sha256:0");
        return must(estate);
}

static const char *text(struct estate *estate, const char *s)
{
        return must((char *)strpool_add(estate->strings, s));
}

void *test_estate_alloc(struct estate *estate, size_t size)
{
        return must(strpool_alloc(estate->strings, size));
}

const char *test_estate_text(struct estate *estate, const char *format, ...)
{
        char words[128];
        va_list ap;

        va_start(ap, format);
        vsnprintf(words, sizeof(words), format, ap);
        va_end(ap);
        return text(estate, words);
}

struct resource *test_estate_add(struct estate *estate, const struct kind *kind, const char *name)
{
        struct resource *r = must(strpool_alloc(estate->strings, sizeof(*r)));
        struct resource **place = must(ARRAY_ADD(estate->resources, estate->n_resources, estate->allocated_resources));

        *place = r;
        r->kind = kind;
        r->name = text(estate, name);
        r->position = (struct position){ .file = text(estate, "estate.yaml"),
                                         .line = (uint32_t)estate->n_resources,
                                         .column = 1 };
        r->on_drift = ON_DRIFT_UPDATE;
        r->spec = must(strpool_alloc(estate->strings, kind->spec_size));
        return r;
}

struct resource *test_estate_add_provider(struct estate *estate, const char *name, const char *endpoint)
{
        struct resource *r = test_estate_add(estate, &kind_provider, name);

        r->provider->type = text(estate, "starvcenter");
        r->provider->endpoint = text(estate, endpoint);
        r->provider->timeout = 30 * USEC_PER_SEC;
        r->provider->concurrency = 8;
        r->provider->confirm = 30 * USEC_PER_SEC;
        return r;
}

struct resource *test_estate_add_set(struct estate *estate, const char *name, struct resource *provider, int64_t count)
{
        struct resource *r = test_estate_add(estate, &kind_machine_set, name);
        struct machine_set *set = r->machine_set;

        set->count = count;
        set->provider = (struct reference){ .name = provider->name, .resource = provider };
        set->template.name = text(estate, "tmpl-7");
        set->network.name = text(estate, "pg-12");
        set->cpu = 4;
        set->memory = INT64_C(8) << 30;
        set->power = POWER_RUNNING;
        set->scale_in = SCALE_IN_NEWEST;
        set->replace_failed = REPLACE_NEVER_READY;
        set->rollout = must(strpool_alloc(estate->strings, sizeof(*set->rollout)));
        set->rollout->max_unavailable = 1;
        set->billing = must(strpool_alloc(estate->strings, sizeof(*set->billing)));
        return r;
}

struct resource *test_estate_add_template(struct estate *estate, const char *name, struct resource *provider)
{
        struct resource *r = test_estate_add(estate, &kind_machine_template, name);
        struct machine_template *t = r->machine_template;

        t->provider = (struct reference){ .name = provider->name, .resource = provider };
        t->description = t->account = t->key_name = t->post_script = "";
        t->cloud = "fake";
        t->instance_type = "small";
        t->cpu = 1;
        t->memory = INT64_C(2) << 30;
        t->image = "img1";
        t->region = "r";
        t->zone = "z";
        t->system_disk = "cloud_efficiency";
        t->credit = 500 * USEC_PER_HOUR;
        return r;
}

struct resource *test_estate_add_group(struct estate *estate, const char *name, struct resource *provider)
{
        struct resource *r = test_estate_add(estate, &kind_security_group, name);

        r->security_group->provider = (struct reference){ .name = provider->name, .resource = provider };
        return r;
}

struct resource *test_estate_add_balancer(struct estate *estate, const char *name, struct resource *provider)
{
        struct resource *r = test_estate_add(estate, &kind_load_balancer, name);
        struct load_balancer *b = r->load_balancer;

        b->provider = (struct reference){ .name = provider->name, .resource = provider };
        b->tenant = "app-1";
        b->router = "vm-router";
        b->protocol = PROTOCOL_HTTP;
        b->enabled = true;
        b->frontend = must(strpool_alloc(estate->strings, sizeof(*b->frontend)));
        b->frontend->network = NETWORK_EXTERNAL;
        b->frontend->address = "203.0.113.10";
        b->frontend->port = 80;
        return r;
}

struct resource *test_estate_add_policy(struct estate *estate)
{
        struct resource *r = test_estate_add(estate, &kind_policy, "default");

        r->policy->max_creates = -1;
        estate->policy = r;
        return r;
}

void test_estate_finish(struct estate *estate)
{
        estate_sort(estate);
}
