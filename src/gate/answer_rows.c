/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a large result, one after the other: what answer_message does for each of them, where
 * nothing about them changes from row to row. They pass as they are, so that they are moved, if
 * they must be, all at once; or without the one key that is hidden before them.
 */
#include "gate/answer.h"
#include "gate/instruments.h"

/* Whether a row changes nothing about the session, nor needs more than being read. */
static bool
is_steady(const struct answering *a)
{
    const struct result *r = &a->o->result;
    struct session_step step = session_table[a->s->state][EVENT_SERVER_DATA_ROW];

    return r->is_open && r->showing && !r->doubt_fields && !a->o->is_muted &&
           !(r->statement && r->statement->settings) && r->showing->showing->hidden_count <= 1 &&
           step.action == ACTION_FORWARD && step.next == a->s->state;
}

/* Rows that show nothing personal: as many as are whole. */
static size_t
pass_rows(const uint8_t *bytes, size_t have, uint64_t *rows)
{
    const uint8_t *at = bytes, *end = bytes + have;

    while (end - at > WALK_HEAD && at[0] == 'D') {
        uint32_t length = bytes_get_u32(at + 1);

        if (!walk_length_is_valid(length) || length >= (size_t)(end - at))
            break;
        at += 1 + length;
        ++*rows;
    }
    return (size_t)(at - bytes);
}

size_t
answer_rows(struct answering *a, const uint8_t *at, size_t have, struct walk *walk)
{
    struct gather *g = &a->tools->gather;
    struct result *r = &a->o->result;
    uint64_t rows = 0;
    size_t used, written = 0;
    bool is_hidden;

    if (!is_steady(a))
        return 0;
    is_hidden = r->showing->showing->hidden_count > 0;
    if (is_hidden) {
        uint64_t before = g->rows;

        used = gather_hidden_rows(g, r->showing, &a->tools->ordinals, view_of(at, have), a->out,
                                  (uint32_t)(a->out - a->sent), &written);
        rows = g->rows - before;
    } else if (r->showing->showing->is_nothing) {
        used = pass_rows(at, have, &rows);
        r->rows += rows;
    } else {
        uint64_t before = g->rows;

        used = gather_rows(g, r->showing, &a->tools->ordinals, view_of(at, have),
                           (uint32_t)(a->out - a->sent));
        rows = g->rows - before;
    }
    if (used == 0)
        return 0;
    if (!is_hidden && a->out != at)
        memmove(a->out, at, used);
    a->out += is_hidden ? written : used;
    a->rows += rows;
    walk->rows += rows;
    a->s->from_server.type = 'D';
    return used;
}
