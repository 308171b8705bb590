/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/text.h"

/*
 * The simulated service: its routes. What it does where the document is silent stands beside the calls.
 *
 * With quirks, as the notes say: `result`, `dataCount`, states and sizes are numbers, truths are booleans, keys carry the
 * document's stray blanks, a listing without rows is "", null or nothing at all, a row that is alone comes without its list, and Base64
 * comes in lines and without padding.
 */

static const char *const variants[] = { "page", "offset1", "offset0", "ignored", NULL };

static const struct plain_route routes[] = {
        { METHOD_POST, "cloudvm/search", "list", sim_serve_machines },
        { METHOD_POST, "cloudvm/create", "create", sim_serve_machine_create },
        { METHOD_PUT, "cloudvm/start", "start", sim_serve_start },
        { METHOD_PUT, "cloudvm/shutdown", "shutdown", sim_serve_shutdown },
        { METHOD_PUT, "cloudvm/destroy", "poweroff", sim_serve_power_off },
        { METHOD_PUT, "cloudvm/cpu/modify", "cpu", sim_serve_cpu },
        { METHOD_PUT, "cloudvm/mem/modify", "memory", sim_serve_memory },
        { METHOD_PUT, "cloudvm/modify", "rename", sim_serve_modify },
        { METHOD_GET, "cloudvm/*", "get", sim_serve_machine },
        { METHOD_DELETE, "cloudvm/*", "delete", sim_serve_machine_delete },

        { METHOD_POST, "cloudvm/vdisk/search", "disk-list", sim_serve_disks },
        { METHOD_POST, "cloudvm/vdisk/add", "disk", sim_serve_disk_add },
        { METHOD_PUT, "cloudvm/vdisk/extend", "disk-resize", sim_serve_disk_extend },
        { METHOD_DELETE, "cloudvm/vdisk/*", "disk-delete", sim_serve_disk_delete },
        { METHOD_POST, "cloudvm/vnic/search", "card-list", sim_serve_cards },
        { METHOD_POST, "cloudvm/vnic/add", "card", sim_serve_card_add },

        { METHOD_POST, "cloudsegroup/search", "group-list", sim_serve_groups },
        { METHOD_POST, "cloudsegroup/create", "group", sim_serve_group_create },
        { METHOD_DELETE, "cloudsegroup/*", "group-delete", sim_serve_group_delete },
        { METHOD_POST, "cloudsegroup/vnic/bind", "bind", sim_serve_bind },
        { METHOD_POST, "cloudsegroup/vnic/unbind", "unbind", sim_serve_unbind },
        { METHOD_POST, "cloudsegroup /vnic/unbind", "unbind", sim_serve_unbind }, /* as it is printed */
        { METHOD_POST, "cloudsegroup/vnic/search", "binding-list", sim_serve_bindings },
        { METHOD_POST, "cloudsegroup/rule/search", "rule-list", sim_serve_rules },
        { METHOD_POST, "cloudsegroup/rule/add", "rule", sim_serve_rule_add },
        { METHOD_DELETE, "cloudsegroup/rule/*", "rule-delete", sim_serve_rule_delete },
        { METHOD_POST, "cloudsegroup/rule/vm", "rule-list", sim_serve_machine_rules },
        { METHOD_POST, "cloudsegroup/retryrule/search", "retry-list", sim_serve_retries },
        { METHOD_PUT, "cloudsegroup/retryrule/reset", "retry", sim_serve_retry_reset },

        { METHOD_POST, "cloudslb/search", "balancer-list", sim_serve_balancers },
        { METHOD_POST, "cloudslb/add", "balancer", sim_serve_balancer_add },
        { METHOD_PUT, "cloudslb/modify", "balancer-change", sim_serve_balancer_modify },
        { METHOD_PUT, "cloud slb/modify", "balancer-change", sim_serve_balancer_modify }, /* as it is printed */
        { METHOD_DELETE, "cloudslb/*", "balancer-delete", sim_serve_balancer_delete },
        { METHOD_POST, "cloudslb/start", "balancer-start", sim_serve_balancer_start },
        { METHOD_POST, "cloudslb/stop", "balancer-stop", sim_serve_balancer_stop },
        { METHOD_PUT, "cloudslb/https/cert/conf", "certificate", sim_serve_certificate },
        { METHOD_POST, "cloudslb/realnode/search", "backend-list", sim_serve_backends },
        { METHOD_POST, "cloudslb/realnode/add", "backend", sim_serve_backend_add },
        { METHOD_PUT, "cloudslb/realnode/modify", "backend-change", sim_serve_backend_modify },
        { METHOD_DELETE, "cloudslb/realnode/*", "backend-delete", sim_serve_backend_delete },

        { METHOD_POST, "resourcequota/search", "lookup", sim_serve_pool },
        { METHOD_POST, "resourcequota/usableQuota", "lookup", sim_serve_usable_quota },
        { METHOD_PUT, "resourcequota/modify", "quota", sim_serve_quota_modify },

        { METHOD_POST, "cloudnetwork/vpc/search", "network-list", sim_serve_networks },
        { METHOD_POST, "cloudnetwork/vpc/create", "network", sim_serve_network_create },
        { METHOD_PUT, "cloudnetwork/vpc/modify", "network-change", sim_serve_network_modify },
        { METHOD_POST, "cloudnetwork/vpc/delete", "network-delete", sim_serve_network_delete },
        { METHOD_POST, "cloudnetwork/netgate", "gate", sim_serve_gate },
        { METHOD_POST, "cloudnetwork/sharenet/connect", "mapping", sim_serve_connect },
        { METHOD_POST, "cloudnetwork/sharenet/search", "mapping-list", sim_serve_shared },
        { METHOD_POST, "cloudnetwork/portMapping/create", "mapping", sim_serve_port_mapping },
        { METHOD_DELETE, "cloudnetwork/ipmapping/*", "mapping-delete", sim_serve_mapping_delete },
        { METHOD_POST, "cloudnetwork/acessrule/search", "acl-list", sim_serve_acls },
        { METHOD_POST, "cloudnetwork/acessrule/add", "acl", sim_serve_acl_add },
        { METHOD_DELETE, "cloudnetwork/acessrule/*", "acl-delete", sim_serve_acl_delete },
        { METHOD_POST, "vroute/create", "router", sim_serve_router_create },
        { METHOD_POST, "vroute/vpcAdd", "router-join", sim_serve_router_join },
        { METHOD_POST, "vroute/vpcDelete", "router-leave", sim_serve_router_leave },
        { METHOD_GET, "vroute/*", "lookup", sim_serve_router },
        { METHOD_POST, "vroute/Mapping/search", "mapping-list", sim_serve_mappings },

        { METHOD_GET, "cloudvm/backup/*", "backup-list", sim_serve_backups },
        { METHOD_POST, "cloudvm/backup/create", "backup", sim_serve_backup_create },
        { METHOD_DELETE, "cloudvm/backup/*", "backup-delete", sim_serve_backup_delete },
        { METHOD_PUT, "cloudvm/backup/restore", "backup-restore", sim_serve_backup_restore },
        { METHOD_PUT, "cloudvm/backup/modify", "backup-change", sim_serve_backup_modify },
        { METHOD_GET, "cloudvm/snapshot/*", "snapshot-list", sim_serve_snapshots },
        { METHOD_POST, "cloudvm/snapshot/create", "snapshot", sim_serve_snapshot_create },
        { METHOD_DELETE, "cloudvm/snapshot/*", "snapshot-delete", sim_serve_snapshot_delete },
        { METHOD_PUT, "cloudvm/snapshot/restore", "snapshot-restore", sim_serve_snapshot_restore },
        { METHOD_PUT, "cloudvm/snapshot/modify", "snapshot-change", sim_serve_snapshot_modify },
        {},
};

/* What a call is about, the nearest first; and of creates what their maker finds the thing by. */
static const char *const subjects[] = {
        "vm.id",
        "vm.name",
        "vdisk.id",
        "vdisk.desc",
        "vdisk.vmid",
        "vnic.vmid",
        "securitygroup.id",
        "securitygroup.name",
        "aclrule.securitygroupid",
        "slb.id",
        "slb.name",
        "realnode.id",
        "realnode.slbid",
        "tenant.id",
        "tenantId",
        "vpc.id",
        "vpc.name",
        "portgroup.id",
        "innerIp",
        "vm.ip",
        "vroute.name",
        "backup.id",
        "backup.name",
        "snapshot.id",
        "snapshot.name",
};

static const char *class_of(const struct plain_call *c)
{
        return c->route ? c->route->class : "other";
}

static const char *classify(struct simulation *s, const struct request *rq)
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .rq = rq };

        return sim_hear(&c, routes) < 0 ? "other" : class_of(&c);
}

static void subject(struct simulation *s, const struct request *rq, char ret[static SIMULATOR_SUBJECT_MAX])
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .rq = rq };
        const char *text = "";

        if (sim_hear(&c, routes) == 0 && c.captures[0])
                text = c.captures[0];
        for (size_t i = 0; !*text && i < ARRAY_SIZE(subjects); i++)
                text = sim_text(&c, subjects[i]);
        (void)snprintf(ret, SIMULATOR_SUBJECT_MAX, "%s", text);
}

static int carry_out(struct plain_call *c)
{
        const char *token = request_header(c->rq, "KEY_TOKEN");

        if (c->how == PRETEND_BAD_TOKEN || (c->s->token && !text_equal(token, c->s->token)))
                return sim_say_bad_token(c);
        if (c->how == PRETEND_REFUSAL)
                return sim_say_no(c, "the platform cannot do this at the moment");
        if (c->bad_body)
                return sim_say_no(c, "KEY_PARAM is not JSON in Base64");
        return c->route->serve(c);
}

static int serve(struct simulation *s, usec_t now, const struct request *rq, enum pretence how, struct reply *ret,
                 const char **ret_class)
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .now = now, .how = how, .rq = rq };
        int r;

        sim_settle(s, now);
        r = sim_hear(&c, routes);
        if (r < 0)
                return r;
        *ret_class = class_of(&c);
        r = c.route ? carry_out(&c) : plain_call_page(&c, 404, "Not Found");
        return r < 0 ? r : sim_reply(&c, ret);
}

static struct simulation *sim_free(struct simulation *s)
{
        if (!s)
                return NULL;

        sim_items_done(s);
        free(s->token);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(struct simulation *, sim_free)

static int paging_parse(const char *variant, enum sim_paging *ret, struct error *e)
{
        for (size_t i = 0; variants[i]; i++)
                if (!variant || text_equal(variants[i], variant)) {
                        *ret = (enum sim_paging)i;
                        return 0;
                }
        return error_set(e, -EINVAL,
                         "starvcenter's simulator has no variant \"%s\"; it has page, offset1, offset0, ignored",
                         variant);
}

/* The machines that somebody else made before. */
static int add_first_machines(struct simulation *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct sim_form form = { .model = "standard", .network = "pg-1", .cpu = 2, .memory = 4096 };
                struct sim_machine *m;
                char name[32];

                (void)snprintf(name, sizeof(name), "elder-%zu", i);
                form.name = name;
                m = sim_machine_add(s, 0, &form);
                if (!m)
                        return -ENOMEM;
                sim_machine_set_state(m, SIM_RUNNING);
        }
        return 0;
}

static int sim_new(const struct simulator_options *options, struct simulation **ret, struct error *e)
{
        _cleanup_(sim_free_p) struct simulation *s = calloc(1, sizeof(*s));
        struct sim_tenant *tenant;
        int r;

        if (!s)
                return error_oom(e);
        s->ready_delay = options->ready_delay;
        s->quirks = options->quirks;
        s->next_task = 1;
        s->pool = (struct sim_quota){ SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH };
        sim_items_done(s); /* the tables begin */
        r = paging_parse(options->variant, &s->paging, e);
        if (r < 0)
                return r;
        if (options->token && !(s->token = strdup(options->token)))
                return error_oom(e);
        if (sim_tenant_add(s, 0, SIM_TENANT, &tenant) < 0 || add_first_machines(s, options->machines) < 0)
                return error_oom(e);
        *ret = STEAL(s);
        return 0;
}

const struct simulator starvcenter_simulator = {
        .type = "starvcenter",
        .base_path = SIM_BASE_PATH,
        .variants = variants,
        .new = sim_new,
        .free = sim_free,
        .serve = serve,
        .classify = classify,
        .subject = subject,
        .console = sim_console,
        .save = sim_save,
        .load = sim_load,
};
