/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/drill_view.h"

#include "base/os.h"
#include "cli/json_out.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/text.h"

enum { WIDTH = 100 };

const char drill_played[] =
    "Persons, principals, servers and the clock are played: nobody here exists, and no server was "
    "asked. Persons and the pace at which they are read are a hundredth of the 33.7 million of "
    "2025, times are as they were; a budget counts persons as it is configured, and at full size "
    "stops the same number of them a hundred times sooner. Rules, budgets, roster, origins of "
    "addresses, detectors, decoys, the reader of logs, the comparison of session counts, the "
    "ledger, its "
    "index and the scope are the real ones. When the exact scope is known is this machine's time "
    "from the notice on, with an index that is up to date.";

/* ---- texts ---- */

void
drill_after_text(char text[DRILL_TEXT], const struct drill_cell *cell)
{
    int64_t tenths = cell->after / (NANOSECONDS_PER_SECOND / 10);

    if (!cell->is_noticed)
        snprintf(text, DRILL_TEXT, "never");
    else if (tenths == 0)
        snprintf(text, DRILL_TEXT, "at once");
    else if (tenths < 100)
        snprintf(text, DRILL_TEXT, "%d.%ds", (int)(tenths / 10), (int)(tenths % 10));
    else
        text_duration(text, DRILL_TEXT, cell->after / NANOSECONDS_PER_SECOND);
}

void
drill_known_text(char text[DRILL_TEXT], const struct drill_cell *cell)
{
    if (cell->is_known)
        snprintf(text, DRILL_TEXT, "%.3fs", (double)cell->known_ns / 1e9);
    else
        snprintf(text, DRILL_TEXT, "-");
}

const char *
drill_cell_name(size_t cell)
{
    return cell == DRILL_ALL    ? "all together"
           : cell == DRILL_NONE ? "none"
                                : drill_control_name((enum drill_control)cell);
}

const char *
drill_cell_by(const struct drill_cell *cell, size_t at)
{
    return cell->is_noticed   ? cell->by
           : at == DRILL_NONE ? "nobody"
           : !cell->is_on     ? "not configured, or switched off"
                              : "it did not notice";
}

/* ---- JSON ---- */

static void
put_seconds(struct json_out *out, const char *key, bool is_there, int64_t ns)
{
    json_out_key(out, key);
    if (is_there)
        json_out_number(out, (double)ns / 1e9);
    else
        json_out_text(out, NULL);
}

static void
put_cell(struct json_out *out, const struct drill_cell *cell, size_t at)
{
    json_out_open(out, '{');
    if (at < DRILL_CONTROLS) {
        json_put_text(out, "control", drill_cell_name(at));
        json_out_key(out, "configured");
        json_out_bool(out, cell->is_on);
    }
    put_seconds(out, "noticed_after", cell->is_noticed, cell->after);
    json_put_text(out, "by", cell->is_noticed ? cell->by : NULL);
    json_put_count(out, "persons_shown", cell->shown);
    put_seconds(out, "scope_known_after", cell->is_known, cell->known_ns);
    json_out_close(out, '}');
}

static void
put_scenario(struct json_out *out, const struct drill_scenario *s)
{
    json_out_open(out, '{');
    json_put_text(out, "name", s->name);
    json_put_text(out, "text", s->text);
    json_put_count(out, "persons", s->population);
    json_put_count(out, "scale", s->scale);
    json_put_time(out, "first", s->begins);
    json_put_time(out, "last", s->ends);
    json_put_count(out, "other_findings", s->others);
    json_put_open(out, "controls", '[');
    for (size_t i = 0; i < DRILL_CONTROLS; i++)
        put_cell(out, &s->cells[i], i);
    json_out_close(out, ']');
    json_out_key(out, "all");
    put_cell(out, &s->cells[DRILL_ALL], DRILL_ALL);
    json_out_key(out, "none");
    put_cell(out, &s->cells[DRILL_NONE], DRILL_NONE);
    json_out_close(out, '}');
}

void
drill_print_json(const struct drill *drill)
{
    struct json_out out = {.file = stdout};

    json_out_open(&out, '{');
    json_put_open(&out, "scenarios", '[');
    for (size_t i = 0; i < drill->count; i++)
        put_scenario(&out, &drill->scenarios[i]);
    json_out_close(&out, ']');
    json_put_text(&out, "note", drill_played);
    json_out_close(&out, '}');
    json_out_end(&out);
}

/* ---- text ---- */

static int
print_scenario(FILE *file, const struct drill_scenario *s, size_t width)
{
    static const struct table_column columns[] = {
        {.title = "control"},
        {.title = "noticed", .is_right = true},
        {.title = "persons shown", .is_right = true},
        {.title = "scope known in", .is_right = true},
        {.title = "by", .least = 12},
    };
    char after[DRILL_TEXT], known[DRILL_TEXT];
    const char *why = NULL;
    struct table table;
    int result;

    table_init(&table, columns, COUNT_OF(columns));
    for (size_t i = 0; i < DRILL_CELLS; i++) {
        const struct drill_cell *cell = &s->cells[i];

        drill_after_text(after, cell);
        drill_known_text(known, cell);
        table_add(&table, drill_cell_name(i));
        table_add(&table, after);
        table_add_count(&table, cell->shown);
        table_add(&table, known);
        table_add(&table, drill_cell_by(cell, i));
        if (cell->why[0] != '\0')
            why = cell->why;
    }
    fprintf(file, "\n%s\n", s->title);
    text_wrap(file, s->text, 2, WIDTH);
    result = table_print(&table, file, 2, width);
    table_release(&table);
    if (why != NULL)
        fprintf(file, "  scope: %s\n", why);
    if (s->others > 0)
        fprintf(file, "  the detectors also had %llu findings about others\n",
                (unsigned long long)s->others);
    return result;
}

int
drill_print_text(FILE *file, const struct drill *drill, const char *path)
{
    size_t width = terminal_width(file);
    int result = 0;

    fprintf(file, "a drill of %s\n",
            path != NULL ? path : "a usual configuration (give your own: -c FILE)");
    for (size_t i = 0; i < drill->count && result == 0; i++)
        result = print_scenario(file, &drill->scenarios[i], width);
    putc('\n', file);
    text_wrap(file, drill_played, 0, WIDTH);
    return result;
}
