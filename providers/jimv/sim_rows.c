/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "providers/jimv/sim.h"
#include "reconcile/base/buf.h"

#define XML_MAX ((size_t)64 << 10)
#define LINE "\n            "

/* What a disk may do at most, out of its size. */
#define IOPS_BASE 1000
#define IOPS_CAP 2000
#define BYTES_BASE 209715200
#define BYTES_PER_GIB 314572
#define BYTES_CAP 524288000

void jimv_sim_changed(struct record *r)
{
        free(r->row);
        r->row = NULL;
}

/* As the vendor keeps it since the guest was made, the password of its screen within. */
static char *print_xml(const struct simulation *s, const struct guest *g)
{
        _cleanup_buf_ struct buf b = BUF_INIT(XML_MAX);
        const char *network = s->era == ERA_2017 ? "net-br0" : "br0";

        buf_addf(&b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>" LINE "<domain type=\"kvm\">" LINE "<name>%s</name>",
                 g->name);
        buf_addf(&b, LINE "<uuid>%s</uuid>" LINE "<vcpu>%" PRId64 "</vcpu>", g->record.id, g->given_cpu);
        buf_addf(&b, LINE "<memory unit=\"GiB\">%" PRId64 "</memory>" LINE "<devices>", g->given_memory);
        buf_addf(&b, LINE "    <interface type='network'>" LINE "        <source network='%s'/>", network);
        if (s->era == ERA_0_8 && g->bandwidth > 0)
                buf_addf(&b, LINE "        <bandwidth><inbound average='%" PRId64 "'/></bandwidth>",
                         g->bandwidth / 8000);
        buf_addf(&b, LINE "    </interface>" LINE "    <graphics passwd=\"%s\" keymap=\"en-us\" port=\"%" PRId64 "\"",
                 g->vnc_password, g->vnc_port);
        buf_addf(&b, " type=\"vnc\">" LINE "        <listen network=\"%s\" type=\"network\"/>" LINE "    </graphics>",
                 network);
        buf_adds(&b, LINE "</devices>" LINE "</domain>\n        ");
        return buf_steal(&b);
}

static json_t *guest_2017(const struct guest *g, const char *xml, const char *host)
{
        return json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:s, s:I, s:I, s:s, s:I, s:I, s:s, s:s, s:s, s:s}", "xml", xml,
                         "remark", g->remark, "name", g->name, "os_template_id", (json_int_t)g->template, "ip", g->ip,
                         "vnc_port", (json_int_t)g->vnc_port, "uuid", g->record.id, "cpu", (json_int_t)g->cpu,
                         "create_time", (json_int_t)g->created, "manage_network", "net-br0", "memory",
                         (json_int_t)g->memory, "id", (json_int_t)g->record.serial, "password", g->password, "on_host",
                         host, "vnc_password", g->vnc_password, "network", "net-br0");
}

static json_t *guest_0_8(const struct guest *g, const char *xml)
{
        return json_pack(
                "{s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:i, s:I, s:I, s:s, s:I, s:s, s:s, s:I, s:s, s:s, s:i, "
                "s:I}",
                "ip", g->ip, "bandwidth", (json_int_t)g->bandwidth, "create_time", (json_int_t)g->created, "id",
                (json_int_t)g->record.serial, "os_template_image_id", (json_int_t)g->template, "xml", xml, "uuid",
                g->record.id, "label", g->name, "autostart", 0, "memory", (json_int_t)g->memory, "progress",
                (json_int_t)g->progress, "vnc_password", g->vnc_password, "node_id", (json_int_t)g->node_id, "password",
                g->password, "remark", g->remark, "vnc_port", (json_int_t)g->vnc_port, "network", "br0",
                "manage_network", "br0", "service_id", 1, "cpu", (json_int_t)g->cpu);
}

const char *jimv_sim_guest_row(struct simulation *s, struct guest *g)
{
        _cleanup_free_ char *xml = NULL;
        _cleanup_json_ json_t *row = NULL;
        const struct host *h = jimv_sim_host_find(s, g->node_id);

        if (g->record.row)
                return g->record.row;
        xml = print_xml(s, g);
        if (!xml)
                return NULL;
        row = s->era == ERA_2017 ? guest_2017(g, xml, g->made && h ? h->name : "") : guest_0_8(g, xml);
        g->record.row = json_to_text(row, 0);
        return g->record.row;
}

static int64_t at_most(int64_t value, int64_t most)
{
        return value < most ? value : most;
}

static json_t *disk_2017(const struct disk *d)
{
        return json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I}", "guest_uuid", d->guest_uuid, "uuid", d->record.id,
                         "format", "qcow2", "sequence", (json_int_t)d->sequence, "label", d->label, "state",
                         (json_int_t)d->state, "id", (json_int_t)d->record.serial, "size", (json_int_t)d->size);
}

static json_t *disk_0_8(const struct disk *d)
{
        int64_t grown = d->sequence == 0 ? 0 : d->size;
        char path[64], device[] = "/dev/vda";

        (void)snprintf(path, sizeof(path), "/opt/Images/%s.qcow2", d->record.id);
        if (d->sequence > 0)
                device[sizeof(device) - 2] = (char)('a' + d->sequence);
        return json_pack(
                "{s:I, s:i, s:I, s:i, s:I, s:I, s:i, s:s, s:s, s:i, s:I, s:i, s:s, s:i, s:I, s:s?, s:s, s:i, s:s, "
                "s:i, s:I, s:I}",
                "sequence", (json_int_t)d->sequence, "bps_wr", 0, "iops",
                (json_int_t)at_most(IOPS_BASE + grown, IOPS_CAP), "iops_rd", 0, "id", (json_int_t)d->record.serial,
                "size", (json_int_t)d->size, "bps_rd", 0, "guest_uuid", d->guest_uuid, "uuid", d->record.id,
                "iops_max_length", 20, "state", (json_int_t)d->state, "bps_max_length", 10, "format", "qcow2",
                "bps_max", 1073741824, "node_id", (json_int_t)d->node_id, "device", d->sequence < 0 ? NULL : device,
                "path", path, "iops_wr", 0, "remark", d->label, "iops_max", 3000, "bps",
                (json_int_t)at_most(BYTES_BASE + at_most(grown, BYTES_CAP) * BYTES_PER_GIB, BYTES_CAP), "create_time",
                (json_int_t)d->created);
}

const char *jimv_sim_disk_row(struct simulation *s, struct disk *d)
{
        _cleanup_json_ json_t *row = NULL;

        if (d->record.row)
                return d->record.row;
        row = s->era == ERA_2017 ? disk_2017(d) : disk_0_8(d);
        d->record.row = json_to_text(row, 0);
        return d->record.row;
}
