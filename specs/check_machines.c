/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "specs/check.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define PATH_MAX_OF_FIELD 64 /* "spec." and a field's name */

static const char *spec_path(const char *field, char path[static PATH_MAX_OF_FIELD])
{
        (void)snprintf(path, PATH_MAX_OF_FIELD, "spec.%s", field);
        return path;
}

/* The field, or what may stand in for it; both are an error, and so is neither when one is required. */
static int check_supported(const struct checker *c, const struct provider *provider,
                           const struct machine_support *support)
{
        const struct field *field = field_find(kind_machine_set.fields, support->field);
        char path[PATH_MAX_OF_FIELD], instead[PATH_MAX_OF_FIELD] = "", wants[WANTS_MAX];
        bool has, has_instead;

        (void)spec_path(support->field, path);
        if (support->instead)
                (void)spec_path(support->instead, instead);
        has = draft_has(c->draft, path) || !draft_is_sound(c->draft, path);
        has_instead = support->instead && (draft_has(c->draft, instead) || !draft_is_sound(c->draft, instead));

        if (has && has_instead)
                return check_error(c, instead, "stands beside %s; keep one of them", path);
        if (has || has_instead || !support->required)
                return 0;
        if (support->instead)
                return check_error(c, path, "is missing; write it or %s, %s machines need one of them", instead,
                                   provider->type);

        return check_error(c, path, "is missing; write %s, %s machines need it", field_wants(field, wants),
                           provider->type);
}

static int check_support(const struct checker *c, const struct provider *provider, const struct pairs *options)
{
        char path[PATH_MAX_OF_FIELD];
        int r = 0;

        for (const struct machine_support *s = provider->machines; s->field && r == 0; s++)
                if (machine_support_find(provider, options, s->field) == s)
                        r = check_supported(c, provider, s);

        for (const struct field *f = kind_machine_set.fields; f->name && r == 0; f++)
                if (f->by_provider && !machine_support_find(provider, options, f->name) &&
                    check_can(c, spec_path(f->name, path)))
                        r = check_error(c, path, "is not supported, %s machines have no '%s'; leave it out",
                                        provider->type, f->name);

        return r;
}

/* Names of machines may be anything that a vendor's id may be, but not the name of another thing of this repo. */
static int check_listed_machine(const struct checker *c, const char *path, const char *name)
{
        const char *own = c->draft->resource->name;
        size_t n = machine_name_split(name);
        char set[RESOURCE_TEXT_MAX], shown[EXCERPT_MAX];
        struct resource *other;

        if (text_equal(name, own))
                return check_error(c, path, "is the name of the set; write its machines, like %s-0", own);
        if (n == 0 || n >= sizeof(set))
                return 0;

        (void)snprintf(set, sizeof(set), "%.*s", (int)n, name);
        if (text_equal(set, own)) {
                if (name[n + 1] != '0' || name[n + 2] == '\0')
                        return 0;
                return check_error(c, path,
                                   "is \"%s\", and the numbers of machines have no leading zeros; leave them out",
                                   excerpt(name, shown));
        }

        other = estate_find(c->estate, &kind_machine_set, set);
        if (!other)
                return 0;

        return check_error(c, path, "is \"%s\", a machine of MachineSet/%s; write it there", excerpt(name, shown), set);
}

static int check_list(const struct checker *c, const char *field, const struct strings *list)
{
        _cleanup_strmap_ struct strmap seen = { 0 };
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++) {
                char path[PATH_MAX_OF_FIELD], shown[EXCERPT_MAX];

                (void)snprintf(path, sizeof(path), "spec.%s[%zu]", field, i);
                if (!check_can(c, path))
                        continue;

                r = strmap_put(&seen, list->items[i], c->estate);
                if (r == -EEXIST)
                        r = check_error(c, path, "is \"%s\" a second time; leave it out",
                                        excerpt(list->items[i], shown));
                else if (r == 0)
                        r = check_listed_machine(c, path, list->items[i]);
        }

        return r;
}

/* Machines that are there already, by the names that they get. */
static int check_adopt(const struct checker *c, const struct machine_set *set)
{
        const char *own = c->draft->resource->name;
        _cleanup_strmap_ struct strmap ids = { 0 };
        int r = 0;

        for (size_t i = 0; i < set->adopt.n && r == 0; i++) {
                const struct pair *pair = &set->adopt.items[i];
                char path[PATH_MAX_OF_FIELD + EXCERPT_MAX], shown[EXCERPT_MAX];
                size_t n = machine_name_split(pair->key);

                (void)snprintf(path, sizeof(path), "spec.adopt.%s", excerpt(pair->key, shown));
                if (n != strlen(own) || strncmp(pair->key, own, n) != 0)
                        r = check_error(c, path, "is no name of a machine of this set; write one like %s-0", own);
                else if (pair->key[n + 1] == '0' && pair->key[n + 2] != '\0')
                        r = check_error(c, path, "has leading zeros in its number; leave them out");
                if (r == 0)
                        r = strmap_put(&ids, pair->value, c->estate);
                if (r == -EEXIST)
                        r = check_error(c, path, "is \"%s\", which another name has already; leave one of them out",
                                        excerpt(pair->value, shown));
                for (size_t k = 0; k < set->release.n && r == 0; k++)
                        if (text_equal(set->release.items[k], pair->key) ||
                            text_equal(set->release.items[k], pair->value))
                                r = check_error(c, path, "is in spec.release, too; keep one of them");
        }
        return r;
}

const struct provider *check_codec(const struct checker *c)
{
        const struct resource *account = resource_provider(c->draft->resource);

        return account && account->provider->type ? c->options->provider_find(account->provider->type) : NULL;
}

/* Disks are told apart by their names. */
static int check_disks(const struct checker *c, const struct machine_set *set)
{
        const struct disk_spec *disks = set->disks.items;
        int r = 0;

        for (size_t i = 0; i < set->disks.n && r == 0; i++) {
                char path[PATH_MAX_OF_FIELD];

                (void)snprintf(path, sizeof(path), "spec.disks[%zu].size", i);
                if (check_can(c, path) && disks[i].size % GIB != 0)
                        r = check_error(c, path, "is no whole number of GiB; write it in GiB or TiB");
                (void)snprintf(path, sizeof(path), "spec.disks[%zu].name", i);
                if (r < 0 || !check_can(c, path))
                        continue;
                if (!is_resource_name(disks[i].name)) {
                        char shown[EXCERPT_MAX];

                        r = check_error(
                                c, path,
                                "is \"%s\"; write 1-40 of a-z, 0-9 and '-', a letter first and a letter or digit last",
                                excerpt(disks[i].name, shown));
                }
                for (size_t k = 0; k < i && r == 0; k++)
                        if (text_equal(disks[k].name, disks[i].name))
                                r = check_error(c, path, "is \"%s\" a second time; give each disk its own name",
                                                disks[i].name);
        }

        return r;
}

/* A period has to say how long it is, and by the hour there is none. */
static int check_billing(const struct checker *c, const struct billing_spec *billing)
{
        if (!billing || !draft_is_sound(c->draft, "spec.billing.mode"))
                return 0;
        if (billing->mode == BILLING_PERIOD && !draft_has(c->draft, "spec.billing.number") &&
            draft_is_sound(c->draft, "spec.billing.number"))
                return check_error(c, "spec.billing", "is for a period, and its number is missing; write number: 1");
        if (billing->mode == BILLING_HOURLY && check_can(c, "spec.billing.number"))
                return check_error(c, "spec.billing.number", "has a meaning only with mode: period; leave it out");
        if (billing->mode == BILLING_HOURLY && check_can(c, "spec.billing.unit"))
                return check_error(c, "spec.billing.unit", "has a meaning only with mode: period; leave it out");

        return 0;
}

/* Where machines carry no name of ours, what is made of a template is the set's; two sets could not tell theirs apart. */
static int check_template_is_own(const struct checker *c, const struct provider *codec, const struct resource *account)
{
        const struct resource *own = c->draft->resource;
        const struct machine_support *template = machine_support_find(codec, &account->provider->options, "template");

        if (codec->making(&account->provider->options)[TYPE_MACHINE].marker != MARKER_NONE || !template ||
            template->readback != READBACK_LISTED || !check_can(c, "spec.template"))
                return 0;
        for (size_t i = 0; i < c->estate->n_resources; i++) {
                const struct resource *other = c->estate->resources[i];

                if (other == own)
                        return 0;
                /* By its name: the other's references may not be resolved yet. */
                if (other->kind != &kind_machine_set || !text_equal(other->machine_set->provider.name, account->name) ||
                    !text_equal(other->machine_set->template.name, own->machine_set->template.name) ||
                    other->machine_set->template.by_ref != own->machine_set->template.by_ref)
                        continue;
                return check_error(
                        c, "spec.template",
                        "is that of MachineSet/%s too, and %s machines are told apart by it; give each set its own",
                        other->name, codec->type);
        }

        return 0;
}

static int check_account(const struct checker *c, const struct machine_set *set)
{
        const struct resource *account = resource_provider(c->draft->resource);
        const struct provider *codec = check_codec(c);
        int r;

        if (!codec)
                return 0;
        r = check_support(c, codec, &account->provider->options);
        if (r == 0)
                r = check_template_is_own(c, codec, account);
        if (r == 0 && codec->set_max && check_can(c, "spec.count") && set->count > codec->set_max)
                r = check_error(c, "spec.count",
                                "is %" PRId64 ", and %s shows no more than %" PRId64
                                " machines of a set; write fewer, or split the set",
                                set->count, codec->type, codec->set_max);
        return r;
}

int check_machine_set(const struct checker *c)
{
        const struct machine_set *set = c->draft->resource->machine_set;
        int r = 0;

        if (check_can(c, "spec.memory") && set->memory % MIB != 0)
                r = check_error(c, "spec.memory", "is no whole number of MiB; write it in MiB or GiB");
        if (r == 0)
                r = check_list(c, "protect", &set->protect);
        if (r == 0)
                r = check_list(c, "hold", &set->hold);
        if (r == 0)
                r = check_list(c, "release", &set->release);
        if (r == 0)
                r = check_adopt(c, set);
        if (r == 0)
                r = check_disks(c, set);
        if (r == 0)
                r = check_billing(c, set->billing);

        return r < 0 ? r : check_account(c, set);
}
