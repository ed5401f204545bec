/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/state.h"

#include "base/memory.h"

#define PROOF_PATIENCE (2 * NANOSECONDS_PER_SECOND)

/* With one witness: its size asked for, the proof offered, and once more where it had moved on. */
enum { TURNS_MAX = 4 };

static struct view
note_of(const struct message_checkpoint *checkpoint)
{
    return view_of(checkpoint->note, checkpoint->length);
}

bool
herald_is_success(const struct web_post *post)
{
    return post->status >= 200 && post->status <= 299;
}

static void
fail(struct herald *h, size_t target, const char *error)
{
    target_failed(&h->targets[target], &h->log, error);
}

void
herald_fail_post(struct herald *h, const struct web_post *post)
{
    char text[TARGET_ERROR_SIZE];

    if (post->status == 0)
        snprintf(text, sizeof(text), "%s", post->error);
    else
        snprintf(text, sizeof(text), "the server answered with status %ld", post->status);
    fail(h, post->number, text);
    if (post->is_unreached)
        herald_look_up(h, post->number);
}

/* Whether it has begun. */
static bool
begin(struct herald *h, size_t target, struct view body)
{
    if (h->places[target].count == 0) {
        fail(h, target, "the server's name could not be looked up");
        herald_look_up(h, target);
        return false;
    }
    if (web_post_begin(h->posts[target], &h->places[target], body) == 0)
        return true;
    fail(h, target, error_text(PASU_E_NOMEM));
    return false;
}

/* ---- the webhook ---- */

static void
post_webhook(struct herald *h, int64_t now)
{
    const struct target *target = &h->targets[PUBLISH_WEBHOOK];

    if (target_wants(target, h->newest.size, now) && !h->posts[PUBLISH_WEBHOOK]->is_running &&
        begin(h, PUBLISH_WEBHOOK, note_of(&h->newest)))
        h->posting = h->newest.size;
}

/* ---- witnesses ---- */

static struct herald_witness *
witness_of(struct herald *h, size_t target)
{
    return &h->witnesses[target - PUBLISH_WITNESSES];
}

static const struct message_proof *
find_proof(const struct herald *h, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < COUNT_OF(h->proofs); i++)
        if (h->proofs[i].from == from && h->proofs[i].to == to && h->proofs[i].count > 0)
            return &h->proofs[i];
    return NULL;
}

static void
ask_proof(struct herald *h, struct herald_witness *w, int64_t now)
{
    struct message_prove ask = {.from = w->has, .to = w->offered.size};

    w->state = WITNESS_PROVING;
    w->asked = now;
    if (channel_send(&h->keeper, MESSAGE_PROVE, &ask, sizeof(ask), -1) != 0) {
        /* it is asked again when its time is over */
    }
}

/* Offers its checkpoint to a witness, or asks the keeper for the proof first. */
static void
offer(struct herald *h, size_t target, int64_t now)
{
    struct herald_witness *w = witness_of(h, target);
    const struct message_proof *proof = find_proof(h, w->has, w->offered.size);
    bool is_needed = w->has > 0 && w->has < w->offered.size;
    uint8_t request[WITNESS_REQUEST_MAX];
    ssize_t length;

    if (is_needed && !proof) {
        ask_proof(h, w, now);
        return;
    }
    w->state = WITNESS_IDLE;
    length = witness_request(request, w->has, is_needed ? proof->hashes : NULL,
                             is_needed ? proof->count : 0, note_of(&w->offered));
    if (length < 0) {
        fail(h, target, error_text((int)length));
        return;
    }
    w->sent = w->has;
    w->turns++;
    if (begin(h, target, view_of(request, (size_t)length)))
        w->state = WITNESS_POSTED;
}

/* The checkpoint with all cosignatures of this round. */
static void
keep(struct herald *h)
{
    uint8_t bytes[sizeof(h->round.note.note) + sizeof(h->round.lines)];
    int result;

    memcpy(bytes, h->round.note.note, h->round.note.length);
    memcpy(bytes + h->round.note.length, h->round.lines, h->round.length);
    result =
        copy_write(&h->cosigned, h->os, view_of(bytes, h->round.note.length + h->round.length));
    if (result != 0)
        LOG_EVENT(&h->log, PUBLISH_FAILED, F_TEXT("target", "cosigned"),
                  F_TEXT("name", h->cosigned.name), F_TEXT("error", error_text(result)));
}

static void
take_cosignature(struct herald *h, const struct web_post *post)
{
    struct herald_witness *w = witness_of(h, post->number);
    uint8_t lines[WITNESS_LINES_MAX];
    ssize_t length = post->is_long ? PASU_E_RANGE
                                   : witness_cosigned(lines, &w->key, note_of(&w->offered),
                                                      view_of(post->answer, post->length));

    if (length < 0) {
        fail(h, post->number, "its answer has no good cosignature by its key");
        return;
    }
    w->has = w->offered.size;
    if (w->offered.size == h->round.note.size &&
        (size_t)length <= sizeof(h->round.lines) - h->round.length) {
        memcpy(h->round.lines + h->round.length, lines, (size_t)length);
        h->round.length += (size_t)length;
        keep(h);
    }
    target_done(&h->targets[post->number], &h->log, w->offered.size);
}

/* It belongs into the ledger, too. */
static void
alarm_keeper(struct herald *h, size_t number, uint64_t offered, uint64_t seen)
{
    const struct message_contradicted message = {
        .index = (uint32_t)number, .offered = offered, .seen = seen};

    if (channel_send(&h->keeper, MESSAGE_CONTRADICTED, &message, sizeof(message), -1) != 0) {
        /* the log has it */
    }
}

/* It says, or shows, that what it has seen of this ledger is not the beginning of what we have. */
static void
contradict(struct herald *h, const struct web_post *post, uint64_t size)
{
    const struct target *target = &h->targets[post->number];
    const struct herald_witness *w = witness_of(h, post->number);
    bool is_new =
        target->failed_at == 0 || strcmp(target->error, "it has seen another ledger") != 0;

    if (is_new)
        LOG_EVENT(&h->log, LEDGER_CONTRADICTED, F_TEXT("witness", target->name),
                  F_UINT("records", w->offered.size), F_UINT("seen", size));
    fail(h, post->number, "it has seen another ledger");
    if (is_new)
        alarm_keeper(h, post->number, w->offered.size, size);
}

/* It has cosigned another size than it was said to have. */
static void
take_size(struct herald *h, const struct web_post *post)
{
    struct herald_witness *w = witness_of(h, post->number);
    uint64_t size;

    if (post->is_long || witness_size(&size, view_of(post->answer, post->length)) != 0) {
        fail(h, post->number, "its answer is no size");
    } else if (size > h->newest.size || (size == w->sent && size == w->offered.size)) {
        contradict(h, post, size);
        w->has = 0;
    } else if (size == w->sent || w->turns >= TURNS_MAX) {
        fail(h, post->number, "it answers with one size after the other");
        w->has = 0;
    } else {
        w->has = size;
        if (size <= w->offered.size)
            offer(h, post->number, os_monotonic(h->os));
    }
}

static void
witness_answered(struct herald *h, const struct web_post *post)
{
    struct herald_witness *w = witness_of(h, post->number);

    w->state = WITNESS_IDLE;
    switch (post->status) {
    case 200:
        take_cosignature(h, post);
        break;
    case 409:
        take_size(h, post);
        break;
    case 422:
        contradict(h, post, w->sent);
        w->has = 0;
        break;
    case 403:
        fail(h, post->number, "it does not know this ledger's key");
        break;
    case 404:
        fail(h, post->number, "it does not know this ledger");
        break;
    default:
        herald_fail_post(h, post);
        break;
    }
}

/* Whether the round waits for an answer. */
static bool
is_awaited(const struct herald *h)
{
    for (size_t i = PUBLISH_WITNESSES; i < h->count; i++)
        if (h->witnesses[i - PUBLISH_WITNESSES].state != WITNESS_IDLE &&
            h->targets[i].failed_at == 0)
            return true;
    return false;
}

static void
post_witness(struct herald *h, size_t target, int64_t now)
{
    struct herald_witness *w = witness_of(h, target);

    if (w->state == WITNESS_PROVING) {
        if (find_proof(h, w->has, w->offered.size)) {
            offer(h, target, now);
        } else if (now - w->asked > PROOF_PATIENCE) {
            w->state = WITNESS_IDLE;
            fail(h, target, "the keeper has not proved that the ledger goes on");
        }
    } else if (w->state == WITNESS_IDLE && w->has <= h->round.note.size &&
               target_wants(&h->targets[target], h->round.note.size, now)) {
        w->offered = h->round.note;
        w->turns = 0;
        offer(h, target, now);
    }
}

static void
post_witnesses(struct herald *h, int64_t now)
{
    struct herald_round *round = &h->round;

    if (round->note.size != h->newest.size && !is_awaited(h)) {
        round->note = h->newest;
        round->length = 0;
    }
    for (size_t i = PUBLISH_WITNESSES; i < h->count; i++)
        post_witness(h, i, now);
}

void
herald_post(struct herald *h, int64_t now)
{
    if (h->newest.size == 0)
        return;
    post_webhook(h, now);
    post_witnesses(h, now);
}

void
herald_posted(void *arg, struct web_post *post)
{
    struct herald *h = arg;

    if (publish_is_alert(post->number))
        herald_alert_posted(h, post);
    else if (post->number >= PUBLISH_WITNESSES)
        witness_answered(h, post);
    else if (herald_is_success(post))
        target_done(&h->targets[post->number], &h->log, h->posting);
    else
        herald_fail_post(h, post);
}
