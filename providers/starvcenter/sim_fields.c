/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/sim.h"
#include "reconcile/base/digest.h"
#include "reconcile/base/text.h"

#define CLIPPED_MAX 100

static void *place(const struct sim_item *i, const struct sim_field *f)
{
        return (char *)i + f->offset;
}

const struct sim_field *sim_field_find(enum sim_kind_name kind, const char *name)
{
        SIM_FOREACH_FIELD(f, kind)
        if (text_equal(f->name, name))
                return f;
        return NULL;
}

const char *sim_field_text(const struct sim_item *i, const struct sim_field *f, char scratch[static 32])
{
        switch (f->type) {
        case FIELD_TEXT:
                return *(char **)place(i, f) ? *(char **)place(i, f) : "";
        case FIELD_CHARS:
                return place(i, f);
        case FIELD_NUMBER:
                (void)snprintf(scratch, 32, "%" PRId64, *(int64_t *)place(i, f));
                return scratch;
        case FIELD_TRUTH:
                return *(bool *)place(i, f) ? "true" : "false";
        case FIELD_PARENT:
                return i->parent ? i->parent->record.id : "";
        case FIELD_PARENT_NAME:
                return i->parent ? sim_field_text(i->parent, sim_field_find(i->parent->kind, "name"), scratch) : "";
        case FIELD_STANDARD:
                break;
        }
        return "standard";
}

json_t *sim_field_json(const struct sim_item *i, const struct sim_field *f)
{
        char scratch[32];

        if (f->type == FIELD_NUMBER)
                return json_integer(*(int64_t *)place(i, f));
        if (f->type == FIELD_TRUTH)
                return json_boolean(*(bool *)place(i, f));
        return json_string(sim_field_text(i, f, scratch));
}

int sim_text_set(char **text, const char *value)
{
        char *own = value && *value ? strdup(value) : NULL;

        if (value && *value && !own)
                return -ENOMEM;
        free(*text);
        *text = own;
        return 0;
}

int sim_digest_set(char **text, const char *value)
{
        _cleanup_(digest_free_p) struct digest *d = NULL;
        char printed[DIGEST_TEXT_MAX];

        if (digest_new(&d) < 0 || digest_add(d, value, strlen(value)) < 0 || digest_end(d, printed) < 0)
                return -ENOMEM;
        return sim_text_set(text, printed);
}

static int set_text(struct sim_item *i, const struct sim_field *f, const json_t *value)
{
        char scratch[32];
        const char *text = "";
        int r;

        r = json_read_text(value, scratch, &text);
        if (r < 0 && r != -ENOENT)
                return r;
        if (f->type == FIELD_TEXT)
                return sim_text_set(place(i, f), text);
        if (strlen(text) >= f->size)
                return -EBADMSG;
        memcpy(place(i, f), text, strlen(text) + 1);
        return 0;
}

int sim_field_set(struct sim_item *i, const struct sim_field *f, const json_t *value)
{
        int r = -EBADMSG;

        if (f->type == FIELD_TEXT || f->type == FIELD_CHARS)
                r = set_text(i, f, value);
        else if (f->type == FIELD_NUMBER)
                r = json_read_int64(value, place(i, f));
        else if (f->type == FIELD_TRUTH)
                r = json_read_bool(value, place(i, f));
        sim_item_changed(i);
        return r == -ENOENT ? -EBADMSG : r;
}

static char *shout(const char *text)
{
        char *own = strdup(text);

        for (char *p = own; p && *p; p++)
                *p = (char)toupper((unsigned char)*p);
        return own;
}

/* Quirks: numbers and truths where the document prints strings, null for what is not there yet, and texts that mean the same. */
static json_t *print(const struct simulation *s, const struct sim_item *i, const struct sim_field *f)
{
        char scratch[32];
        const char *text = sim_field_text(i, f, scratch);

        _cleanup_free_ char *odd = NULL;

        if (!s->quirks || f->style == STYLE_TEXT)
                return json_string(text);
        if (f->style == STYLE_NULLABLE && !*text)
                return json_null();
        if (f->style == STYLE_PLAIN || f->style == STYLE_NULLABLE)
                return sim_field_json(i, f);
        if (f->style == STYLE_CLIPPED)
                return json_integer(*(int64_t *)place(i, f) < CLIPPED_MAX ? *(int64_t *)place(i, f) : CLIPPED_MAX);
        odd = f->style == STYLE_SHOUT   ? shout(text)
              : f->style == STYLE_PORTS ? sim_odd_ports(text)
                                        : sim_odd_addresses(text);
        return odd ? json_string(odd) : NULL;
}

const char *sim_item_row(const struct simulation *s, struct sim_item *i)
{
        _cleanup_json_ json_t *row = NULL;

        if (i->record.row)
                return i->record.row;

        row = json_object();
        SIM_FOREACH_FIELD(f, i->kind)
        if (f->key && json_object_set_new(row, s->quirks && f->odd_key ? f->odd_key : f->key, print(s, i, f)) < 0)
                return NULL;
        i->record.row = json_to_text(row, JSON_COMPACT);
        return i->record.row;
}
