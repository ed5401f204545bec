/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/catalog_marks_part.h"

#include "base/memory.h"

enum {
    MARKS_MAX = 8192,
    NAME_LOADS_MAX = 256, /* a name of which nothing has come for so long was never committed */
};

static bool
is_same(const struct marked *a, const struct marked *b)
{
    return a->relation == b->relation && a->column == b->column && a->vocabulary == b->vocabulary &&
           a->is_clearing == b->is_clearing && strcmp(a->schema, b->schema) == 0 &&
           strcmp(a->name, b->name) == 0;
}

/* What is marked anew is not forgotten. */
static void
keep_gone(struct catalog_marks *marks, const struct marked *mark)
{
    for (size_t i = 0; i < marks->gone_count; i++)
        if (is_same(&marks->gone[i], mark))
            marks->gone[i--] = marks->gone[--marks->gone_count];
}

/* Without memory or room for it the ledger keeps it: too much is marked then, after a restart. */
static void
add_gone(struct catalog_marks *marks, const struct marked *mark)
{
    struct marked *gone;

    if (marks->gone_count == MARKS_MAX)
        return;
    gone = memory_resize(marks->gone, marks->gone_count + 1, sizeof(*gone));
    if (!gone)
        return;
    marks->gone = gone;
    gone[marks->gone_count++] = *mark;
}

/* Given again: it is waited for again. */
static void
give(struct marked *mark, uint64_t number)
{
    mark->number = number;
    mark->loads = 0;
    mark->horizon = 0;
}

/* Rows of both. */
static void
add_rows(struct marked *mark, const struct marked *more)
{
    bool is_known = mark->persons != 0 && more->persons != 0;

    mark->is_one &= more->is_one;
    if (!is_known || __builtin_add_overflow(mark->persons, more->persons, &mark->persons))
        mark->persons = 0;
}

static int
add(struct catalog_marks *marks, const struct marked *mark)
{
    struct marked *items;

    keep_gone(marks, mark);
    for (size_t i = 0; i < marks->count; i++)
        if (is_same(&marks->items[i], mark)) {
            add_rows(&marks->items[i], mark);
            marks->items[i].fields |= mark->fields;
            marks->items[i].kinds |= mark->kinds;
            marks->items[i].recorded_fields |= mark->recorded_fields;
            marks->items[i].recorded_kinds |= mark->recorded_kinds;
            marks->items[i].is_late |= mark->is_late;
            if (mark->number > marks->items[i].number)
                give(&marks->items[i], mark->number);
            marks->items[i].is_adrift |= mark->is_adrift;
            marks->items[i].is_unsure &= mark->is_unsure;
            return 0;
        }
    if (marks->count == MARKS_MAX)
        return PASU_E_RANGE;
    items = memory_resize(marks->items, marks->count + 1, sizeof(*items));
    if (!items)
        return PASU_E_NOMEM;
    marks->items = items;
    items[marks->count++] = *mark;
    return 0;
}

int
catalog_marks_put_in(struct catalog_marks *marks, const struct marked *mark)
{
    return add(marks, mark);
}

int
catalog_marks_add(struct catalog_marks *marks, const struct catalog_mark *mark, uint32_t vocabulary)
{
    struct marked one = {.relation = mark->relation,
                         .vocabulary = vocabulary,
                         .column = mark->column,
                         .is_late = marks->is_loading,
                         .number = marks->number,
                         .fields = mark->fields,
                         .kinds = mark->kinds,
                         .is_one = mark->is_one,
                         .persons = mark->persons};

    if (mark->relation == 0) {
        snprintf(one.schema, sizeof(one.schema), "%s", mark->schema ? mark->schema : "");
        snprintf(one.name, sizeof(one.name), "%s", mark->name);
    }
    return add(marks, &one);
}

/* A mark without a schema is of any, and so is a name. */
static bool
is_moved(const struct marked *mark, const struct catalog_mark *from)
{
    if (mark->relation != 0 || mark->column == CATALOG_MADE ||
        (from->name && strcmp(mark->name, from->name) != 0))
        return false;
    return mark->schema[0] == '\0' || !from->schema || strcmp(mark->schema, from->schema) == 0 ||
           strcmp(mark->schema, CATALOG_TEMPORARY) == 0;
}

bool
catalog_marks_hold(const struct catalog_marks *marks, const struct catalog_relation *r)
{
    for (const struct marked *m = marks->items; m < marks->items + marks->count; m++)
        if (m->relation != 0
                ? m->relation == r->oid && ((m->fields & ~r->fields) || (m->kinds & ~r->kinds))
                : strcmp(m->name, m->column == CATALOG_MADE ? CATALOG_EVER : r->name) == 0)
            return true;
    return false;
}

bool
catalog_marks_have(const struct catalog_marks *marks, const struct catalog_mark *mark)
{
    for (const struct marked *m = marks->items; m < marks->items + marks->count; m++)
        if (m->relation == mark->relation && m->column == 0 && !m->is_one &&
            !(mark->fields & ~m->fields) && !(mark->kinds & ~m->kinds))
            return true;
    return false;
}

int
catalog_marks_move(struct catalog_marks *marks, const struct catalog_mark *from,
                   const struct catalog_mark *to)
{
    size_t count = marks->count;
    int result = 0;

    for (size_t i = 0; result == 0 && i < count; i++) {
        struct marked mark = marks->items[i];

        if (!is_moved(&mark, from))
            continue;
        give(&mark, marks->number);
        mark.is_late = marks->is_loading;
        mark.recorded_fields = mark.recorded_kinds = 0;
        if (to->name)
            snprintf(mark.name, sizeof(mark.name), "%s", to->name);
        if (mark.schema[0] != '\0' && strcmp(mark.schema, CATALOG_TEMPORARY) != 0)
            snprintf(mark.schema, sizeof(mark.schema), "%s", to->schema ? to->schema : "");
        result = add(marks, &mark);
    }
    return result;
}

int
catalog_marks_list(struct catalog_marks *marks, uint32_t vocabulary, struct catalog_mark **list,
                   size_t *count)
{
    struct catalog_mark *copy = memory_new(marks->count + 1, sizeof(*copy) + sizeof(struct marked));
    struct marked *texts = (struct marked *)(void *)(copy + marks->count);

    if (!copy)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < marks->count; i++) {
        struct marked *m = &texts[i];
        bool is_known;

        marks->items[i].is_late = false;
        *m = marks->items[i];
        is_known = m->vocabulary == vocabulary;
        copy[i] = (struct catalog_mark){
            .relation = m->relation,
            .schema = m->schema[0] != '\0' ? m->schema : NULL,
            .name = m->name,
            .column = m->column,
            .fields = is_known ? m->fields : UINT64_MAX,
            .kinds = is_known ? m->kinds : UINT64_MAX,
            .is_one = m->is_one,
            .persons = m->persons,
        };
    }
    marks->is_loading = true;
    *list = copy;
    *count = marks->count;
    return 0;
}

void
catalog_marks_drift(struct catalog_marks *marks, uint64_t from)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->items[i].relation == 0 && marks->items[i].number >= from) {
            marks->items[i].is_adrift = true;
            marks->items[i].horizon = 0;
        }
}

bool
catalog_marks_need_next(const struct catalog_marks *marks)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->items[i].is_adrift && marks->items[i].horizon == 0)
            return true;
    return false;
}

/* Whether what it marks need not be in the snapshot that was begun with this sight. */
static bool
is_open(struct marked *mark, const struct catalog_sight *sight)
{
    if (sight->open != 0 && mark->number >= sight->open)
        return true;
    if (!mark->is_adrift)
        return false;
    if (mark->horizon == 0)
        mark->horizon = sight->next;
    mark->is_adrift = mark->horizon == 0 || sight->oldest < mark->horizon;
    return mark->is_adrift;
}

/* The marks of what is called so now. */
static int
settle_name(struct catalog_marks *settled, const struct marked *mark, const struct catalog *catalog)
{
    const char *schema = mark->schema[0] != '\0' ? mark->schema : NULL;
    const struct catalog_relation *r;
    struct marked later = *mark;
    bool is_kept = is_open(&later, &settled->sight), is_made = mark->column == CATALOG_MADE;
    size_t at = 0;
    bool is_there = false;
    int result = 0;

    if (mark->is_late)
        return add(settled, mark);
    settled->is_waiting |= is_made && is_kept;
    while (result == 0 &&
           (r = is_made ? catalog_relation_since(catalog, mark->name, &at)
                        : catalog_relation_marked(catalog, schema, mark->name, &at)) != NULL) {
        struct marked found = {.relation = r->oid,
                               .vocabulary = mark->vocabulary,
                               .column = is_made ? 0 : mark->column,
                               .number = mark->number,
                               .fields = mark->fields,
                               .kinds = mark->kinds,
                               .is_one = mark->is_one,
                               .persons = mark->persons};

        if (is_made && r->is_empty) { /* what goes in from here on is another one's affair */
            settled->is_coarse = true;
            continue;
        }
        is_there = true;
        result = add(settled, &found);
    }
    if (!is_kept && !is_made)
        is_kept = !is_there && ++later.loads < NAME_LOADS_MAX;
    return result == 0 && is_kept ? add(settled, &later) : result;
}

/* What has gone into a table went into its partitions, which may be detached some day. Where there
 * are too many they have it from the table alone. */
static int
settle_children(struct catalog_marks *settled, const struct catalog *catalog)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < settled->count; i++) {
        const struct marked from = settled->items[i];
        const struct catalog_spill *spill;
        size_t at = 0;

        while (result == 0 && from.relation != 0 && from.column == 0 && !from.is_clearing &&
               (spill = catalog_spill(catalog, from.relation, &at)) != NULL) {
            struct marked child = from;

            if (spill->kind != SPILL_CHILD || !catalog_relation(catalog, spill->to))
                continue;
            child.relation = spill->to;
            child.recorded_fields = child.recorded_kinds = 0;
            result = add(settled, &child);
        }
    }
    return result == PASU_E_RANGE ? 0 : result;
}

static bool
has(const struct catalog_marks *marks, const struct marked *mark)
{
    for (size_t i = 0; i < marks->count; i++)
        if (is_same(&marks->items[i], mark))
            return true;
    return false;
}

static void
settle_gone(struct catalog_marks *settled, const struct catalog_marks *marks)
{
    for (size_t i = 0; i < marks->gone_count; i++)
        if (!has(settled, &marks->gone[i]))
            add_gone(settled, &marks->gone[i]);
    for (size_t i = 0; i < marks->count; i++)
        if (marks->items[i].recorded_fields != 0 && !has(settled, &marks->items[i]))
            add_gone(settled, &marks->items[i]);
}

int
catalog_marks_settle(struct catalog_marks *marks, const struct catalog *catalog)
{
    struct catalog_marks settled = {.number = marks->number, .sight = marks->sight};
    int result = 0;

    for (size_t i = 0; result == 0 && i < marks->count; i++) {
        struct marked m = marks->items[i];

        if (m.relation == 0) {
            result = settle_name(&settled, &m, catalog);
        } else if (m.is_late || catalog_relation(catalog, m.relation)) {
            m.is_unsure &= m.is_late; /* the snapshot was begun before it */
            result = add(&settled, &m);
        }
    }
    if (result == 0)
        result = settle_children(&settled, catalog);
    if (result != 0) {
        catalog_marks_release(&settled);
        return result; /* nothing is lost: they stay as they were */
    }
    settle_gone(&settled, marks);
    catalog_marks_release(marks);
    *marks = settled;
    return 0;
}

int
catalog_marks_follow(struct catalog_marks *marks, const struct catalog_marks *leader,
                     const struct catalog *catalog)
{
    struct catalog_marks followed = {.number = marks->number, .sight = marks->sight};
    int result = catalog_marks_copy(&followed, leader, KIN_SAME);

    for (struct marked *m = marks->items; result == 0 && m < marks->items + marks->count; m++)
        if (m->relation != 0 && (m->is_late || catalog_relation(catalog, m->relation)))
            result = add(&followed, m);
    if (result != 0) {
        catalog_marks_release(&followed);
        return result;
    }
    catalog_marks_release(marks);
    *marks = followed;
    return 0;
}

int
catalog_marks_fill(struct catalog_marks *marks, const struct catalog *catalog, uint32_t vocabulary)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < catalog_relation_count(catalog); i++) {
        const struct catalog_relation *r = catalog_relation_at(catalog, i);
        struct marked mark = {.relation = r->oid,
                              .vocabulary = vocabulary,
                              .fields = r->filled_fields,
                              .kinds = r->filled_kinds};

        if (r->is_mixed) { /* for good: what has mixed its rows can go */
            mark.fields |= r->marked_fields;
            mark.kinds |= r->marked_kinds;
        }
        if (mark.fields != 0)
            result = add(marks, &mark);
    }
    return result;
}

int
catalog_marks_keep(struct catalog_marks *marks, const struct catalog *catalog, uint32_t vocabulary)
{
    const struct catalog_mark *renamed;
    size_t at = 0;
    int result = 0;

    while (result == 0 && (renamed = catalog_renamed(catalog, &at)) != NULL)
        result = catalog_marks_add(marks, renamed, vocabulary);
    return result;
}

/* ---- what no mapping names any more ---- */

static uint64_t
shown(const struct catalog_relation *r, uint8_t kind, int16_t column)
{
    uint64_t fields = r->marked_kinds >> kind & 1 ? r->marked_fields : 0;

    for (size_t i = 0; i < r->show_count; i++)
        if (r->shows[i].kind == kind && column <= r->column_limit)
            fields |= r->shows[i].column_fields[column];
    return fields;
}

static bool
has_column(const struct catalog_relation *r, int16_t column)
{
    for (size_t i = 0; i < r->column_count; i++)
        if (r->columns[i].number == column)
            return true;
    return false;
}

static int
keep_show(struct catalog_marks *marks, const struct catalog_relation *was,
          const struct catalog_show *show, const struct catalog_relation *now, uint32_t vocabulary,
          bool *is_any)
{
    int result = 0;

    for (int16_t n = 1; n <= was->column_limit && result == 0; n++) {
        const struct catalog_mark mark = {.relation = was->oid,
                                          .column = n,
                                          .fields =
                                              show->column_fields[n] & ~shown(now, show->kind, n),
                                          .kinds = UINT64_C(1) << show->kind};

        if (mark.fields == 0 || !has_column(now, n))
            continue;
        result = catalog_marks_add(marks, &mark, vocabulary);
        *is_any = true;
    }
    return result;
}

int
catalog_marks_lose(struct catalog_marks *marks, const struct catalog *before,
                   const struct catalog *now, uint32_t vocabulary, bool *is_any)
{
    int result = 0;

    *is_any = false;
    for (size_t i = 0; before && i < catalog_relation_count(before); i++) {
        const struct catalog_relation *was = catalog_relation_at(before, i);
        const struct catalog_relation *is =
            was->show_count > 0 ? catalog_relation(now, was->oid) : NULL;

        for (size_t s = 0; is && s < was->show_count && result == 0; s++)
            result = keep_show(marks, was, &was->shows[s], is, vocabulary, is_any);
    }
    return result;
}

/* ---- of other databases ---- */

/* Of another database: the ledger does not have it, and a name is given anew. */
static int
add_kin(struct catalog_marks *marks, struct marked *mark, enum catalog_kin kin)
{
    if (kin == KIN_NONE)
        return 0;
    if (kin != KIN_SAME) {
        mark->recorded_fields = mark->recorded_kinds = 0;
        mark->is_unsure |= kin == KIN_TEMPLATE;
        mark->is_clearing = false;
        mark->is_adrift = mark->relation == 0;
        mark->horizon = 0;
    }
    mark->is_late = marks->is_loading;
    return add(marks, mark);
}

int
catalog_marks_copy(struct catalog_marks *marks, const struct catalog_marks *from,
                   enum catalog_kin kin)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < from->count; i++) {
        struct marked mark = from->items[i];

        result = add_kin(marks, &mark, kin);
    }
    return result;
}

/* ---- the ledger ---- */

int
catalog_marks_restore(struct catalog_marks *marks, const struct ring_mark *mark,
                      enum catalog_kin kin)
{
    struct marked one = {.relation = mark->relation,
                         .vocabulary = mark->vocabulary,
                         .column = mark->column,
                         .is_adrift = mark->relation == 0,
                         .fields = mark->fields,
                         .kinds = mark->kinds,
                         .recorded_fields = mark->fields,
                         .recorded_kinds = mark->kinds};

    snprintf(one.schema, sizeof(one.schema), "%s", mark->schema);
    snprintf(one.name, sizeof(one.name), "%s", mark->name);
    return add_kin(marks, &one, kin);
}

void
catalog_marks_unrecord(struct catalog_marks *marks)
{
    for (size_t i = 0; i < marks->count; i++)
        marks->items[i].recorded_fields = marks->items[i].recorded_kinds = 0;
}

bool
catalog_marks_has(const struct catalog_marks *marks, const struct ring_mark *mark)
{
    struct marked one = {
        .relation = mark->relation, .vocabulary = mark->vocabulary, .column = mark->column};

    snprintf(one.schema, sizeof(one.schema), "%s", mark->schema);
    snprintf(one.name, sizeof(one.name), "%s", mark->name);
    return has(marks, &one);
}

static struct ring_mark
record_of(const struct marked *mark, enum ring_mark_what what)
{
    struct ring_mark record = {.what = (uint8_t)what,
                               .relation = mark->relation,
                               .vocabulary = mark->vocabulary,
                               .column = mark->column};

    if (what == RING_MARK_CARRIES) {
        record.fields = mark->fields;
        record.kinds = mark->kinds;
    }
    snprintf(record.schema, sizeof(record.schema), "%s", mark->schema);
    snprintf(record.name, sizeof(record.name), "%s", mark->name);
    return record;
}

/* What a name has become goes before the word that the name is forgotten. */
int
catalog_marks_record(struct catalog_marks *marks, catalog_marks_put *put, void *arg)
{
    struct ring_mark record;
    int result = 0;

    for (size_t i = 0; i < marks->count && result == 0; i++) {
        struct marked *m = &marks->items[i];

        if (m->is_unsure ||
            ((m->fields & ~m->recorded_fields) == 0 && (m->kinds & ~m->recorded_kinds) == 0))
            continue;
        record = record_of(m, RING_MARK_CARRIES);
        result = put(arg, &record);
        if (result == 0) {
            m->recorded_fields = m->fields;
            m->recorded_kinds = m->kinds;
        }
    }
    while (result == 0 && marks->gone_count > 0) {
        record = record_of(&marks->gone[marks->gone_count - 1], RING_MARK_FORGOTTEN);
        result = put(arg, &record);
        marks->gone_count -= result == 0;
    }
    return result;
}

void
catalog_marks_release(struct catalog_marks *marks)
{
    memory_free(marks->items);
    memory_free(marks->gone);
    *marks = (struct catalog_marks){0};
}
