/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "specs/check.h"
#include "specs/endpoint.h"

static bool is_listed(const char *const *names, const char *name)
{
        for (size_t i = 0; names && names[i]; i++)
                if (text_equal(names[i], name))
                        return true;

        return false;
}

static size_t count_names(const char *const *names)
{
        size_t n = 0;

        while (names && names[n])
                n++;

        return n;
}

static void list_names(struct buf *b, const char *const *names, const char *separator)
{
        for (size_t i = 0; names && names[i]; i++)
                (void)buf_addf(b, "%s%s", i > 0 ? separator : "", names[i]);
}

static int tell_type(const struct checker *c, const char *type)
{
        const char *const *types = c->options->provider_types;
        const char *nearest = text_nearest(type, types, count_names(types));
        _cleanup_buf_ struct buf known = BUF_INIT(1024);
        char shown[EXCERPT_MAX];

        if (nearest)
                return check_error(c, "spec.type", "is \"%s\"; did you mean %s?", excerpt(type, shown), nearest);

        list_names(&known, types, " or ");
        return check_error(c, "spec.type", "is \"%s\", which is no type of provider; write %s", excerpt(type, shown),
                           buf_text(&known));
}

/* Keeps the endpoint without a slash at its end, as the codecs take it. */
static int check_endpoint(const struct checker *c, struct provider_spec *p)
{
        struct endpoint endpoint;
        struct error e;
        size_t n;
        int r;

        if (!check_can(c, "spec.endpoint"))
                return 0;

        r = endpoint_parse(p->endpoint, &endpoint, &e);
        if (r == -EINVAL)
                return check_error(c, "spec.endpoint", "%s", e.text);
        if (r < 0)
                return r;

        n = strlen(p->endpoint);
        while (p->endpoint[n - 1] == '/')
                n--;
        p->endpoint = strpool_addn(c->estate->strings, p->endpoint, n);
        if (!p->endpoint)
                return -ENOMEM;
        if (endpoint.encrypted || endpoint.loopback)
                return 0;

        return check_warning(c, "spec.endpoint",
                             "is not encrypted: whoever is on the way can read the secret; write https://");
}

static int check_token(const struct checker *c, const char *type, const struct auth_spec *auth)
{
        if (auth && (auth->token_env || auth->token_file))
                return 0;
        if (!draft_is_sound(c->draft, "spec.auth") || !draft_is_sound(c->draft, "spec.auth.tokenEnv") ||
            !draft_is_sound(c->draft, "spec.auth.tokenFile"))
                return 0;

        return check_error(c, "spec.auth", "has no token; write tokenEnv or tokenFile, %s needs one of them", type);
}

static int check_login(const struct checker *c, const char *type, const struct auth_spec *auth)
{
        static const char *const members[] = { "spec.auth.login", "spec.auth.passwordEnv", "spec.auth.passwordFile" };

        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (!draft_is_sound(c->draft, members[i]))
                        return 0;
        if (!draft_is_sound(c->draft, "spec.auth"))
                return 0;
        if (!auth || !auth->login)
                return check_error(c, "spec.auth", "has no login; write login, %s needs it", type);
        if (!auth->password_env && !auth->password_file)
                return check_error(c, "spec.auth",
                                   "has no password; write passwordEnv or passwordFile, %s needs one of them", type);

        return 0;
}

static int refuse_members(const struct checker *c, const char *const *paths, size_t n, const char *type)
{
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++)
                if (check_can(c, paths[i]))
                        r = check_error(c, paths[i], "is nothing that %s has; leave it out", type);

        return r;
}

/* What of `auth` a type has no use for would be believed to protect something. */
static int check_auth(const struct checker *c, const struct provider *provider, const struct pairs *options,
                      const struct auth_spec *auth)
{
        static const char *const of_login[] = { "spec.auth.login", "spec.auth.passwordEnv", "spec.auth.passwordFile" };

        static const char *const of_token[] = { "spec.auth.tokenEnv", "spec.auth.tokenFile" };
        int r;

        if (provider_auth(provider, options) == AUTH_NONE) {
                if (!draft_has(c->draft, "spec.auth"))
                        return 0;
                return check_error(c, "spec.auth", "is nothing that %s has%s%s%s%s; leave it out", provider->type,
                                   provider->auth_option ? " unless its option " : "",
                                   provider->auth_option ? provider->auth_option : "",
                                   provider->auth_option ? " is " : "",
                                   provider->auth_value ? provider->auth_value : "");
        }
        if (provider_auth(provider, options) == AUTH_LOGIN) {
                r = refuse_members(c, of_token, ARRAY_SIZE(of_token), provider->type);
                return r < 0 ? r : check_login(c, provider->type, auth);
        }

        r = refuse_members(c, of_login, ARRAY_SIZE(of_login), provider->type);
        return r < 0 ? r : check_token(c, provider->type, auth);
}

/* More options than any type of provider has. */
#define OPTIONS_MAX 16

/* The value of an option that the type has. */
static int check_option_value(const struct checker *c, const char *path, const struct provider_option *option,
                              const char *value)
{
        _cleanup_buf_ struct buf words = BUF_INIT(1024);

        if (!*value || has_control_characters(value))
                return check_error(c, path, "is empty or holds a control character; write text");
        if (!option->words || is_listed(option->words, value))
                return 0;
        list_names(&words, option->words, " or ");
        return check_error(c, path, "is none of its values; write %s", buf_text(&words));
}

static int check_option(const struct checker *c, const struct provider *provider, const struct pair *option)
{
        _cleanup_buf_ struct buf path = BUF_INIT(EXCERPT_MAX + 16), known = BUF_INIT(1024);
        const char *names[OPTIONS_MAX + 1] = { NULL }, *nearest;
        size_t n = 0;

        if (buf_addf(&path, "spec.options.%s", option->key) == -ENOMEM)
                return -ENOMEM;
        for (const struct provider_option *o = provider->options; o->name && n < OPTIONS_MAX; o++) {
                if (text_equal(o->name, option->key))
                        return check_option_value(c, buf_text(&path), o, option->value);
                names[n++] = o->name;
        }

        nearest = text_nearest(option->key, names, n);
        if (nearest)
                return check_error(c, buf_text(&path), "is unknown; did you mean %s?", nearest);
        if (n == 0)
                return check_error(c, buf_text(&path), "is unknown; leave it out, %s has no options", provider->type);

        list_names(&known, names, ", ");
        return check_error(c, buf_text(&path), "is unknown; write one of %s", buf_text(&known));
}

static int check_concurrency(const struct checker *c, const struct provider *provider, int64_t concurrency)
{
        if (!provider->most_in_flight || !check_can(c, "spec.concurrency") || concurrency <= provider->most_in_flight)
                return 0;

        return check_error(c, "spec.concurrency",
                           "is %" PRId64 ", and %s can bear no more than %u requests at once; write %u or less",
                           concurrency, provider->type, provider->most_in_flight, provider->most_in_flight);
}

int check_provider(const struct checker *c)
{
        struct provider_spec *p = c->draft->resource->provider;
        const struct provider *provider = NULL;
        int r = check_endpoint(c, p);

        if (r == 0 && p->tls && p->tls->insecure)
                r = check_warning(c, "spec.tls.insecure",
                                  "lets anyone answer in the provider's name; write a caFile instead");
        if (r < 0 || !check_can(c, "spec.type"))
                return r;

        provider = c->options->provider_find(p->type);
        if (!provider)
                return tell_type(c, p->type);

        r = check_auth(c, provider, &p->options, p->auth);
        for (size_t i = 0; i < p->options.n && r == 0; i++)
                r = check_option(c, provider, &p->options.items[i]);

        return r < 0 ? r : check_concurrency(c, provider, p->concurrency);
}
