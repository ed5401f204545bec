/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of a server that are too long to be read whole (ANSWER_MAX): they pass in pieces, after
 * what they can show has been recorded: of a row one person of each part, of anything else the most
 * that the statement can carry.
 */
#include "gate/answer.h"
#include "gate/budgets.h"
#include "gate/call.h"
#include "gate/copy_out.h"
#include "gate/instruments.h"
#include "gate/release.h"
#include "gate/result.h"
#include "gate/scrub.h"

/* Writes the head of a message that passes in pieces, and its first bytes. */
static int
begin_piece(struct answering *a, const uint8_t *message, const uint8_t *from, const uint8_t *to,
            size_t total)
{
    uint8_t head[WALK_HEAD] = {message[0]};
    size_t n = (size_t)(to - from);

    bytes_put_u32(head + 1, (uint32_t)(total - 1));
    memmove(a->out + WALK_HEAD, from, n);
    memcpy(a->out, head, WALK_HEAD);
    a->out += WALK_HEAD + n;
    return 0;
}

static ssize_t
giant_row(struct answering *a, const uint8_t *message, size_t have, size_t total)
{
    struct result *r = &a->o->result;
    struct gather *g = &a->tools->gather;
    const struct showing *showing;
    size_t skip = WALK_HEAD;
    uint8_t count[2];
    int result = r->is_open ? 0 : result_open_portal(a->s);

    if (result == 0 && !r->showing)
        result = PASU_E_UPSTREAM_PROTOCOL;
    if (result == 0)
        result = answer_flush(a);
    if (result != 0 || a->o->is_muted)
        return result != 0 ? result : (ssize_t)have;
    if (r->doubt_fields)
        result = answer_doubt(a);
    if (result != 0 || a->o->is_muted)
        return result != 0 ? result : (ssize_t)have;
    showing = r->showing->showing;
    if (!showing->is_nothing) {
        result_begin_rows(a->s, 0);
        gather_unread_row(g, r->showing, 0);
        result = answer_flush(a);
        if (result != 0 || a->o->is_muted)
            return result != 0 ? result : (ssize_t)have;
    }
    a->rows++;
    memcpy(count, message + WALK_HEAD, 2);
    if (showing->hidden_count > 0) {
        skip = answer_row_skip(message, have, showing->hidden_count);
        if (skip == 0)
            return PASU_E_UPSTREAM_PROTOCOL;
        count[1] = (uint8_t)(bytes_get_u16(count) - showing->hidden_count);
        count[0] = (uint8_t)((bytes_get_u16(message + WALK_HEAD) - showing->hidden_count) >> 8);
        begin_piece(a, message, count, count + 2, total - skip + WALK_HEAD + 2);
        memmove(a->out, message + skip, have - skip);
        a->out += have - skip;
        return (ssize_t)have;
    }
    begin_piece(a, message, message + WALK_HEAD, message + have, total);
    return (ssize_t)have;
}

/* The value of a FunctionCallResponse; bytes NULL where it is null, or has not come. */
static struct view
value_of(const uint8_t *message, size_t have)
{
    bool is_there = have >= WALK_HEAD + 4 && bytes_get_u32(message + WALK_HEAD) != UINT32_MAX;

    return is_there ? view_of(message + WALK_HEAD, have - WALK_HEAD) : view_of(NULL, 0);
}

ssize_t
answer_giant(struct answering *a, const uint8_t *message, size_t have, size_t total)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    struct judgement judgement = {0};
    uint64_t fields, kinds;
    bool is_scrubbed;
    int result;

    if (have > total)
        have = total;
    if (message[0] == 'D')
        return giant_row(a, message, have, total);
    if (message[0] == 'd')
        return copy_out_giant(a, message, have, total);
    if (message[0] != 'V' && message[0] != 'E' && message[0] != 'N')
        return PASU_E_UPSTREAM_PROTOCOL; /* no server has a reason for it */
    result = answer_flush(a);
    if (result != 0)
        return result;
    if (message[0] == 'V') {
        if (!request || request->step != STEP_FUNCTION_CALL)
            return PASU_E_UPSTREAM_PROTOCOL;
        fields = 0;
        if (!a->o->is_muted)
            result = call_result(a->s, request, value_of(message, have), &judgement);
    } else {
        result_most(a->s, request ? result_statement(a->o, request) : NULL, &fields, &kinds);
        fields |= a->o->speaks_fields | a->o->unseen_fields;
        kinds |= a->o->speaks_kinds | a->o->unseen_kinds;
    }
    is_scrubbed = message[0] != 'V' && fields && scrub_is_on(a->s);
    if (is_scrubbed)
        result = scrub_report(a, (char)message[0], view_of(message + WALK_HEAD, have - WALK_HEAD),
                              false);
    else if (fields && !a->o->is_muted)
        result = expose_words(a->s, request ? result_statement(a->o, request) : NULL, fields, kinds,
                              FLAG_BIT(ERROR_TEXT), &judgement);
    if (result == 0 && PASU_UNLIKELY(judgement.is_last || budgets_close(&judgement)))
        return answer_block(a, &judgement);
    if (result == 0 && judgement.is_withheld)
        result =
            scrub_report(a, (char)message[0], view_of(message + WALK_HEAD, have - WALK_HEAD), true);
    if (result == 0 && message[0] == 'V')
        result = call_done(a->s, request);
    if (result != 0)
        return result;
    if (message[0] == 'E') {
        result = request ? result_failed(a->s, request) : 0;
        result_close(a->o);
        exchange_failed(&a->o->exchange);
    }
    if (result != 0)
        return result;
    a->o->is_dropping = judgement.is_blocked || judgement.is_withheld || is_scrubbed;
    if (a->o->is_muted || a->o->is_dropping)
        return (ssize_t)have;
    begin_piece(a, message, message + WALK_HEAD, message + have, total);
    return (ssize_t)have;
}
