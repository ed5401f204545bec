/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where triggers carry the row that they run for: NEW.a := NEW.name puts a name into a column whose
 * mapping says nothing of it, INSERT INTO audit VALUES (NEW.name) into another table. What a text
 * names is read elsewhere (catalog_body.c); here it is only the row.
 *
 * Statement by statement: what conditions, RAISE, PERFORM and RETURN read goes nowhere, what
 * anything else reads can be in the variables, and what is written can hold what its statement
 * reads and what is in the variables.
 */
#include "postgres/catalog_part.h"
#include "postgres/catalog_scan.h"

/* One statement so far. */
struct step {
    uint64_t reads; /* fields of the row */
    bool is_idle;   /* its reads go nowhere */
    bool is_begun;
    int16_t column;             /* NEW's column that it assigns; 0: none */
    bool is_whole;              /* or all of NEW */
    char table[SCAN_NAME_SIZE]; /* that it writes to, or "" */
};

struct trigger {
    struct catalog_builder *b;
    size_t number; /* the relation */
    bool is_filling;
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

static uint64_t
fields_of(const struct catalog_relation *r, int16_t column)
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
take_row(struct trigger *t, struct step *step, bool is_first, bool is_into)
{
    const struct catalog_relation *r = &t->b->catalog->relations[t->number];
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
    step->reads |= is_whole || column != 0 ? fields_of(r, is_whole ? 0 : column) : 0;
}

/* What a statement has read is where it has put it. */
static void
end_step(struct trigger *t, const struct step *step)
{
    struct catalog_builder *b = t->b;
    const struct catalog_relation *r = &b->catalog->relations[t->number], *filled;
    uint64_t put = step->reads | t->kept;
    size_t next = 0;

    if (step->is_idle || put == 0)
        return;
    if ((step->column != 0 || step->is_whole) && t->is_filling &&
        (put & ~(step->is_whole ? 0 : fields_of(r, step->column))) != 0) {
        b->catalog->relations[t->number].filled_fields |= put;
        b->marked[t->number].fields |= put;
        b->marked[t->number].kinds |= b->taints[t->number].kinds;
    }
    while (step->table[0] &&
           (filled = catalog_relation_named(b->catalog, NULL, step->table, &next)) != NULL) {
        struct catalog_taint *taint = &b->taints[filled - b->catalog->relations];

        if (filled->is_system)
            continue;
        taint->fields |= put;
        taint->kinds |= b->taints[t->number].kinds;
    }
    if (step->column == 0 && !step->is_whole && !step->table[0])
        t->kept |= step->reads;
}

/* The last name behind INTO or UPDATE: that of a table, or of a variable. */
static void
take_table(struct trigger *t, struct step *step)
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

static void
read_steps(struct trigger *t, struct view body)
{
    static const char *const idle[] = {"raise", "perform", "return", "if", "elsif", "while"};
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
        if (is_word(&t->scan, "new") || is_word(&t->scan, "old"))
            take_row(t, &step, is_first, is_into);
        is_into = is_word(&t->scan, "into");
        if (is_into || is_word(&t->scan, "update"))
            take_table(t, &step);
    }
    end_step(t, &step);
}

/* Twice: what is in the variables at the end of a loop is there at its next beginning. */
static void
read_trigger(struct trigger *t, const char *body)
{
    read_steps(t, view_of_text(body));
    read_steps(t, view_of_text(body));
}

void
catalog_trigger_read(struct catalog_builder *b, size_t number, const struct catalog_act *act)
{
    const struct catalog_source *sources = b->sources.items;
    struct scan scan = scan_of(view_of_text(act->text));

    if (fields_of(&b->catalog->relations[number], 0) == 0)
        return;
    while (scan_next(&scan) != SCAN_END && scan.kind != SCAN_UNSURE) {
        const struct catalog_function *f;
        size_t next = 0;

        if (scan.kind != SCAN_WORD && scan.kind != SCAN_QUOTED)
            continue;
        while ((f = catalog_function_named(b->catalog, NULL, scan.name, &next)) != NULL) {
            const char *body = sources[f - b->catalog->functions].body;
            struct trigger t = {.b = b, .number = number, .is_filling = act->is_filling};

            if (!f->is_system && body)
                read_trigger(&t, body);
        }
    }
}
