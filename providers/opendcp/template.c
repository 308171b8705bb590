/* SPDX-License-Identifier: MIT */
#include "providers/opendcp/template.h"

#include <errno.h>
#include <inttypes.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define GIBIBYTE ((int64_t)1 << 30)
#define NUMBER_MAX INT32_MAX
#define ALIYUN_DISKS_MAX 4
#define ALIYUN_BANDWIDTH_MAX 100

static const struct template_network no_network = {
        .vpc = "", .subnet = "", .security_group = "", .charge_type = "PayByBandwidth"
};
static const struct template_disks no_disks = { .category = "" };
static const struct machine_template nothing_said = {
        .description = "",
        .cloud = "",
        .account = "",
        .instance_type = "",
        .image = "",
        .region = "",
        .zone = "",
        .system_disk = "",
        .key_name = "",
        .post_script = "",
};

/* What each sort of disk may have on aliyun, in GiB. */
static const struct {
        const char *category;
        int64_t min, max;
} aliyun_disks[] = {
        { "cloud", 5, 2000 },
        { "cloud_efficiency", 20, 32768 },
        { "cloud_ssd", 20, 32768 },
        { "ephemeral_ssd", 5, 800 },
};

static const struct template_network *network_of(const struct machine_template *template)
{
        return template->network ? template->network : &no_network;
}

static const struct template_disks *disks_of(const struct machine_template *template)
{
        return template->data_disks ? template->data_disks : &no_disks;
}

static int check_number(const char *field, int64_t number, int64_t min, struct error *e)
{
        return number < min || number > NUMBER_MAX
                       ? error_set(e, -EINVAL, "%s is %" PRId64 ": write %" PRId64 " or more", field, number, min)
                       : 0;
}

static int check_size(const char *field, int64_t bytes, int64_t min, struct error *e)
{
        return bytes % GIBIBYTE != 0 ? error_set(e, -EINVAL, "%s must be whole GiB", field)
                                     : check_number(field, bytes / GIBIBYTE, min, e);
}

/* The size counts even where there are no disks of it. */
static int check_aliyun_disks(const struct template_disks *disks, struct error *e)
{
        if (disks->count > ALIYUN_DISKS_MAX)
                return error_set(e, -EINVAL, "dataDisks.count is %" PRId64 ", and aliyun takes at most %d",
                                 disks->count, ALIYUN_DISKS_MAX);
        for (size_t i = 0; i < ARRAY_SIZE(aliyun_disks); i++)
                if (text_equal(aliyun_disks[i].category, disks->category) &&
                    (disks->size < aliyun_disks[i].min * GIBIBYTE || disks->size > aliyun_disks[i].max * GIBIBYTE))
                        return error_set(e, -EINVAL,
                                         "dataDisks.size is %" PRId64 "GiB, and on aliyun disks of the category %s "
                                         "have %" PRId64 "GiB to %" PRId64 "GiB",
                                         disks->size / GIBIBYTE, disks->category, aliyun_disks[i].min,
                                         aliyun_disks[i].max);
        return 0;
}

/* What aliyun is known to refuse is said before it is sent, by the name that it has in the spec. */
static int check_aliyun(const struct machine_template *template, struct error *e)
{
        const struct template_network *network = network_of(template);

        if (!*template->account)
                return error_set(e, -EINVAL, "account is missing: on aliyun it is the key id of the cloud account");
        if (network->bandwidth > ALIYUN_BANDWIDTH_MAX)
                return error_set(e, -EINVAL, "network.bandwidth is %" PRId64 ", and aliyun takes at most %d",
                                 network->bandwidth, ALIYUN_BANDWIDTH_MAX);
        if (text_equal(network->charge_type, "PayByTraffic") && network->bandwidth < 1)
                return error_set(e, -EINVAL, "network.bandwidth is 0, and with PayByTraffic it is at least 1");
        return check_aliyun_disks(disks_of(template), e);
}

int opendcp_template_check(const struct machine_template *template, struct error *e)
{
        const struct template_network *network = network_of(template);
        const struct template_disks *disks = disks_of(template);
        int r;

        if ((r = check_number("cpu", template->cpu, 1, e)) < 0 ||
            (r = check_size("memory", template->memory, 1, e)) < 0 ||
            (r = check_number("network.bandwidth", network->bandwidth, 0, e)) < 0 ||
            (r = check_number("dataDisks.count", disks->count, 0, e)) < 0 ||
            (r = check_size("dataDisks.size", disks->size, 0, e)) < 0)
                return r;
        return text_equal(template->cloud, "aliyun") ? check_aliyun(template, e) : 0;
}

/* Zone and network are objects, and both must be there, or the vendor's server breaks down. */
int opendcp_template_body(const char *name, const struct machine_template *template, json_t **ret, struct error *e)
{
        const struct machine_template *t = template ? template : &nothing_said;
        const struct template_network *network = network_of(t);
        const struct template_disks *disks = disks_of(t);
        _cleanup_json_ json_t *body = NULL;

        body = json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:{s:i, s:s, s:s, s:s, s:s, s:I}, s:{s:i, s:s, s:s},"
                         " s:n, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s}",
                         "Id", 0, "Name", name, "Provider", t->cloud, "Desc", t->description, "Cpu", (json_int_t)t->cpu,
                         "Ram", (json_int_t)(t->memory / GIBIBYTE), "InstanceType", t->instance_type, "ImageId",
                         t->image, "Network", "Id", 0, "VpcId", network->vpc, "SubnetId", network->subnet,
                         "SecurityGroup", network->security_group, "InternetChargeType", network->charge_type,
                         "InternetMaxBandwidthOut", (json_int_t)network->bandwidth, "Zone", "Id", 0, "RegionName",
                         t->region, "ZoneName", t->zone, "Replication", "SystemDiskCategory", t->system_disk,
                         "DataDiskSize", (json_int_t)(disks->size / GIBIBYTE), "DataDiskNum", (json_int_t)disks->count,
                         "DataDiskCategory", disks->category, "FlavorId", "", "KeyName", t->key_name, "PostScript",
                         t->post_script, "Account", t->account);
        if (!body)
                return error_set(e, -EINVAL, "a text of the template is not UTF-8");
        *ret = STEAL(body);
        return 0;
}
