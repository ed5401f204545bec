/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gather_copy.h"

#include "postgres/encoding.h"
#include "postgres/key_array.h"

enum { BINARY = 1, HEAD = 5 /* of a message */, NULL_MARK = 0xff /* of a null's length */ };

void
gather_clear(struct gather *g)
{
    g->item_count = 0;
    memset(g->ordinal_counts, 0, sizeof(g->ordinal_counts));
    memset(g->clear, 0, sizeof(g->clear));
    memset(g->null, 0, sizeof(g->null));
    memset(g->unattributed, 0, sizeof(g->unattributed));
    memset(g->crowded, 0, sizeof(g->crowded));
    memset(g->crowd, 0, sizeof(g->crowd));
    g->rows = 0;
    g->lost_count = 0;
    g->is_saturated = g->is_settled = g->is_unread = false;
    g->asked_count = 0;
    memset(g->origins, 0, sizeof(g->origins));
    g->shadowed = g->shadow_named = g->given_known = 0;
}

void
gather_add(struct gather *g, size_t part, uint16_t kind, uint32_t ordinal, uint32_t start,
           uint64_t number)
{
    size_t n = g->ordinal_counts[part];
    struct tally_item *item = &g->items[g->item_count];

    if (n > 0 && g->ordinals[part][n - 1] == ordinal)
        return; /* the same person as in the row before */
    g->ordinals[part][n] = ordinal;
    g->ordinal_counts[part] = n + 1;
    item->ordinal = ordinal;
    item->kind = kind;
    item->is_row_end = 0;
    g->starts[g->item_count] = start;
    g->parts[g->item_count] = (uint8_t)part;
    g->row_numbers[g->item_count] = (uint32_t)number;
    g->item_count++;
}

void
gather_pinned(struct gather *g, const struct showing *showing, size_t part,
              const struct ordinals *ordinals, const uint32_t *pinned, size_t count, uint32_t start)
{
    for (size_t i = 0; i < count && g->item_count < GATHER_ITEMS; i++)
        gather_add_person(g, part, showing->parts[part].kind, ordinals, pinned[i], start, g->rows);
    if (g->item_count > 0)
        g->items[g->item_count - 1].is_row_end = 1;
}

/* ---- a row ---- */

/* Reads columns 0 to `last`; only keys, or what they show as well. */
static int
read_data_row(struct gather *g, struct gather_row *row, size_t last, uint8_t mask)
{
    const uint8_t *at = row->body.bytes, *end = at + row->body.length;

    if (row->body.length < 2 || bytes_get_u16(at) != row->showing->column_count)
        return PASU_E_UPSTREAM_PROTOCOL;
    at += 2;
    for (size_t column = 0; column <= last; column++) {
        uint32_t length;
        uint8_t role = row->roles[column] & mask;
        struct view value = view_of(NULL, 0);

        if (end - at < 4)
            return PASU_E_UPSTREAM_PROTOCOL;
        length = bytes_get_u32(at);
        at += 4;
        if (length != UINT32_MAX) {
            if (length > (size_t)(end - at))
                return PASU_E_UPSTREAM_PROTOCOL;
            value = view_of(at, length);
            at += length;
        }
        if (role & SHOWING_ROLE_FIELDS)
            gather_see_fields(g, row, column, value, false);
        if (role & SHOWING_ROLE_KEY)
            gather_see_key(row, column, value, true);
    }
    return 0;
}

static inline int
read_columns(struct gather *g, struct gather_row *row, size_t last, bool only_keys)
{
    uint8_t mask = only_keys ? SHOWING_ROLE_KEY : SHOWING_ROLE_KEY | SHOWING_ROLE_FIELDS;

    return PASU_UNLIKELY(row->copy) ? gather_read_copy(g, row, last, mask)
                                    : read_data_row(g, row, last, mask);
}

static void
see_saturation(struct gather *g, const struct showing_entry *entry)
{
    if (entry->needs_values)
        return;
    for (size_t p = 0; p < entry->showing->part_count; p++)
        if (g->clear[p] != entry->wanted[p])
            return;
    g->is_saturated = true;
}

void
gather_lose(struct gather *g, size_t part, uint32_t number)
{
    g->unattributed[part]++;
    if (g->lost_count < GATHER_LOST)
        g->lost[g->lost_count++] = (struct gather_lost){number, (uint8_t)part};
}

/* Fields of rows of which only the keys can be read. */
static void
see_all(struct gather *g, const struct showing_entry *entry, struct gather_row *row)
{
    for (size_t p = 0; p < entry->showing->part_count; p++) {
        g->clear[p] |= entry->wanted[p];
        g->null[p] |= entry->wanted[p]; /* any of them can be */
    }
    row->shown = row->sure = UINT32_MAX;
    g->is_saturated = g->is_settled = true;
}

/* A row of which a part has no usable key: it shows somebody if it shows anything. */
static int
see_unattributed(struct gather *g, struct gather_row *row, size_t part)
{
    if (g->is_saturated && !row->shown) {
        int result = read_columns(g, row, row->showing->last_column, false);

        if (result != 0)
            return result;
    }
    if (!(row->shown >> part & 1))
        return 0;
    gather_lose(g, part, (uint32_t)g->rows - 1);
    return 0;
}

/* The key of a DataRow's body in which it is a number in text form and no column up to it is null.
 * What goes before the body must be readable: the message's head. False where it is not that
 * simple.
 */
static inline bool
read_simple_key(const struct showing *s, size_t column, const uint8_t *at, const uint8_t *end,
                uint32_t *ordinal)
{
    if (end - at < 2 || bytes_get_u16(at) != s->column_count)
        return false;
    at += 2;
    for (;; column--) {
        uint32_t length;

        if (end - at < 4)
            return false;
        length = bytes_get_u32(at);
        at += 4;
        if (length > (size_t)(end - at))
            return false; /* also where it is null */
        if (column == 0)
            return key_number_in_row(at, length, ordinal) && *ordinal < KEY_ORDINAL_FIRST;
        at += length;
    }
}

/* A row of a run that can have a null: false where it cannot be read. */
static bool
see_run_nulls(struct gather_run *run, const uint8_t *body, const uint8_t *row_end)
{
    const struct showing_entry *entry = run->entry;
    struct gather_row row = {.showing = entry->showing,
                             .roles = entry->roles,
                             .body = view_of(body, (size_t)(row_end - body))};

    if (read_data_row(run->g, &row, entry->showing->last_column, SHOWING_ROLE_FIELDS) != 0)
        return false;
    gather_keep_nulls(run->g, entry, &row, UINT32_MAX);
    run->clean = row_end;
    return true;
}

/* The row at `at`, which will stand at `start`: its bytes; 0: it is for gather_row. */
PASU_ALWAYS_INLINE static inline size_t
run_row(struct gather_run *run, const struct showing *showing, size_t column, const uint8_t *at,
        const uint8_t *end, uint32_t start)
{
    uint32_t length, ordinal;

    if (end - at < HEAD || at[0] != 'D' || !gather_run_has_room(run))
        return 0;
    length = bytes_get_u32(at + 1);
    if (length < 4 || length >= (size_t)(end - at) ||
        !read_simple_key(showing, column, at + HEAD, at + 1 + length, &ordinal))
        return 0;
    if (PASU_UNLIKELY(gather_run_may_be_null(run, NULL_MARK, at + HEAD, at + 1 + length, end)) &&
        !see_run_nulls(run, at + HEAD, at + 1 + length))
        return 0;
    gather_run_add(run, ordinal, start);
    return 1 + (size_t)length;
}

size_t
gather_rows(struct gather *g, const struct showing_entry *entry, const struct ordinals *ordinals,
            struct view bytes, uint32_t start)
{
    const uint8_t *at = bytes.bytes, *end = at + bytes.length;
    struct gather_run run PASU_UNINITIALIZED;
    size_t column, used;

    if (!gather_run_begin(&run, g, entry, ordinals))
        return 0;
    column = entry->showing->parts[run.part].column;
    while ((used = run_row(&run, entry->showing, column, at, end,
                           start + (uint32_t)(at - bytes.bytes))) > 0)
        at += used;
    gather_run_end(&run);
    return (size_t)(at - bytes.bytes);
}

size_t
gather_hidden_rows(struct gather *g, const struct showing_entry *entry,
                   const struct ordinals *ordinals, struct view bytes, uint8_t *out, uint32_t start,
                   size_t *written)
{
    const uint8_t *at = bytes.bytes, *end = at + bytes.length;
    struct gather_run run PASU_UNINITIALIZED;
    uint8_t *to = out;
    size_t used;

    *written = 0;
    if (!gather_run_begin(&run, g, entry, ordinals) || entry->showing->parts[run.part].column != 0)
        return 0;
    while ((used = run_row(&run, entry->showing, 0, at, end, start + (uint32_t)(to - out))) > 0) {
        size_t skip = HEAD + 2 + 4 + bytes_get_u32(at + HEAD + 2); /* up to the second column */
        uint16_t count = (uint16_t)(bytes_get_u16(at + HEAD) - 1);

        to[0] = 'D';
        bytes_put_u32(to + 1, (uint32_t)(HEAD - 1 + 2 + used - skip));
        to[5] = (uint8_t)(count >> 8);
        to[6] = (uint8_t)count;
        memmove(to + HEAD + 2, at + skip, used - skip);
        to += HEAD + 2 + used - skip;
        at += used;
    }
    gather_run_end(&run);
    *written = (size_t)(to - out);
    return (size_t)(at - bytes.bytes);
}

/* ---- keys ---- */

/* Whether the row is of the table that the part's keys are of. */
static bool
is_of_table(struct gather *g, const struct gather_row *row, size_t p)
{
    const struct showing_part *part = &row->showing->parts[p];
    struct view value = row->origins[p];
    uint32_t oid;

    if (!part->has_origin) /* an array does not say what it is of: its names have to be those
                              planned */
        return !part->is_array || !g->is_doubtful;
    if (g->is_doubtful)
        return false;
    if (part->format == BINARY && value.length == sizeof(oid))
        oid = bytes_get_u32(value.bytes);
    else if (part->format == BINARY || !key_small_number(value, &oid))
        return false;
    if (g->origins[p] != oid && showing_is_origin(row->showing, part, oid))
        g->origins[p] = oid;
    return oid != 0 && g->origins[p] == oid;
}

/* Whose key a value is, or is given in its place. */
static inline int
ordinal_of_key(const struct gather *g, const struct gather_row *row, size_t p,
               struct ordinals *ordinals, struct view value, uint32_t *ordinal)
{
    const struct showing_part *part = &row->showing->parts[p];
    if (PASU_UNLIKELY(part->is_given)) {
        ordinals->asked = g->given_others[p];
        *ordinal = g->given[p];
        return g->given_known >> p & 1 ? 0 : PASU_E_MALFORMED;
    }
    return ordinal_of_value(ordinals, part->kind, part->key_type, part->format, value, ordinal);
}

typedef int key_adder(struct gather *g, const struct gather_row *row, size_t p,
                      struct ordinals *ordinals, struct view value, uint32_t start);

static int
add_key(struct gather *g, const struct gather_row *row, size_t p, struct ordinals *ordinals,
        struct view value, uint32_t start)
{
    const struct showing_part *part = &row->showing->parts[p];
    uint32_t ordinal;
    int result = ordinal_of_key(g, row, p, ordinals, value, &ordinal);

    if (PASU_LIKELY(result == 0))
        gather_add_person(g, p, part->kind, ordinals, ordinal, start, g->rows - 1);
    return result;
}

/* The key of several columns; PASU_E_NOTFOUND where all are null. */
static int
add_tuple(struct gather *g, const struct gather_row *row, size_t p, struct ordinals *ordinals,
          uint32_t start)
{
    const struct showing_part *part = &row->showing->parts[p];
    struct ordinal_part parts[CATALOG_KEY_PARTS_MAX];
    uint32_t ordinal;
    int result;

    if (row->unread >> p & 1)
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < part->tuple; i++)
        parts[i] = (struct ordinal_part){row->tuples[p][i], part->keys[i].type,
                                         part->keys[i].format, NULL};
    result = ordinal_of_parts(ordinals, part->kind, parts, part->tuple, &ordinal);
    if (result == 0)
        gather_add_person(g, p, part->kind, ordinals, ordinal, start, g->rows - 1);
    return result;
}

/* Where a quote or a backslash can be the second byte of a character, elements have no ends that
 * are known. */
static bool
has_known_ends(const struct ordinals *ordinals, const struct showing_part *part, struct view array)
{
    bool is_ascii = true;

    if (part->key_type < CATALOG_KEY_TEXT || part->format == BINARY)
        return true;
    for (size_t i = 0; i < array.length; i++)
        is_ascii &= array.bytes[i] < 0x80;
    return is_ascii || (ordinals->encoding && *ordinals->encoding && !*ordinals->is_unsettled &&
                        encoding_is_utf8(*ordinals->encoding));
}

/* The same of a person whom the row need not show. */
static int
add_perhaps(struct gather *g, const struct gather_row *row, size_t p, struct ordinals *ordinals,
            struct view value, uint32_t start)
{
    size_t place = (size_t)gather_perhaps(row->showing, p);
    uint32_t ordinal;
    int result = ordinal_of_key(g, row, p, ordinals, value, &ordinal);

    if (result == 0)
        gather_add(g, place, ordinals->slots[row->showing->parts[p].kind], ordinal, start,
                   g->rows - 1);
    return result;
}

/* The keys of an array, all or none, by `add`, in that place. PASU_E_MALFORMED also where one is
 * null; PASU_E_RANGE and a *count: there is no room for so many, but all of them were read. */
static int
add_keys(struct gather *g, const struct gather_row *row, size_t p, struct ordinals *ordinals,
         uint32_t start, key_adder *add, size_t place, uint64_t *count)
{
    const struct showing_part *part = &row->showing->parts[p];
    size_t items = g->item_count, own = g->ordinal_counts[place];
    enum catalog_key_type type =
        part->key_type == CATALOG_KEY_TUPLE ? CATALOG_KEY_TEXT : part->key_type;
    bool has_null = false, has_room = true;
    struct key_array array;
    struct view value;
    int result = key_array_begin(&array, row->keys[p], part->format);

    *count = 0;
    if ((result == 0 && array.left > 0 && key_type_of_oid(array.element) != type) ||
        !has_known_ends(ordinals, part, row->keys[p]))
        result = PASU_E_MALFORMED;
    while (result == 0 && (result = key_array_next(&array, &value)) > 0) {
        has_room &= g->item_count + PLAN_PARTS_MAX <= GATHER_ITEMS;
        ++*count;
        result = !value.bytes ? PASU_E_NOTFOUND
                 : has_room   ? add(g, row, p, ordinals, value, start)
                              : 0;
        if (result == PASU_E_NOTFOUND) {
            has_null = true;
            result = 0;
        }
    }
    if (result != 0 || !has_room) {
        g->item_count = items;
        g->ordinal_counts[place] = own;
    }
    if (result == 0 && has_null)
        result = PASU_E_MALFORMED;
    if (result != 0)
        *count = 0;
    return result == 0 && !has_room ? PASU_E_RANGE : result;
}

/* Whether the row has a person's key, or part of one. */
static bool
has_key(const struct gather_row *row, size_t p)
{
    const struct showing_part *part = &row->showing->parts[p];

    for (size_t i = 0; i < part->tuple; i++)
        if (row->tuples[p][i].bytes || row->unread >> p & 1)
            return true;
    return part->tuple == 0 && row->keys[p].bytes;
}

/* A row whose nulls need not come of the persons of its keys. */
static int
see_perhaps(struct gather *g, const struct gather_row *row, size_t p, struct ordinals *ordinals,
            uint32_t start)
{
    const struct showing_part *part = &row->showing->parts[p];
    int place = gather_perhaps(row->showing, p), result;
    struct view key = row->keys[p];
    struct key_array array; /* that the key may be in */
    uint64_t count;

    if (!has_key(row, p)) {
        if (part->is_one) /* it is a group of several */
            gather_lose(g, p, (uint32_t)g->rows - 1);
        return 0;
    }
    if (place < 0 || part->tuple > 0 || !is_of_table(g, row, p))
        result = PASU_E_MALFORMED;
    else if (part->is_array && !part->is_one)
        result = add_keys(g, row, p, ordinals, start, add_perhaps, (size_t)place, &count);
    else if (!part->is_array ||
             (result = key_array_only(&array, key, part->format, part->key_type, &key)) == 0)
        result = add_perhaps(g, row, p, ordinals, key, start);
    if (result == PASU_E_MALFORMED || result == PASU_E_RANGE)
        gather_lose(g, p, (uint32_t)g->rows - 1);
    else
        return result;
    return 0;
}

/* A row that shows at most as many as its array has keys, of which there are too many to name. */
static int
see_crowd(struct gather *g, struct gather_row *row, size_t p, uint64_t count)
{
    uint64_t before = g->unattributed[p];
    int result = see_unattributed(g, row, p);

    if (g->unattributed[p] > before) {
        g->crowded[p]++;
        g->crowd[p] += count;
    }
    return result;
}

/* The persons of a part that a row shows, as its key says. */
static int
see_persons(struct gather *g, struct gather_row *row, size_t p, struct ordinals *ordinals,
            uint32_t start)
{
    const struct showing_part *part = &row->showing->parts[p];
    uint64_t count = 0; /* of an array that was read whole */
    int result = PASU_E_MALFORMED;

    if (row->absent >> p & 1)
        return 0;
    if (PASU_UNLIKELY(part->needs_value && !(row->sure >> p & 1)))
        return see_perhaps(g, row, p, ordinals, start);
    if (PASU_UNLIKELY(part->tuple > 0))
        result = add_tuple(g, row, p, ordinals, start);
    else if (row->keys[p].bytes && is_of_table(g, row, p))
        result = part->is_array ? add_keys(g, row, p, ordinals, start, add_key, p, &count)
                                : add_key(g, row, p, ordinals, row->keys[p], start);
    if (PASU_UNLIKELY(result == PASU_E_RANGE && count > 0))
        return see_crowd(g, row, p, count);
    return result == PASU_E_MALFORMED || result == PASU_E_RANGE || result == PASU_E_NOTFOUND
               ? see_unattributed(g, row, p)
               : result;
}

/* Whether the row's fields are to be read, and not its keys alone. */
static bool
wants_fields(const struct gather *g, const struct showing_entry *entry, struct view body)
{
    if (!g->is_saturated)
        return true;
    if (g->is_settled)
        return false;
    return entry->has_groups || entry->copy || memchr(body.bytes, NULL_MARK, body.length);
}

/* Parts that the row is of: of a person whom it has no key of, and nothing, a null says nothing. */
static uint32_t
parts_with_nulls(const struct gather *g, const struct gather_row *row)
{
    uint32_t parts = UINT32_MAX;

    for (size_t p = 0; p < row->showing->part_count; p++) {
        const struct showing_part *part = &row->showing->parts[p];

        if ((part->source == SOURCE_OUTPUT || part->source == SOURCE_HIDDEN) &&
            !part->needs_value && !((g->identified | row->shown) >> p & 1) && !has_key(row, p))
            parts &= ~(1u << p);
    }
    return parts;
}

int
gather_row(struct gather *g, const struct showing_entry *entry, struct ordinals *ordinals,
           struct view body, uint32_t start)
{
    const struct showing *s = entry->showing;
    size_t before = g->item_count;
    bool has_fields;
    struct view identities[PLAN_PARTS_MAX][SHOWING_IDENTITIES_MAX] PASU_UNINITIALIZED;
    struct view tuples[PLAN_PARTS_MAX][CATALOG_KEY_PARTS_MAX] PASU_UNINITIALIZED;
    struct gather_row row = {.showing = s,
                             .copy = entry->copy,
                             .roles = entry->roles,
                             .body = body,
                             .identities = identities,
                             .tuples = tuples};
    int result;

    if (PASU_UNLIKELY(entry->is_keys_alone))
        see_all(g, entry, &row);
    has_fields = wants_fields(g, entry, body);
    result = read_columns(g, &row, has_fields ? s->last_column : entry->last_key, !has_fields);
    if (result != 0)
        return result;
    if (g->rows++ == 0)
        g->first_row = start;
    if (PASU_UNLIKELY(!g->is_saturated))
        see_saturation(g, entry);
    for (size_t p = 0; p < s->part_count; p++) {
        for (size_t i = 0; g->identified >> p & 1 && i < s->parts[p].identity_count; i++)
            gather_ask(g, ordinals, p, i, row.identities[p][i], start);
        if (s->parts[p].source == SOURCE_OUTPUT || s->parts[p].source == SOURCE_HIDDEN)
            result = see_persons(g, &row, p, ordinals, start);
        if (result != 0)
            return result;
    }
    if (g->item_count > before)
        g->items[g->item_count - 1].is_row_end = 1;
    if (PASU_LIKELY(has_fields))
        gather_keep_nulls(g, entry, &row, parts_with_nulls(g, &row));
    return 0;
}

void
gather_unread_row(struct gather *g, const struct showing_entry *entry, uint32_t start)
{
    if (g->rows++ == 0)
        g->first_row = start;
    g->is_unread = true;
    for (size_t p = 0; p < entry->showing->part_count; p++) {
        g->clear[p] |= entry->wanted[p];
        g->unattributed[p]++;
    }
}
