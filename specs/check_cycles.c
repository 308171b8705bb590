/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "reconcile/base/array.h"
#include "reconcile/base/buf.h"
#include "reconcile/base/strpool.h"
#include "specs/check.h"
#include "specs/diagnostics.h"

/*
 * Resources that refer to each other in a circle: none of them could be made first. The kinds of today refer one way only; this knows no
 * kinds, but their tables, and holds for those to come.
 */

#define MEMBERS_MAX 4096 /* bytes of the text that names them */

struct stop { /* of the way along references: a resource */
        size_t first_edge, n_edges;
        bool done; /* it leads to no circle that was not told yet */
};

struct graph {
        const struct estate *estate;
        struct stop *nodes;   /* one for each resource */
        struct strmap places; /* "MachineSet/web" -> its number + 1 */
        struct strpool *texts;
        size_t *edges; /* numbers of what is referred to, node by node */
        size_t n_edges, allocated_edges;
};

static void graph_done(struct graph *g)
{
        strmap_done(&g->places);
        strpool_free(g->texts);
        free(g->edges);
        free(g->nodes);
}

static int add_edge(struct graph *g, const struct resource *to)
{
        char text[RESOURCE_TEXT_MAX];
        uintptr_t number = (uintptr_t)strmap_get(&g->places, resource_text(to, text));
        size_t *edge = number ? ARRAY_ADD(g->edges, g->n_edges, g->allocated_edges) : NULL;

        if (edge)
                *edge = number - 1;
        return edge || !number ? 0 : -ENOMEM;
}

static int add_edges(struct graph *g, const struct field *fields, const void *base)
{
        int r = 0;

        for (const struct field *f = fields; f->name && r == 0; f++) {
                const void *value = (const char *)base + f->offset, *object = NULL;
                const struct objects *objects = value;
                const struct resource *to = NULL;

                if (f->type == FIELD_RESOURCE || f->type == FIELD_REFERENCE)
                        to = ((const struct reference *)value)->resource;
                if (f->type == FIELD_OBJECT)
                        object = *(const void *const *)value;
                if (to)
                        r = add_edge(g, to);
                if (object)
                        r = add_edges(g, f->members, object);
                for (size_t i = 0; f->type == FIELD_OBJECTS && i < objects->n && r == 0; i++)
                        r = add_edges(g, f->members, (const char *)objects->items + i * f->member_size);
        }
        return r;
}

static int graph_make(struct graph *g)
{
        const struct estate *estate = g->estate;
        int r = 0;

        g->nodes = calloc(estate->n_resources + 1, sizeof(*g->nodes));
        g->texts = strpool_new();
        if (!g->nodes || !g->texts)
                return -ENOMEM;
        for (size_t i = 0; i < estate->n_resources && r == 0; i++) {
                char text[RESOURCE_TEXT_MAX];
                const char *key = strpool_add(g->texts, resource_text(estate->resources[i], text));

                r = key ? strmap_set(&g->places, key, (void *)(uintptr_t)(i + 1)) : -ENOMEM;
        }
        for (size_t i = 0; i < estate->n_resources && r == 0; i++) {
                g->nodes[i].first_edge = g->n_edges;
                r = add_edges(g, estate->resources[i]->kind->fields, estate->resources[i]->spec);
                g->nodes[i].n_edges = g->n_edges - g->nodes[i].first_edge;
        }
        return r;
}

/* Something that it refers to and that is not done. True: there is one. */
static bool find_next(const struct graph *g, size_t from, size_t *ret)
{
        const struct stop *node = &g->nodes[from];

        for (size_t i = 0; i < node->n_edges; i++) {
                *ret = g->edges[node->first_edge + i];
                if (!g->nodes[*ret].done)
                        return true;
        }
        return false;
}

/* What leads to nothing but what is done is done. */
static void peel(struct graph *g)
{
        bool changed = true;

        while (changed) {
                changed = false;
                for (size_t i = 0; i < g->estate->n_resources; i++) {
                        size_t next;

                        if (!g->nodes[i].done && !find_next(g, i, &next))
                                changed = g->nodes[i].done = true;
                }
        }
}

static void add_member(struct buf *b, const struct resource *r)
{
        char text[RESOURCE_TEXT_MAX], file[EXCERPT_MAX];

        (void)buf_addf(b, "%s (%s:%" PRIu32 ") -> ", resource_text(r, text), excerpt(r->position.file, file),
                       r->position.line);
}

/* Each of those that are left refers to another one of them: who goes on and on comes round. The first one of that circle. */
static size_t find_circle(const struct graph *g, size_t start)
{
        size_t at = start, end, first;

        for (size_t i = 0; i < g->estate->n_resources; i++)
                (void)find_next(g, at, &at);
        first = end = at;
        do {
                (void)find_next(g, at, &at);
                first = at < first ? at : first;
        } while (at != end);
        return first;
}

static int tell_circle(struct graph *g, size_t start, struct diagnostics *d)
{
        _cleanup_buf_ struct buf members = BUF_INIT(MEMBERS_MAX);
        struct resource *const *resources = g->estate->resources;
        char text[RESOURCE_TEXT_MAX];
        size_t first = find_circle(g, start), at = first;

        do {
                add_member(&members, resources[at]);
                (void)find_next(g, at, &at);
        } while (at != first);
        g->nodes[first].done = true;
        if (members.failed == -ENOMEM)
                return -ENOMEM;
        return diagnostics_error(
                d, resource_position(resources[first], "spec"),
                "spec leads back to where it begins: %s%s%s; none of them could be made first, so take one "
                "of these references out",
                buf_text(&members), members.failed ? "... -> " : "", resource_text(resources[first], text));
}

int check_cycles(const struct estate *estate, struct diagnostics *d)
{
        _cleanup_(graph_done) struct graph g = { .estate = estate };
        int r = graph_make(&g);

        if (r == 0)
                peel(&g);
        for (size_t i = 0; i < estate->n_resources && r == 0; i++)
                while (r == 0 && !g.nodes[i].done) {
                        r = tell_circle(&g, i, d);
                        peel(&g);
                }
        return r;
}
