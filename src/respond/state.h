/* SPDX-License-Identifier: Apache-2.0 */
/* What the herald holds, and what its files share. See herald.h. */
#ifndef PASU_RESPOND_STATE_H
#define PASU_RESPOND_STATE_H

#include "ledger/alert_policy.h"
#include "respond/alert_mail.h"
#include "respond/copier.h"
#include "respond/herald.h"
#include "respond/metrics.h"
#include "respond/publish.h"
#include "respond/signature.h"
#include "respond/sink.h"
#include "respond/target.h"
#include "respond/web.h"
#include "respond/witness.h"

enum witness_state {
    WITNESS_IDLE,
    WITNESS_PROVING, /* the keeper is asked for the proof */
    WITNESS_POSTED,  /* the answer is awaited */
};

struct herald_witness {
    struct note_key key;
    enum witness_state state;
    struct message_checkpoint offered; /* what it is asked about */
    uint64_t has;   /* what it has cosigned last, as far as we know; 0: we do not, or nothing */
    uint64_t sent;  /* the size that it was said to have */
    unsigned turns; /* exchanges about the same checkpoint */
    int64_t asked;  /* monotonic */
};

/* A checkpoint that is offered to all witnesses before the next one is, so that one text gets the
 * cosignatures of as many as answer. Those that are failing are not waited for. */
struct herald_round {
    struct message_checkpoint note;
    uint8_t lines[PUBLISH_WITNESSES_MAX * WITNESS_LINES_MAX];
    size_t length;
};

/* Of one target. */
struct herald_alerts {
    struct message_delivery items[8]; /* COURIER_AT_ONCE: a ring */
    size_t head, count;
    uint64_t
        under_way;    /* the number of the one that is being sent; UINT64_MAX: none, or not ours */
    uint64_t arrived; /* of the last one, and */
    bool is_arrived;  /* whether the keeper is still to hear of it */
};

/* Whom alerts are sent to by e-mail. */
struct herald_mail_step {
    char to[ALERT_TEXT_SIZE]; /* as a delivery names them */
    struct mail_list list;    /* none: as the others */
};

struct herald_mail {
    char from[MAIL_ADDRESS_SIZE];
    struct mail_list to;
    struct herald_mail_step steps[ALERT_STEPS_MAX];
    size_t step_count;
};

struct herald {
    struct log log;
    const struct os *os;
    struct channel supervisor, keeper;
    struct message_checkpoint newest;                   /* size 0: none yet */
    struct message_proof proofs[PUBLISH_WITNESSES_MAX]; /* the last ones that came */
    size_t proof_at;
    struct target targets[TARGETS_MAX];
    struct web_place places[TARGETS_MAX];
    size_t count;          /* of targets, by number */
    struct copier *file;   /* NULL: its folder could not be opened, or there is none */
    struct copy file_copy; /* until the copier has it */
    uint64_t copying;      /* size of the checkpoint that is being written */
    int64_t copying_at;    /* monotonic, when that began; 0: it is said that it takes too long */
    struct copy cosigned;
    struct sink sink;
    uint64_t sinking; /* size of the checkpoint that is on its way */
    struct web web;
    struct web_post *posts[TARGETS_MAX]; /* of those that have a URL */
    uint64_t posting;                    /* size of the checkpoint that the webhook is given */
    struct herald_witness witnesses[PUBLISH_WITNESSES_MAX];
    struct herald_round round;
    struct herald_alerts alerts[ALERT_TARGETS];
    struct sink alert_sink;
    struct herald_mail *mail; /* NULL: there is no e-mail */
    struct metrics metrics;
    enum config_alert_format alert_format;
    uint8_t secret[SIGNATURE_SECRET_MAX];
    size_t secret_length; /* 0: what is sent is not signed */
    bool is_stopping;
    int64_t stop_at;     /* monotonic */
    int64_t names_until; /* monotonic: by then names were looked up that can be */
};

/* Asks the supervisor to look the target's name up again. */
void herald_look_up(struct herald *h, size_t target);
/* Whether there is no address of it. That is a failure only once the supervisor, which looks all
 * names up when a herald begins, has had the time. */
bool herald_has_no_address(struct herald *h, size_t target, int64_t now);

/* A syslog at a path of this machine. */
void herald_set_local(struct herald *h, size_t target, const char *syslog);
/* A line has not been sent: another address the next time. */
void herald_fail_sink(struct herald *h, size_t target, const struct sink *sink, int error);

/* ---- herald_web.c: what goes over HTTP ---- */
bool herald_is_success(const struct web_post *post);
/* No answer, or not the one that was hoped for. */
void herald_fail_post(struct herald *h, const struct web_post *post);
/* Begins what is due. */
void herald_post(struct herald *h, int64_t now);
/* A post has ended. */
void herald_posted(void *arg, struct web_post *post);

/* ---- herald_mail.c ---- */
/* What is needed of the configuration, behind all else. */
PASU_MUST_USE int herald_mail_set(struct herald *h, const struct config *config);
/* Begins to send it. */
PASU_MUST_USE int herald_mail_begin(struct herald *h, const struct message_delivery *delivery);

/* ---- herald_alerts.c ---- */
/* What is needed of the configuration, behind all else. */
PASU_MUST_USE int herald_alerts_set(struct herald *h, const struct config *config);
/* MESSAGE_DELIVER */
void herald_alerts_take(struct herald *h, const struct channel_message *message);
/* A new keeper sends again what has not arrived, by all that it knows. */
void herald_alerts_renew(struct herald *h);
/* Sends what can be. */
void herald_alerts_go(struct herald *h, int64_t now);
/* One over HTTP or SMTP has ended. */
void herald_alert_posted(struct herald *h, const struct web_post *post);
/* Whether something is still to be sent, or to be told. */
bool herald_alerts_wait(const struct herald *h, size_t target);

#endif
