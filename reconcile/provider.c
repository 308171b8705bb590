/* SPDX-License-Identifier: MIT */
#include "reconcile/provider.h"

#include <errno.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

void request_list_done(struct request_list *l)
{
        for (size_t i = 0; i < l->n_requests; i++)
                request_done(&l->requests[i]);
        free(l->requests);
        *l = (struct request_list){ 0 };
}

int request_list_add(struct request_list *l, struct request *rq, struct error *e)
{
        struct request *added = ARRAY_ADD(l->requests, l->n_requests, l->allocated_requests);

        if (!added)
                return error_oom(e);
        *added = *rq;
        *rq = (struct request){ 0 };
        return 0;
}

const char *provider_option_value(const struct provider *provider, const struct pairs *options, const char *name)
{
        for (size_t i = 0; options && i < options->n; i++)
                if (text_equal(options->items[i].key, name))
                        return options->items[i].value;
        for (const struct provider_option *o = provider->options; o->name; o++)
                if (text_equal(o->name, name))
                        return o->words ? o->words[0] : NULL;
        return NULL;
}

const char *outcome_text(enum outcome_class c)
{
        static const char *const texts[] = {
                [OUTCOME_ACCEPTED] = "accepted",    [OUTCOME_REFUSED] = "refused",
                [OUTCOME_CAPACITY] = "capacity",    [OUTCOME_AUTH] = "auth",
                [OUTCOME_THROTTLED] = "throttled",  [OUTCOME_NOT_SENT] = "not sent",
                [OUTCOME_SESSION] = "session over", [OUTCOME_UNKNOWN] = "unknown",
        };

        return texts[c];
}

/* What a status means, with its words. OUTCOME_ACCEPTED stands for 2xx, where the body decides. */
static enum outcome_class status_class(int status, struct error *e)
{
        if (status >= 200 && status < 300)
                return OUTCOME_ACCEPTED;
        if (status == 401 || status == 403) {
                error_set(e, -EACCES, "the provider answered with HTTP status %d: it does not take the credentials",
                          status);
                return OUTCOME_AUTH;
        }
        if (status == 429 || status == 503) {
                error_set(e, -EAGAIN, "the provider answered with HTTP status %d: it asks to wait", status);
                return OUTCOME_THROTTLED;
        }
        if (status >= 300 && status < 400)
                error_set(e, -EBADMSG,
                          "the provider answered with HTTP status %d, a redirect, which is not followed; "
                          "is the endpoint right?",
                          status);
        else
                error_set(e, -EBADMSG, "the provider answered with HTTP status %d", status);
        return OUTCOME_UNKNOWN;
}

bool outcome_from_status(const struct reply *rp, struct outcome *ret)
{
        struct outcome outcome = { 0 };

        outcome.class = status_class(rp->status, &outcome.why);
        if (outcome.class == OUTCOME_ACCEPTED)
                return false;
        if (outcome.class == OUTCOME_THROTTLED)
                outcome.wait = usec_min(rp->retry_after, USEC_PER_HOUR);
        *ret = outcome;
        return true;
}

int reply_status_check(const struct reply *rp, struct error *e)
{
        switch (status_class(rp->status, e)) {
        case OUTCOME_ACCEPTED:
                return 0;
        case OUTCOME_AUTH:
                return -EACCES;
        case OUTCOME_THROTTLED:
                return -EAGAIN;
        default:
                return -EBADMSG;
        }
}

const struct machine_support *machine_support_find(const struct provider *provider, const struct pairs *options,
                                                   const char *field)
{
        for (const struct machine_support *m = provider->machines; m->field; m++)
                if (text_equal(m->field, field) &&
                    (!m->option || text_equal(provider_option_value(provider, options, m->option), m->value)))
                        return m;
        return NULL;
}

enum auth_type provider_auth(const struct provider *provider, const struct pairs *options)
{
        if (!provider->auth_option ||
            text_equal(provider_option_value(provider, options, provider->auth_option), provider->auth_value))
                return provider->auth;
        return AUTH_NONE;
}
