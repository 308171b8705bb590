/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/jimv.h"
#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * Both eras, by their routes. Era 2017 has a document; where that is silent about disks, and for all of era 0.8,
 * this is what its notes say, with quirks or without.
 *
 * Quirks are how the real servers answer: JSON that is called text/html; pages of HTML for a status of 400, 405
 * and 500 and for unknown paths; sizes that nobody checks; in era 2017, a name that is taken makes a guest with a
 * random one, and so do all but the first of several; in era 0.8, a missing host makes the listing fail. Without
 * quirks there are refusals instead.
 *
 * Left out: that more than 8 calls in flight make a 500, since a simulator is not told how many there are.
 */

#define RANDOM_SEED 0x9E3779B97F4A7C15
#define FREE_ADDRESSES 200000
#define FIRST_NODE 1234567890123451

static const char *const variants[] = { "2017", "0.8", NULL };

static const struct plain_route routes_2017[] = {
        { METHOD_GET, "api/guests", "list", jimv_sim_serve_guests },
        { METHOD_GET, "api/guests/_search", "list", jimv_sim_serve_guest_search },
        { METHOD_POST, "api/guest", "create", jimv_sim_serve_guest_create },
        { METHOD_GET, "api/guest/*", "get", jimv_sim_serve_guest },
        { METHOD_PATCH, "api/guest/*", "rename", jimv_sim_serve_guest_update },
        { METHOD_DELETE, "api/guests/*", "delete", jimv_sim_serve_guest_delete },
        { METHOD_PUT, "api/guests/_boot/*", "start", jimv_sim_serve_boot },
        { METHOD_PUT, "api/guests/_shutdown/*", "shutdown", jimv_sim_serve_shutdown },
        { METHOD_PUT, "api/guests/_force_shutdown/*", "poweroff", jimv_sim_serve_force_shutdown },
        { METHOD_PUT, "api/guests/_reboot/*", "reboot", jimv_sim_serve_reboot },
        { METHOD_PUT, "api/guests/_suspend/*", "other", jimv_sim_serve_suspend },
        { METHOD_PUT, "api/guests/_resume/*", "other", jimv_sim_serve_resume },
        { METHOD_PUT, "api/guest/_attach_disk/*/*", "disk-attach", jimv_sim_serve_attach },
        { METHOD_PUT, "api/guest/_detach_disk/*", "disk-detach", jimv_sim_serve_detach },
        { METHOD_GET, "api/disks", "disk-list", jimv_sim_serve_disks },
        { METHOD_GET, "api/disks/_search", "disk-list", jimv_sim_serve_disk_search },
        { METHOD_POST, "api/disk", "disk", jimv_sim_serve_disk_create },
        { METHOD_PATCH, "api/disk/*", "disk-label", jimv_sim_serve_disk_update },
        { METHOD_DELETE, "api/disk/*", "disk-delete", jimv_sim_serve_disk_delete },
        { METHOD_PUT, "api/disk/_disk_resize/*/*", "disk-resize", jimv_sim_serve_disk_resize },
        {},
};

static const struct plain_route routes_0_8[] = {
        { METHOD_GET, "login", "login", jimv_sim_serve_login },
        { METHOD_POST, "api/user/_sign_in", "login", jimv_sim_serve_sign_in },
        { METHOD_GET, "api/user/_sign_out", "other", jimv_sim_serve_sign_out },
        { METHOD_GET, "api/hosts", "lookup", jimv_sim_serve_hosts },
        { METHOD_GET, "api/guests", "list", jimv_sim_serve_guests },
        { METHOD_GET, "api/guests/_search", "list", jimv_sim_serve_guest_search },
        { METHOD_POST, "api/guest", "create", jimv_sim_serve_guest_create },
        { METHOD_GET, "api/guests/*", "get", jimv_sim_serve_guest },
        { METHOD_PATCH, "api/guests/*", "rename", jimv_sim_serve_guest_update },
        { METHOD_DELETE, "api/guests/*", "delete", jimv_sim_serve_guest_delete },
        { METHOD_PUT, "api/guests/_boot/*", "start", jimv_sim_serve_boot },
        { METHOD_PUT, "api/guests/_shutdown/*", "shutdown", jimv_sim_serve_shutdown },
        { METHOD_PUT, "api/guests/_force_shutdown/*", "poweroff", jimv_sim_serve_force_shutdown },
        { METHOD_PUT, "api/guests/_reboot/*", "reboot", jimv_sim_serve_reboot },
        { METHOD_PUT, "api/guests/_suspend/*", "other", jimv_sim_serve_suspend },
        { METHOD_PUT, "api/guests/_resume/*", "other", jimv_sim_serve_resume },
        { METHOD_PUT, "api/guests/_adjust_ability/*/*/*", "cpu", jimv_sim_serve_adjust },
        { METHOD_PUT, "api/guest/_attach_disk/*/*", "disk-attach", jimv_sim_serve_attach },
        { METHOD_PUT, "api/guest/_detach_disk/*", "disk-detach", jimv_sim_serve_detach },
        { METHOD_GET, "api/disks", "disk-list", jimv_sim_serve_disks },
        { METHOD_GET, "api/disks/_search", "disk-list", jimv_sim_serve_disk_search },
        { METHOD_POST, "api/disk", "disk", jimv_sim_serve_disk_create },
        { METHOD_GET, "api/disks/*", "lookup", jimv_sim_serve_disk },
        { METHOD_PATCH, "api/disks/*", "disk-label", jimv_sim_serve_disk_update },
        { METHOD_DELETE, "api/disks/*", "disk-delete", jimv_sim_serve_disk_delete },
        { METHOD_PUT, "api/disk/_disk_resize/*/*", "disk-resize", jimv_sim_serve_disk_resize },
        {},
};

static const struct plain_route *routes_of(const struct simulation *s)
{
        return s->era == ERA_2017 ? routes_2017 : routes_0_8;
}

static const char *class_of(const struct plain_call *c)
{
        return c->route ? c->route->class : "other";
}

static const char *classify(struct simulation *s, const struct request *rq)
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .rq = rq };

        return plain_call_open(&c, "", routes_of(s)) < 0 ? "other" : class_of(&c);
}

/* Of a create, what its maker finds the guest by: the name, in era 0.8 the remark. */
static void subject(struct simulation *s, const struct request *rq, char ret[static SIMULATOR_SUBJECT_MAX])
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .rq = rq };
        const char *text = "";

        if (plain_call_open(&c, "", routes_of(s)) == 0 && c.route)
                text = c.captures[0] ? c.captures[0] : plain_call_text(&c, s->era == ERA_2017 ? "name" : "remark");
        (void)snprintf(ret, SIMULATOR_SUBJECT_MAX, "%s", text);
}

/* What is refused for whatever is asked. */
static int pretend_to(struct plain_call *c)
{
        if (c->how == PRETEND_REFUSAL)
                return jimv_sim_no(c, text_equal(c->route->class, "create") ? 41203 : 41259, NULL);
        return c->s->era == ERA_0_8 ? jimv_sim_redirect(c, "/login") : jimv_sim_no(c, 40101, NULL);
}

static bool needs_session(const struct plain_call *c)
{
        return c->s->era == ERA_0_8 && !text_equal(c->route->class, "login");
}

static int carry_out(struct plain_call *c)
{
        if (!c->route)
                return jimv_sim_page(c, c->known_path ? 405 : 404);
        if (needs_session(c) && !jimv_sim_session_is_open(c))
                return jimv_sim_redirect(c, "/login");
        if (c->how == PRETEND_REFUSAL || (c->how == PRETEND_BAD_TOKEN && c->route->serve != jimv_sim_serve_sign_in))
                return pretend_to(c);
        return c->bad_body ? jimv_sim_page(c, 400) : c->route->serve(c);
}

static int serve(struct simulation *s, usec_t now, const struct request *rq, enum pretence how, struct reply *ret,
                 const char **ret_class)
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .now = now, .how = how, .rq = rq };
        int r;

        jimv_sim_settle(s, now);
        r = plain_call_open(&c, "", routes_of(s));
        if (r == 0 && s->era == ERA_0_8)
                r = jimv_sim_set_cookie(&c);
        if (r < 0)
                return r;
        jimv_sim_hear(&c);
        *ret_class = class_of(&c);
        r = carry_out(&c);
        return r < 0 ? r : jimv_sim_reply(&c, ret);
}

static struct simulation *sim_free(struct simulation *s)
{
        if (!s)
                return NULL;

        jimv_sim_messages_done(s);
        jimv_sim_sessions_done(s);
        jimv_sim_guests_done(s);
        jimv_sim_disks_done(s);
        free(s->password);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(struct simulation *, sim_free)

static int era_parse(const char *variant, enum era *ret, struct error *e)
{
        for (size_t i = 0; variants[i]; i++)
                if (!variant || text_equal(variants[i], variant)) {
                        *ret = (enum era)i;
                        return 0;
                }
        return error_set(e, -EINVAL, "jimv's simulator has no variant \"%s\"; it has the eras 2017 and 0.8", variant);
}

/* The guests that somebody else made before. */
static int add_first_guests(struct simulation *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct guest_form form = { .cpu = 2, .memory = 4, .template = 1 };
                struct guest *g;
                char name[32];

                (void)snprintf(name, sizeof(name), "elder-%zu", i);
                form.remark = name;
                form.name = s->era == ERA_2017 ? name : NULL;
                form.node_id = s->hosts[i % HOSTS].node_id;
                if (jimv_sim_guest_add(s, 0, &form, &g) < 0)
                        return -ENOMEM;
                jimv_sim_guest_made(s, g, jimv_sim_status(s, RUNNING));
        }
        return 0;
}

static int sim_new(const struct simulator_options *options, struct simulation **ret, struct error *e)
{
        _cleanup_(sim_free_p) struct simulation *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_oom(e);
        s->ready_delay = options->ready_delay;
        s->quirks = options->quirks;
        s->random = RANDOM_SEED;
        s->guests.next_serial = s->disks.next_serial = 1;
        s->free_addresses = FREE_ADDRESSES + (int64_t)options->machines;
        s->hosts[0] = (struct host){ .name = "kvm-1", .node_id = FIRST_NODE };
        s->hosts[1] = (struct host){ .name = "kvm-2", .node_id = FIRST_NODE + 1 };
        r = era_parse(options->variant, &s->era, e);
        if (r < 0)
                return r;
        if (options->token && !(s->password = strdup(options->token)))
                return error_oom(e);
        if (add_first_guests(s, options->machines) < 0)
                return error_oom(e);
        *ret = STEAL(s);
        return 0;
}

const struct simulator jimv_simulator = {
        .type = "jimv",
        .base_path = "",
        .variants = variants,
        .new = sim_new,
        .free = sim_free,
        .serve = serve,
        .classify = classify,
        .subject = subject,
        .console = jimv_sim_console,
        .save = jimv_sim_save,
        .load = jimv_sim_load,
};
