/* SPDX-License-Identifier: MIT */
#include "cmd/table.h"

#include <errno.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define CELL_CHARS_MAX 400
#define GAP 2

static int add_cell(struct table *t, const char *text)
{
        _cleanup_buf_ struct buf b = BUF_INIT(16 * CELL_CHARS_MAX);
        char **cell;

        if (text_escape(&b, text, CELL_CHARS_MAX) < 0 || buf_adds(&b, "") < 0)
                return -ENOMEM;

        cell = ARRAY_ADD(t->cells, t->n_cells, t->allocated_cells);
        if (!cell)
                return -ENOMEM;

        *cell = buf_steal(&b);
        return *cell ? 0 : -ENOMEM;
}

int table_add(struct table *t, const char *const *row)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < t->n_columns; i++)
                r = add_cell(t, row[i]);

        return r;
}

/* Where each column begins, in characters. */
static void lay_out(const struct table *t, size_t starts[static TABLE_COLUMNS_MAX])
{
        size_t widths[TABLE_COLUMNS_MAX] = { 0 };

        for (size_t i = 0; i < t->n_cells; i++) {
                size_t width = text_width(t->cells[i]), column = i % t->n_columns;

                if (width > widths[column])
                        widths[column] = width;
        }

        starts[0] = 0;
        for (size_t i = 1; i < t->n_columns; i++)
                starts[i] = starts[i - 1] + widths[i - 1] + GAP;
}

int table_print(const struct table *t, struct buf *b)
{
        size_t starts[TABLE_COLUMNS_MAX], line = b->len;

        lay_out(t, starts);
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t column = i % t->n_columns;

                if (*t->cells[i]) {
                        (void)buf_pad(b, starts[column], line);
                        (void)buf_adds(b, t->cells[i]);
                }
                if (column + 1 == t->n_columns) {
                        (void)buf_addc(b, '\n');
                        line = b->len;
                }
        }

        return b->failed;
}

void table_done(struct table *t)
{
        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i]);
        free(t->cells);
        *t = (struct table){ 0 };
}
