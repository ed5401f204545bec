/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/chunk_bytes.h"

void
chunk_release(struct chunk_made *made)
{
    pack_release(&made->heads);
    pack_release(&made->bodies);
    pack_release(&made->body);
    pool_release(&made->pool);
    pool_scratch_release(&made->scratch);
}

void
chunk_clear(struct chunk_made *made)
{
    made->heads.used = made->bodies.used = 0;
    made->heads.failed = made->bodies.failed = false;
    made->principal = 0;
    pool_clear(&made->pool);
}

void
chunk_add_bytes(struct chunk_made *made, uint32_t principal, struct view attendance)
{
    pack_number(&made->heads, principal - made->principal);
    pack_number(&made->heads, attendance.length);
    pack_bytes(&made->bodies, attendance.bytes, attendance.length);
    made->principal = principal;
}

int
chunk_add(struct chunk_made *made, uint32_t principal, const struct attendance *attendance)
{
    int result;

    if (attendance->persons.count < CHUNK_OWN)
        return pool_add(&made->pool, principal, attendance);
    made->body.used = 0;
    result = attendance_write(attendance, &made->body, &made->scratch.moments);
    if (result == 0)
        chunk_add_bytes(made, principal, pack_view(&made->body));
    return result;
}

int
chunk_end(struct chunk_made *made, struct pack *pack)
{
    int result = made->heads.failed || made->bodies.failed ? PASU_E_NOMEM : 0;

    pack_number(pack, made->heads.used);
    pack_bytes(pack, made->heads.bytes, made->heads.used);
    pack_bytes(pack, made->bodies.bytes, made->bodies.used);
    if (result == 0)
        result = pool_write(&made->pool, pack, &made->scratch);
    chunk_clear(made);
    return result == 0 && pack->failed ? PASU_E_NOMEM : result;
}

void
chunk_walk_begin(struct chunk_walk *walk, struct view value)
{
    *walk = (struct chunk_walk){.bodies = reader_of(value)};
    walk->heads = reader_of(reader_bytes(&walk->bodies, unpack_count(&walk->bodies)));
}

int
chunk_walk_next(struct chunk_walk *walk, struct view *attendance)
{
    uint64_t step, length;

    if (walk->bodies.failed)
        return PASU_E_CORRUPT;
    if (reader_left(&walk->heads) == 0)
        return 0;
    step = unpack_number(&walk->heads);
    length = unpack_number(&walk->heads);
    if (walk->heads.failed || step > UINT32_MAX - walk->principal ||
        (step == 0 && walk->is_begun) || length > reader_left(&walk->bodies))
        return PASU_E_CORRUPT;
    walk->principal += (uint32_t)step;
    walk->is_begun = true;
    *attendance = reader_bytes(&walk->bodies, (size_t)length);
    return 1;
}

int
chunk_walk_pool(struct chunk_walk *walk, struct pool_view *pool)
{
    struct view rest = reader_bytes(&walk->bodies, reader_left(&walk->bodies));

    if (walk->bodies.failed || reader_left(&walk->heads) > 0)
        return PASU_E_CORRUPT;
    if (rest.length == 0)
        return 0;
    return pool_view_of(pool, rest) == 0 ? 1 : PASU_E_CORRUPT;
}
