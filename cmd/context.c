/* SPDX-License-Identifier: MIT */
#include "cmd/context.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "cmd/specs.h"
#include "reconcile/base/text.h"

#define PATH_BYTES_MAX 4096

/* The first of these that is set says where state lives. systemd may give several folders, with colons between. */
static int default_state(char **ret, struct error *e)
{
        static const struct {
                const char *variable, *below;
        } places[] = {
                { "STATE_DIRECTORY", "/muster.db" },
                { "XDG_STATE_HOME", "/muster/muster.db" },
                { "HOME", "/.local/state/muster/muster.db" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                _cleanup_buf_ struct buf path = BUF_INIT(PATH_BYTES_MAX);
                const char *folder = getenv(places[i].variable);

                if (!folder || folder[0] != '/')
                        continue;
                (void)buf_add(&path, folder, i == 0 ? strcspn(folder, ":") : strlen(folder));
                (void)buf_adds(&path, places[i].below);
                *ret = buf_steal(&path);
                return *ret ? 0 : error_oom(e);
        }

        return error_set(e, -ENOENT,
                         "there is no place for the ledger, because STATE_DIRECTORY, XDG_STATE_HOME and HOME name no "
                         "folder: name its file with --state FILE");
}

int context_init(struct context *c, const struct options *o, struct error *e)
{
        *c = (struct context){ .options = o };
        if (!o->state)
                return default_state(&c->state, e);

        c->state = strdup(o->state);
        return c->state ? 0 : error_oom(e);
}

/* In the order of who points to whom. */
void context_done(struct context *c)
{
        runner_free(c->runner);
        loop_free(c->loop);
        ledger_free(c->ledger);
        ledger_unlock(c->lock);
        selection_done(&c->selection);
        estate_free(c->estate);
        free(c->state);
        *c = (struct context){ 0 };
}

int context_read_specs(struct context *c, struct error *e)
{
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        int r;

        r = specs_read(c->options, &c->estate, &d);
        specs_tell(&d);
        if (r == -ENOMEM)
                return error_oom(e);
        if (r < 0)
                return error_set(e, r, "the specs hold %zu error%s; nothing was done", d.errors,
                                 d.errors == 1 ? "" : "s");

        return 0;
}

int context_select(struct context *c, struct error *e)
{
        return selection_make(c->options, c->estate, &c->selection, e);
}

int context_require_ledger(const struct context *c, struct error *e)
{
        struct stat st;

        if (stat(c->state, &st) >= 0)
                return 0;
        if (errno != ENOENT)
                return error_errno(e, "the ledger %s cannot be reached", c->state);

        return error_set(
                e, -ENOENT,
                "there is no ledger at %s: 'muster init' makes one (a lost ledger must not mean a second fleet, so "
                "nothing is done without)",
                c->state);
}

int context_lock(struct context *c, struct error *e)
{
        return ledger_lock(c->state, c->options->command, &c->lock, e);
}

int context_check_estate(const struct context *c, const struct estate *estate, struct error *e)
{
        if (text_equal(c->ledger->estate, estate->name))
                return 0;

        return error_set(
                e, -EINVAL,
                "the ledger %s is of the estate \"%s\", these specs are of \"%s\": give another ledger with --state, "
                "or give the Policy the estate's name",
                c->state, c->ledger->estate, estate->name);
}

int context_open_ledger(struct context *c, enum ledger_mode mode, struct error *e)
{
        int r;

        c->ledger = ledger_free(c->ledger);
        r = ledger_open(c->state, mode, c->estate ? c->estate->name : NULL, &c->ledger, e);
        if (r == -ENOENT) {
                struct error why = *e;

                return error_set(e, r, "%s: 'muster init' makes one", why.text);
        }
        if (r < 0)
                return r;

        return c->estate ? context_check_estate(c, c->estate, e) : 0;
}

int context_read_ledger(struct context *c, struct error *e)
{
        int r;

        r = context_open_ledger(c, LEDGER_READ, e);
        if (r != -ENOENT)
                return r;

        r = ledger_new_empty(&c->ledger);
        return r < 0 ? error_oom(e) : 0;
}

/* A provider that was renamed is known by what it was called before, until the engine renames what it owns. */
static bool names_provider(const struct estate *estate, const char *account)
{
        if (estate_find(estate, &kind_provider, account))
                return true;
        for (size_t i = 0; i < estate->n_resources; i++)
                if (estate->resources[i]->kind == &kind_provider && text_equal(estate->resources[i]->formerly, account))
                        return true;
        return false;
}

const char *context_lost_provider(const struct context *c, const struct estate *estate, struct error *e)
{
        const char *known = NULL;

        for (size_t i = 0; i < c->ledger->n_things; i++) {
                const struct thing *t = c->ledger->things[i];

                if (t->state == THING_GONE || t->state == THING_RELEASED || text_equal(known, t->account))
                        continue;
                if (!names_provider(estate, t->account)) {
                        (void)error_set(
                                e, -EINVAL,
                                "the ledger owns machines on the provider %s (%s of %s is one), and no spec names "
                                "that provider any more: write it back; to be rid of it, let its machines be deleted "
                                "or forgotten first",
                                t->account, t->slot, t->resource);
                        return t->account;
                }
                known = t->account;
        }

        return NULL;
}

static bool selects(void *userdata, const struct resource *r)
{
        const struct context *c = userdata;

        return selection_has(&c->selection, r);
}

static bool approves(void *userdata, const struct plan *p, const struct action *a)
{
        const struct context *c = userdata;

        return !c->approved || saved_plan_approves(c->approved, p, a);
}

int context_start(struct context *c, struct runner_options *options, struct error *e)
{
        int r;

        options->engine.max_deletes = c->options->max_deletes;
        options->engine.provider_find = specs_codec;
        options->engine.selects = c->selection.given ? selects : NULL;
        options->engine.approves = approves;
        options->engine.filter_userdata = c;
        if (getrandom(&options->engine.seed, sizeof(options->engine.seed), 0) < 0)
                return error_errno(e, "the kernel gives no random bytes");

        r = c->loop ? 0 : loop_new(&c->loop, e);
        if (r >= 0)
                r = runner_new(c->loop, c->ledger, options, &c->runner, e);
        if (r >= 0)
                r = runner_set_estate(c->runner, c->estate, e);

        return r;
}
