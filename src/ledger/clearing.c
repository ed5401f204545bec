/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/clearing.h"

#include "ledger/message.h"
#include "ledger/record.h"

#include <inttypes.h>
#include <stdio.h>

enum { SEVERITY = 3 };

static void
end_names(struct ring_mark *mark)
{
    mark->gateway[RING_NAME_SIZE - 1] = mark->database[RING_NAME_SIZE - 1] = '\0';
    mark->schema[RING_NAME_SIZE - 1] = mark->name[RING_NAME_SIZE - 1] = '\0';
}

bool
clearing_ask(struct control_client *client, struct channel *gate)
{
    struct message_ask ask = {.question = client->question};
    struct message_clear clear = {.question = client->question, .step = CLEAR_BEGIN};
    int result;

    if (client->request.verb == CONTROL_MARKS) {
        result = channel_send(gate, MESSAGE_MARKS_ASK, &ask, sizeof(ask), -1);
    } else if (client->request.verb == CONTROL_CLEAR) {
        clear.mark = client->request.clear.mark;
        end_names(&clear.mark);
        result = channel_send(gate, MESSAGE_CLEAR, &clear, sizeof(clear), -1);
    } else {
        return false;
    }
    if (result != 0)
        control_end(client, PASU_E_UNAVAILABLE, 0);
    return true;
}

static int
raise_alert(struct record_keeping *r, const struct payload_cleared *cleared, uint64_t record)
{
    union payload_body body = {.alert = {.record = record, .severity = SEVERITY}};

    snprintf(body.alert.rule, sizeof(body.alert.rule), "marks");
    snprintf(body.alert.text, sizeof(body.alert.text),
             "uid %" PRIu32 " took the mark of %s.%s away, in database %s", cleared->uid,
             cleared->mark.schema, cleared->mark.name, cleared->mark.database);
    return record_other(r, SEGMENT_ALERT, &body);
}

/* On the disk, and signed, or it is not done. */
static int
record(struct intake *intake, const struct control_client *client, const struct ring_mark *mark)
{
    const struct control_clear *asked = &client->request.clear;
    struct record_keeping *r = intake->records;
    union payload_body body = {.cleared = {.mark = *mark, .uid = client->uid}};
    uint64_t index;
    int result;

    snprintf(body.cleared.why, sizeof(body.cleared.why), "%.*s", CONTROL_TEXT_SIZE - 1, asked->why);
    intake_append(intake); /* what was shown before comes before it */
    index = chain_size(&r->chain);
    result = record_deed(r, SEGMENT_CLEARED, &body);
    LOG_EVENT(r->log, CONTROL_COMMAND, F_TEXT("command", "marks clear"), F_UINT("uid", client->uid),
              F_UINT("pid", client->pid), F_TEXT("record", error_text(result)));
    if (result != 0)
        return result;
    /* It is done from here on, whatever else fails. */
    result = raise_alert(r, &body.cleared, index);
    if (result == 0)
        result = record_sign(r);
    if (result != 0)
        LOG_EVENT(r->log, INTERNAL, F_TEXT("error", error_text(result)));
    return 0;
}

static void
answer(struct control_client *client, const struct ring_mark *mark, int result)
{
    if (!client || client->request.verb != CONTROL_CLEAR)
        return;
    if (result == 0)
        control_frame(client, CONTROL_MARK, mark, sizeof(*mark));
    control_end(client, result, 0);
}

static void
take_cleared(struct control *control, struct intake *intake, struct channel *gate,
             struct message_clear *clear)
{
    struct control_client *client = control_find(control, clear->question);
    bool is_asked = client && client->request.verb == CONTROL_CLEAR;
    int result = clear->error, sent;

    end_names(&clear->mark);
    if (clear->step == CLEAR_BEGIN && result == 0) {
        result = is_asked ? record(intake, client, &clear->mark) : PASU_E_EOF;
        clear->step = result == 0 ? CLEAR_DONE : CLEAR_NOT_DONE;
        sent = channel_send(gate, MESSAGE_CLEAR, clear, sizeof(*clear), -1);
        if (result == 0 && sent == 0)
            return; /* until the gate has done it, too */
    }
    answer(client, &clear->mark, result);
}

void
clearing_take(struct control *control, struct intake *intake, struct channel *gate,
              const struct channel_message *message)
{
    struct message_marked marked;
    struct message_clear clear;
    struct control_client *client;

    if (message->type == MESSAGE_CLEARED) {
        memcpy(&clear, message->body, sizeof(clear));
        take_cleared(control, intake, gate, &clear);
    } else if (message->type == MESSAGE_MARKED) {
        memcpy(&marked, message->body, sizeof(marked));
        client = control_find(control, marked.question);
        if (client && client->request.verb == CONTROL_MARKS)
            control_frame(client, CONTROL_MARK, &marked.mark, sizeof(marked.mark));
    }
}
