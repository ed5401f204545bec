/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"
#include "base/memory.h"
#include "cli/text.h"

enum { GAP = 2, ELLIPSIS_ROOM = 4, CELL_TEXT_MAX = 4096 };

/* What each column will take; 0 is a column that is left out. */
struct layout {
    size_t widths[TABLE_COLUMNS_MAX];
    bool is_left_out[TABLE_COLUMNS_MAX];
};

void
table_init(struct table *table, const struct table_column *columns, size_t count)
{
    *table = (struct table){.columns = columns, .column_count = count};
}

void
table_release(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        memory_free(table->cells[i]);
    memory_free(table->cells);
    *table = (struct table){0};
}

void
table_add(struct table *table, const char *text)
{
    struct view v = view_of_text(text != NULL ? text : "-");
    size_t size;
    char *cell;

    if (table->error != 0)
        return;
    if (table->count == table->space) {
        size_t space = table->space == 0 ? 64 : table->space * 2;
        char **cells = memory_resize(table->cells, space, sizeof(*cells));

        if (cells == NULL) {
            table->error = PASU_E_NOMEM;
            return;
        }
        table->cells = cells;
        table->space = space;
    }
    v.length = v.length < CELL_TEXT_MAX ? v.length : CELL_TEXT_MAX;
    size = v.length * 4 + 1;
    cell = memory_new(size + ELLIPSIS_ROOM, 1);
    if (cell == NULL) {
        table->error = PASU_E_NOMEM;
        return;
    }
    text_escape(cell, size, v);
    table->cells[table->count++] = cell;
}

void
table_add_count(struct table *table, uint64_t n)
{
    char text[32];

    text_count(text, sizeof(text), n);
    table_add(table, text);
}

static size_t
layout_total(const struct table *table, const struct layout *layout)
{
    size_t total = 0;

    for (size_t c = 0; c < table->column_count; c++)
        if (!layout->is_left_out[c])
            total += layout->widths[c] + (total > 0 ? GAP : 0);
    return total;
}

static size_t
least_width(const struct table_column *column)
{
    size_t title = strlen(column->title);

    return title > column->least ? title : column->least;
}

/* Takes one column off the widest that may be cut; false where none can give more. */
static bool
layout_shrink(const struct table *table, struct layout *layout)
{
    size_t widest = table->column_count;

    for (size_t c = 0; c < table->column_count; c++)
        if (table->columns[c].least > 0 && !layout->is_left_out[c] &&
            layout->widths[c] > least_width(&table->columns[c]) &&
            (widest == table->column_count || layout->widths[c] > layout->widths[widest]))
            widest = c;
    if (widest == table->column_count)
        return false;
    layout->widths[widest]--;
    return true;
}

/* Leaves out the column with the highest rank; false where only rank 0 is left. */
static bool
layout_leave_out(const struct table *table, struct layout *layout)
{
    size_t first = table->column_count;

    for (size_t c = 0; c < table->column_count; c++)
        if (!layout->is_left_out[c] && table->columns[c].rank > 0 &&
            (first == table->column_count || table->columns[c].rank > table->columns[first].rank))
            first = c;
    if (first == table->column_count)
        return false;
    layout->is_left_out[first] = true;
    return true;
}

static void
layout_natural(const struct table *table, struct layout *layout)
{
    for (size_t c = 0; c < table->column_count; c++)
        layout->widths[c] = strlen(table->columns[c].title);
    for (size_t i = 0, c = 0; i < table->count; i++, c = c + 1 < table->column_count ? c + 1 : 0) {
        size_t width = text_columns(table->cells[i]);

        layout->widths[c] = width > layout->widths[c] ? width : layout->widths[c];
    }
}

/* Columns are left out only after all are at their least; what is then free again
 * is given back by starting over from the natural widths. */
static void
layout_fit(const struct table *table, struct layout *layout, size_t width)
{
    memset(layout, 0, sizeof(*layout));
    layout_natural(table, layout);
    if (width == 0)
        return;
    while (layout_total(table, layout) > width) {
        if (layout_shrink(table, layout))
            continue;
        if (!layout_leave_out(table, layout))
            return;
        layout_natural(table, layout);
    }
}

static void
print_cell(FILE *file, const char *text, size_t width, bool is_right, bool is_last)
{
    size_t columns = text_columns(text);
    size_t pad = columns < width ? width - columns : 0;

    if (is_right)
        fprintf(file, "%*s%s", (int)pad, "", text);
    else
        fprintf(file, "%s%*s", text, is_last ? 0 : (int)pad, "");
}

/* `cells` NULL prints the titles. */
static void
print_row(const struct table *table, const struct layout *layout, FILE *file, size_t indent,
          char **cells)
{
    size_t last = table->column_count;
    size_t gap = indent;

    while (last > 0 && layout->is_left_out[last - 1])
        last--;
    for (size_t c = 0; c < last; c++) {
        const struct table_column *column = &table->columns[c];

        if (layout->is_left_out[c])
            continue;
        fprintf(file, "%*s", (int)gap, "");
        if (cells != NULL)
            text_cut(cells[c], layout->widths[c]);
        print_cell(file, cells != NULL ? cells[c] : column->title, layout->widths[c],
                   column->is_right, c + 1 == last);
        gap = GAP;
    }
    fputc('\n', file);
}

static void
print_left_out(const struct table *table, const struct layout *layout, FILE *file, size_t indent)
{
    const char *before = "(no room for: ";

    for (size_t c = 0; c < table->column_count; c++) {
        if (!layout->is_left_out[c])
            continue;
        if (before[0] == '(')
            fprintf(file, "%*s", (int)indent, "");
        fprintf(file, "%s%s", before, table->columns[c].title);
        before = ", ";
    }
    if (before[0] != '(')
        fputs(")\n", file);
}

int
table_print(struct table *table, FILE *file, size_t indent, size_t width)
{
    struct layout layout;

    if (table->error != 0)
        return table->error;
    layout_fit(table, &layout, width > indent ? width - indent : width);
    print_row(table, &layout, file, indent, NULL);
    for (size_t i = 0; i + table->column_count <= table->count; i += table->column_count)
        print_row(table, &layout, file, indent, table->cells + i);
    print_left_out(table, &layout, file, indent);
    return 0;
}
