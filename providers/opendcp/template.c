/* SPDX-License-Identifier: MIT */
#include "providers/opendcp/template.h"

#include <errno.h>
#include <inttypes.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define GIBIBYTE ((int64_t)1 << 30)
#define ALIYUN_DISKS_MAX 4
#define ALIYUN_BANDWIDTH_MAX 100

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

static int check_disks(const struct template_disks *disks, struct error *e)
{
        if (disks->count > ALIYUN_DISKS_MAX)
                return error_set(e, -EINVAL, "dataDisks.count is %" PRId64 ", and aliyun takes at most %d",
                                 disks->count, ALIYUN_DISKS_MAX);
        for (size_t i = 0; disks->count > 0 && i < ARRAY_SIZE(aliyun_disks); i++)
                if (text_equal(aliyun_disks[i].category, disks->category) &&
                    (disks->size < aliyun_disks[i].min * GIBIBYTE || disks->size > aliyun_disks[i].max * GIBIBYTE))
                        return error_set(e, -EINVAL,
                                         "dataDisks.size is out of range: on aliyun %s disks have %" PRId64
                                         "GiB to %" PRId64 "GiB",
                                         disks->category, aliyun_disks[i].min, aliyun_disks[i].max);
        return 0;
}

/* What aliyun is known to refuse is said before it is sent, by the name that it has in the spec. */
static int check_aliyun(const struct machine_template *template, struct error *e)
{
        const struct template_network *network = template->network;

        if (!text_equal(template->cloud, "aliyun"))
                return 0;
        if (!*template->account)
                return error_set(e, -EINVAL, "account is missing: on aliyun it is the key id of the cloud account");
        if (network->bandwidth > ALIYUN_BANDWIDTH_MAX)
                return error_set(e, -EINVAL, "network.bandwidth is %" PRId64 ", and aliyun takes at most %d",
                                 network->bandwidth, ALIYUN_BANDWIDTH_MAX);
        if (text_equal(network->charge_type, "PayByTraffic") && network->bandwidth < 1)
                return error_set(e, -EINVAL, "network.bandwidth is 0, and with PayByTraffic it is at least 1");
        return template->data_disks ? check_disks(template->data_disks, e) : 0;
}

/* Zone and network are objects, and both must be there, or the vendor's server breaks down. */
int opendcp_template_body(const char *name, const struct machine_template *template, json_t **ret, struct error *e)
{
        static const struct template_network no_network = {
                .vpc = "", .subnet = "", .security_group = "", .charge_type = "PayByBandwidth"
        };
        const struct template_network *network = template->network ? template->network : &no_network;
        const struct template_disks *disks = template->data_disks;
        _cleanup_json_ json_t *zone = NULL, *net = NULL;
        struct machine_template checked = *template;
        int r;

        checked.network = (struct template_network *)network;
        r = check_aliyun(&checked, e);
        if (r < 0)
                return r;
        net = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I}", "Id", 0, "VpcId", network->vpc, "SubnetId", network->subnet,
                        "SecurityGroup", network->security_group, "InternetChargeType", network->charge_type,
                        "InternetMaxBandwidthOut", (json_int_t)network->bandwidth);
        zone = json_pack("{s:i, s:s, s:s}", "Id", 0, "RegionName", template->region, "ZoneName", template->zone);
        *ret = json_pack(
                "{s:i, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:O?, s:O?, s:n, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s}",
                "Id", 0, "Name", name, "Provider", template->cloud, "Desc", template->description, "Cpu",
                (json_int_t) template->cpu, "Ram", (json_int_t)(template->memory / GIBIBYTE), "InstanceType",
                template->instance_type, "ImageId", template->image, "Network", net, "Zone", zone, "Replication",
                "SystemDiskCategory", template->system_disk, "DataDiskSize",
                (json_int_t)(disks ? disks->size / GIBIBYTE : 0), "DataDiskNum", (json_int_t)(disks ? disks->count : 0),
                "DataDiskCategory", disks ? disks->category : "", "FlavorId", "", "KeyName", template->key_name,
                "PostScript", template->post_script, "Account", template->account);
        return *ret ? 0 : error_set(e, -EINVAL, "a text of the template is not UTF-8");
}
