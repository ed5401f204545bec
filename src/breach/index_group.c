/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_group.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/statement.h"

void
index_group_release(struct index_group *group)
{
    for (size_t p = 0; p < group->part_space; p++) {
        ordinals_release(&group->parts[p].shown);
        ordinals_release(&group->parts[p].missed);
    }
    memory_free(group->parts);
    *group = (struct index_group){0};
}

size_t
index_group_room(const struct index_group *group)
{
    size_t room = group->part_space * STATEMENT_PART_COST;

    for (size_t p = 0; p < group->part_space; p++)
        room += group->parts[p].shown.space + group->parts[p].missed.space;
    return room;
}

/* Field by field: most statements are one record, and the struct is long. */
void
index_group_begin(struct index_group *group, uint64_t seq, const struct exposure *exposure)
{
    group->session = exposure->session;
    group->seq = seq;
    group->time = exposure->time;
    group->shape = exposure->shape;
    group->vocabulary = exposure->vocabulary;
    group->principal = group->profile = 0;
    group->is_known = false;
    group->is_open = true;
    group->verdict = 0;
    group->day_part =
        exposure->statements == 0 ? DAY_PART_NONE : (uint8_t)day_part_of(exposure->time);
    group->statements = group->rows = group->misses = group->flags = group->weight = 0;
    group->rule[0] = '\0';
    memcpy(group->actor, exposure->actor, sizeof(group->actor));
    group->claims = exposure->claims;
    group->part_count = 0;
}

bool
index_group_goes_on(const struct index_group *group, const struct exposure *exposure, bool is_known)
{
    return exposure->statements == 0 && group->shape == exposure->shape &&
           group->vocabulary == exposure->vocabulary && group->is_known == is_known &&
           day_of(group->time) == day_of(exposure->time) &&
           strncmp(group->actor, exposure->actor, sizeof(group->actor)) == 0;
}

static struct index_group_part *
part_like(struct index_group *group, const struct index_class_part *like)
{
    struct index_group_part *part;

    for (size_t p = 0; p < group->part_count; p++)
        if (memcmp(&group->parts[p].like, like, sizeof(*like)) == 0)
            return &group->parts[p];
    if (group->part_count == group->part_space) {
        size_t space = group->part_space * 2 + 1;
        struct index_group_part *parts = memory_resize(group->parts, space, sizeof(*parts));

        if (parts == NULL)
            return NULL;
        memset(parts + group->part_space, 0, (space - group->part_space) * sizeof(*parts));
        group->parts = parts;
        group->part_space = space;
    }
    part = &group->parts[group->part_count++];
    part->like = *like;
    part->unknown = 0;
    part->shown.count = part->missed.count = 0;
    return part;
}

static int
add_part(struct index_group *group, const struct exposure_part *from)
{
    struct index_class_part like = {.clear = from->clear,
                                    .masked = from->masked,
                                    .null = from->null,
                                    .kind = from->kind,
                                    .attribution = from->attribution,
                                    .bits = from->is_text ? INDEX_PART_TEXT : 0};
    struct index_group_part *part = part_like(group, &like);

    if (part == NULL || ordinals_add(&part->shown, from->ordinals, from->ordinal_count) != 0 ||
        ordinals_add(&part->missed, from->missed, from->missed_count) != 0)
        return PASU_E_NOMEM;
    group->weight += from->ordinal_count + from->missed_count + STATEMENT_PART_COST;
    part->unknown = sum_of(part->unknown, from->unknown);
    return 0;
}

int
index_group_add(struct index_group *group, const struct exposure *exposure)
{
    int result = 0;

    if (group->day_part != day_part_of(exposure->time))
        group->day_part = DAY_PART_NONE;
    group->statements = sum_of(group->statements, exposure->statements);
    group->rows = sum_of(group->rows, exposure->rows);
    group->misses = sum_of(group->misses, exposure->misses);
    group->flags |= exposure->flags;
    if (exposure->verdict > group->verdict ||
        (exposure->verdict == group->verdict && group->rule[0] == '\0')) {
        group->verdict = exposure->verdict;
        memcpy(group->rule, exposure->rule, sizeof(group->rule));
    }
    for (size_t p = 0; result == 0 && p < exposure->part_count && p < EXPOSURE_PARTS_MAX; p++)
        result = add_part(group, &exposure->parts[p]);
    return result;
}

int
index_group_class(const struct index_group *group, struct index_class *class)
{
    if (group->part_count > INDEX_PARTS_MAX)
        return PASU_E_RANGE;
    class->head = (struct index_class_head){.vocabulary = group->vocabulary,
                                            .part_count = (uint8_t)group->part_count};
    for (size_t p = 0; p < group->part_count; p++) {
        const struct index_group_part *part = &group->parts[p];
        uint8_t bits = part->like.bits;

        if (part->shown.count > 0 || part->unknown > 0 || part->missed.count == 0)
            bits |= INDEX_PART_SHOWN;
        if (part->unknown > 0)
            bits |= INDEX_PART_BOUND;
        class->parts[p] = part->like;
        class->parts[p].bits = bits;
    }
    return 0;
}

/* ---- bytes ---- */

int
index_group_write(struct index_group *g, struct pack *pack, struct ordinals *scratch)
{
    pack_u64(pack, g->seq);
    pack_u64(pack, (uint64_t)g->time);
    pack_u64(pack, g->shape);
    pack_u32(pack, g->vocabulary);
    pack_u32(pack, g->principal);
    pack_u32(pack, g->profile);
    pack_u8(pack, g->is_known);
    pack_u8(pack, g->verdict);
    pack_u8(pack, g->day_part);
    pack_number(pack, g->statements);
    pack_number(pack, g->rows);
    pack_number(pack, g->misses);
    pack_number(pack, g->flags);
    pack_number(pack, g->weight);
    pack_text(pack, g->actor);
    pack_text(pack, g->rule);
    pack_text(pack, g->claims.purpose);
    pack_text(pack, g->claims.source);
    pack_u8(pack, g->claims.is_signed);
    pack_number(pack, g->part_count);
    for (size_t p = 0; p < g->part_count; p++) {
        struct index_group_part *part = &g->parts[p];

        if (ordinals_sort(&part->shown, scratch) != 0 || ordinals_sort(&part->missed, scratch) != 0)
            return PASU_E_NOMEM;
        pack_bytes(pack, &part->like, sizeof(part->like));
        pack_number(pack, part->unknown);
        person_bytes_put(pack, &part->shown);
        person_bytes_put(pack, &part->missed);
    }
    return pack->failed ? PASU_E_NOMEM : 0;
}

static int
read_part(struct index_group *g, struct reader *r)
{
    struct index_class_part like = {0};
    struct index_group_part *part;
    uint64_t unknown;
    struct view shown, missed;
    int result;

    little_read(r, &like, sizeof(like));
    unknown = unpack_number(r);
    shown = person_bytes_next(r);
    missed = person_bytes_next(r);
    if (r->failed || like.kind >= EXPOSURE_KINDS_MAX || like.attribution >= ATTRIBUTION_COUNT ||
        (like.bits & ~INDEX_PART_TEXT) != 0 || !bytes_are_zero(like.zero, sizeof(like.zero)))
        return PASU_E_CORRUPT;
    part = part_like(g, &like);
    if (part == NULL)
        return PASU_E_NOMEM;
    part->unknown = unknown;
    result = person_bytes_list(shown, 0, &part->shown);
    return result != 0 ? result : person_bytes_list(missed, 0, &part->missed);
}

/* Who it was by is one whom the names have; nothing that is open is beyond what is held of one. */
static bool
is_sound(const struct index_group *g, size_t parts, const struct index_names *names)
{
    bool is_named = g->profile != 0 && g->profile <= names->profiles.count && g->principal != 0 &&
                    g->principal <= names->principals.count &&
                    index_names_principal(names, g->profile) == g->principal;

    return (g->is_known ? is_named : g->profile == 0 && g->principal == 0) &&
           g->verdict <= VERDICT_OF_BLOCK && g->weight <= STATEMENT_PERSONS_MAX &&
           parts <= g->weight / STATEMENT_PART_COST;
}

int
index_group_read(struct index_group *g, uint64_t session, struct view bytes,
                 const struct index_names *names)
{
    struct reader r = reader_of(bytes);
    size_t parts;
    int result = 0;

    *g = (struct index_group){.session = session, .is_open = true, .seq = little_read_u64(&r)};
    g->time = (int64_t)little_read_u64(&r);
    g->shape = little_read_u64(&r);
    g->vocabulary = little_read_u32(&r);
    g->principal = little_read_u32(&r);
    g->profile = little_read_u32(&r);
    g->is_known = reader_u8(&r) != 0;
    g->verdict = reader_u8(&r);
    g->day_part = reader_u8(&r) & DAY_PART_NONE;
    g->statements = unpack_number(&r);
    g->rows = unpack_number(&r);
    g->misses = unpack_number(&r);
    g->flags = unpack_number(&r);
    g->weight = unpack_number(&r);
    unpack_text(&r, g->actor, sizeof(g->actor));
    unpack_text(&r, g->rule, sizeof(g->rule));
    unpack_text(&r, g->claims.purpose, sizeof(g->claims.purpose));
    unpack_text(&r, g->claims.source, sizeof(g->claims.source));
    g->claims.is_signed = reader_u8(&r) != 0;
    parts = unpack_count(&r);
    if (r.failed || !is_sound(g, parts, names))
        return PASU_E_CORRUPT;
    for (size_t p = 0; result == 0 && p < parts; p++)
        result = read_part(g, &r);
    return result != 0 ? result : reader_end(&r) == 0 ? 0 : PASU_E_CORRUPT;
}
