/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/row_flow.h"

/* One statement so far. */
struct step {
    uint64_t reads; /* fields of the row */
    bool is_idle;   /* its reads go nowhere */
    bool is_begun;
    int16_t column;             /* NEW's column that it assigns; 0: none */
    bool is_whole;              /* or all of NEW */
    char table[SCAN_NAME_SIZE]; /* that it writes to, or "" */
};

struct reading {
    struct row_flow *flow;
    uint64_t kept; /* in variables */
    struct scan scan;
};

static bool
is_word(const struct scan *s, const char *word)
{
    return s->kind == SCAN_WORD && strcmp(s->name, word) == 0;
}

static bool
is_other(const struct scan *s, char c)
{
    return s->kind == SCAN_OTHER && s->name[0] == c;
}

static bool
is_any(const struct scan *s, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_word(s, words[i]))
            return true;
    return false;
}

uint64_t
row_flow_fields(const struct catalog_relation *r, int16_t column)
{
    uint64_t fields = 0;

    for (size_t i = 0; i < r->show_count; i++)
        fields |= column == 0                 ? r->shows[i].fields
                  : column <= r->column_limit ? r->shows[i].column_fields[column]
                                              : 0;
    return fields;
}

static int16_t
column_named(const struct catalog_relation *r, const char *name)
{
    for (size_t i = 0; i < r->column_count; i++)
        if (strcmp(r->columns[i].name, name) == 0)
            return r->columns[i].number;
    return 0;
}

/* NEW or OLD has been read: what of it, and whether it is assigned. */
static void
take_row(struct reading *t, struct step *step, bool is_first, bool is_into)
{
    const struct catalog_relation *r = t->flow->relation;
    struct scan ahead = t->scan;
    int16_t column = 0;
    bool is_whole = true;

    scan_next(&ahead);
    if (is_other(&ahead, '.')) {
        scan_next(&ahead);
        is_whole = ahead.kind != SCAN_WORD && ahead.kind != SCAN_QUOTED; /* NEW.* */
        column = is_whole ? 0 : column_named(r, ahead.name);
        t->scan = ahead;
        scan_next(&ahead);
    } else if (is_word(&ahead, "is")) {
        return; /* NEW IS DISTINCT FROM OLD */
    }
    if (is_into || (is_first && ((ahead.kind == SCAN_OPERATOR && strcmp(ahead.name, "=") == 0) ||
                                 is_other(&ahead, ':')))) {
        step->column = column;
        step->is_whole = is_whole;
        return;
    }
    step->reads |= is_whole || column != 0 ? row_flow_fields(r, is_whole ? 0 : column) : 0;
}

/* What a statement has read is where it has put it. */
static void
end_step(struct reading *t, const struct step *step)
{
    struct row_flow *flow = t->flow;
    uint64_t put = step->reads | t->kept;

    if (step->is_idle || put == 0)
        return;
    if ((step->column != 0 || step->is_whole) && flow->is_filling &&
        (put & ~(step->is_whole ? 0 : row_flow_fields(flow->relation, step->column))) != 0)
        flow->own |= put;
    if (step->table[0] && flow->put)
        flow->put(flow->arg, step->table, put);
    if (step->column == 0 && !step->is_whole && !step->table[0])
        t->kept |= step->reads;
}

/* The last name behind INTO or UPDATE: that of a table, or of a variable. */
static void
take_table(struct reading *t, struct step *step)
{
    struct scan ahead = t->scan;

    do {
        scan_next(&ahead);
        if (is_word(&ahead, "only"))
            scan_next(&ahead);
        if (is_word(&ahead, "new"))
            return;
        if (ahead.kind != SCAN_WORD && ahead.kind != SCAN_QUOTED)
            return;
        memcpy(step->table, ahead.name, sizeof(step->table));
        scan_next(&ahead);
    } while (is_other(&ahead, '.'));
}

bool
row_flow_returns_row(struct scan scan)
{
    static const char *const words[] = {"new",  "old",   "null", "coalesce", "case",
                                        "when", "tg_op", "then", "else",     "end"};

    while (scan_next(&scan) != SCAN_END && scan.kind != SCAN_UNSURE && !is_other(&scan, ';')) {
        if (scan.kind == SCAN_LITERAL || is_any(&scan, words, COUNT_OF(words)) ||
            (scan.kind == SCAN_OPERATOR && strcmp(scan.name, "=") == 0) || is_other(&scan, '(') ||
            is_other(&scan, ')') || is_other(&scan, ','))
            continue;
        return false;
    }
    return scan.kind != SCAN_UNSURE;
}

void
row_flow_skip(struct scan *scan)
{
    struct scan ahead = *scan;

    while (scan_next(&ahead) != SCAN_END && ahead.kind != SCAN_UNSURE && !is_other(&ahead, ';'))
        *scan = ahead;
}

static void
read_steps(struct reading *t, struct view body)
{
    static const char *const idle[] = {"raise", "perform", "if", "elsif", "while"};
    static const char *const ends[] = {"begin", "then", "else", "loop", "declare"};
    struct step step = {0};
    bool is_into = false;

    t->scan = scan_of(body);
    while (scan_next(&t->scan) != SCAN_END && t->scan.kind != SCAN_UNSURE) {
        bool is_first = !step.is_begun;

        if (is_other(&t->scan, ';') || is_any(&t->scan, ends, COUNT_OF(ends))) {
            end_step(t, &step);
            step = (struct step){0};
            is_into = false;
            continue;
        }
        step.is_begun = true;
        step.is_idle |= is_first && is_any(&t->scan, idle, COUNT_OF(idle));
        if (is_first && is_word(&t->scan, "return")) {
            step.is_whole = !row_flow_returns_row(t->scan); /* another row in its place */
            if (!step.is_whole)
                row_flow_skip(&t->scan);
            continue;
        }
        if (is_word(&t->scan, "new") || is_word(&t->scan, "old"))
            take_row(t, &step, is_first, is_into);
        is_into = is_word(&t->scan, "into");
        if (is_into || is_word(&t->scan, "update"))
            take_table(t, &step);
    }
    end_step(t, &step);
}

/* Twice: what is in the variables at the end of a loop is there at its next beginning. */
void
row_flow_read(struct row_flow *flow, const char *text)
{
    struct reading t = {.flow = flow};

    flow->own = 0;
    read_steps(&t, view_of_text(text));
    read_steps(&t, view_of_text(text));
}
