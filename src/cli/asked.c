/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/asked.h"

#include "base/os.h"
#include "base/sandbox.h"
#include "cli/complain.h"
#include "ledger/control_client.h"
#include "ledger/lock.h"
#include "ledger/rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- without a guard ---- */

/* As the folder's owner, so that the keeper can go on with what is made here. */
static int
become_owner(int directory)
{
    struct sandbox_account owner = {0};
    struct stat st;

    if (fstat(directory, &st) != 0)
        return error_from_errno(errno);
    if (geteuid() != 0)
        return st.st_uid == geteuid() ? 0 : PASU_E_DENIED;
    owner.uid = st.st_uid;
    owner.gid = st.st_gid;
    return sandbox_drop(&owner);
}

/* The folder, locked, as its owner. */
static int
enter(const struct ask *ask, struct segment_keys *keys, int *directory, int *lock)
{
    int result;

    *directory = open(ask->config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *lock = *directory >= 0 ? openat(*directory, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;
    result = *lock >= 0 ? 0 : error_from_errno(errno);
    if (result == 0 && ask_keys(ask, keys) != 0)
        result = PASU_E_DENIED; /* as has been said */
    if (result == 0)
        result = become_owner(*directory);
    if (result == 0 && flock(*lock, LOCK_EX | LOCK_NB) != 0)
        result = PASU_E_UNAVAILABLE;
    if (result == 0 && !lock_is_of(*lock, *directory))
        result = PASU_E_MISUSE;
    return result;
}

int
asked_open(const struct ask *ask, const struct log *log, struct record_keeping *records, int *lock)
{
    struct segment_keys keys = {0};
    int directory, result = enter(ask, &keys, &directory, lock);

    return result == 0 ? record_aside_open(records, log, directory, &keys, false) : result;
}

struct deed {
    enum segment_type type; /* SEGMENT_KEY: another key, `asked` is why */
    union payload_body body;
    bool is_lost; /* the key, so far */
};

static int
append(const struct ask *ask, const struct deed *deed)
{
    /* What fails is said by us. */
    struct log log = {.fd = -1, .os = &os_real, .level = LOG_ERROR, .process = "pasu"};
    struct segment_keys keys = {0};
    int directory, lock, result = enter(ask, &keys, &directory, &lock);

    if (result == 0 && deed->type == SEGMENT_KEY)
        return rotation_aside(&log, directory, &keys, &deed->body.asked, deed->is_lost);
    return result == 0 ? record_aside(&log, directory, &keys, deed->type, &deed->body) : result;
}

/* In a process of its own, which may give up the rights that the command needs. */
static int
append_aside(const struct ask *ask, const struct deed *deed)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        status = append(ask, deed);
        _exit(status == 0 ? 0 : status - PASU_E_FIRST__); /* a status has eight bits */
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return PASU_E_IO;
    return WEXITSTATUS(status) == 0 ? 0 : PASU_E_FIRST__ + WEXITSTATUS(status);
}

int
asked_complain(int error, const char *what)
{
    const char *hint = error_hint(error), *text = error_text(error);
    int status = error_exit(error);

    if (error == PASU_E_TIMEOUT) {
        hint = "look whether it is recorded before you say it again";
        text = "no answer has come; it may be recorded all the same";
    }
    if (error == PASU_E_DENIED)
        hint = "run it as root, or as the account that pasu guard runs as";
    if (error == PASU_E_MISUSE) {
        hint = "of a ledger only the original is gone on with: a guard that serves it makes it so";
        text = "it is a copy";
        status = 1;
    }
    complain(hint, "%s: %s", what, text);
    return status;
}

static void
say(int result)
{
    if (result != 0)
        asked_complain(result, "that this was asked is not in the ledger");
}

bool
asked_has_why(const struct arguments *arguments, size_t most)
{
    const char *why = arguments->values[OPTION_why];

    if (why == NULL || *why == '\0')
        complain("it is recorded for good", "say why (--why)");
    else if (strlen(why) > most)
        complain("", "--why is longer than %zu bytes", most);
    else
        return true;
    return false;
}

bool
asked_has_reason(const struct arguments *arguments)
{
    const char *who = arguments->values[OPTION_who], *why = arguments->values[OPTION_why];

    if (who == NULL || why == NULL || *who == '\0' || *why == '\0') {
        complain("both are recorded for good", "say who wants it (--who) and why (--why)");
        return false;
    }
    if (strlen(who) >= CONTROL_TEXT_SIZE || strlen(why) >= CONTROL_TEXT_SIZE) {
        complain("at most 255 bytes are recorded", "--who or --why is too long");
        return false;
    }
    return true;
}

/* By the guard, whose answer is *number then, or where there is none, by us. */
static int
tell(const struct ask *ask, enum control_verb verb, enum segment_type type,
     const union payload_body *body, const char *who, const char *what, uint64_t *number)
{
    const struct deed deed = {.type = type, .body = *body};
    uint64_t count;
    int result = control_tell(ask->path, verb, *number, who, what, &count);

    if (result == 0)
        *number = count;
    return result == PASU_E_UNAVAILABLE ? append_aside(ask, &deed) : result;
}

/* ---- questions ---- */

static size_t
add(char *text, size_t used, const char *name, const char *value)
{
    int n;

    if (used >= CONTROL_TEXT_SIZE)
        return used;
    n = snprintf(text + used, CONTROL_TEXT_SIZE - used, "%s%s%s%s", used > 0 ? " " : "", name,
                 *value ? "=" : "", value);
    return n > 0 ? used + (size_t)n : used;
}

static void
filters_text(char text[CONTROL_TEXT_SIZE], const struct arguments *arguments, const char *key)
{
    size_t used = 0;

    text[0] = '\0';
    for (int option = 0; option < OPTION_COUNT; option++)
        if (arguments->values[option] != NULL && option != OPTION_config && option != OPTION_json)
            used = add(text, used, options[option].name,
                       option == OPTION_dsn ? "" /* it may hold a password */
                                            : arguments->values[option]);
    if (key != NULL)
        add(text, used, "key", key);
    else
        for (size_t i = 0; i < arguments->operand_count; i++)
            used = add(text, used, arguments->operands[i], "");
}

int
asked_words(const struct ask *ask, const char *command, const char *words)
{
    union payload_body body = {.asked = {.uid = getuid(), .pid = (uint32_t)getpid()}};
    struct payload_asked *asked = &body.asked;
    uint64_t number = 0;

    snprintf(asked->command, sizeof(asked->command), "%s", command);
    snprintf(asked->filters, sizeof(asked->filters), "%s", words);
    return tell(ask, CONTROL_ASKED, SEGMENT_ASKED, &body, asked->command, asked->filters, &number);
}

void
asked_record(const struct ask *ask, const struct arguments *arguments, const char *key)
{
    char words[CONTROL_TEXT_SIZE];

    filters_text(words, arguments, key);
    say(asked_words(ask, arguments->command->name, words));
}

void
asked_export(const struct ask *ask, const char *where)
{
    union payload_body body = {.exported = {.uid = getuid(), .pid = (uint32_t)getpid()}};
    uint64_t number = 0;

    snprintf(body.exported.where, sizeof(body.exported.where), "%s", where);
    say(tell(ask, CONTROL_EXPORTED, SEGMENT_EXPORTED, &body, NULL, where, &number));
}

int
asked_hold(const struct ask *ask, bool is_release, const char *who, const char *why,
           uint64_t *number)
{
    union payload_body body = {.hold = {.number = *number, .uid = getuid()}};

    snprintf(body.hold.who, sizeof(body.hold.who), "%s", who);
    snprintf(body.hold.why, sizeof(body.hold.why), "%s", why);
    if (is_release)
        return tell(ask, CONTROL_RELEASE, SEGMENT_RELEASED, &body, who, why, number);
    return tell(ask, CONTROL_HOLD, SEGMENT_HOLD, &body, who, why, number);
}

int
asked_acknowledge(const struct ask *ask, uint64_t alert, uint64_t looked, const char *who,
                  const char *why)
{
    struct deed deed = {
        .type = SEGMENT_ACKNOWLEDGED,
        .body = {.acknowledged = {.alert = alert, .uid = getuid(), .looked = looked}}};
    struct payload_acknowledged *body = &deed.body.acknowledged;
    int result = control_acknowledge(ask->path, alert, looked, who, why);

    snprintf(body->who, sizeof(body->who), "%s", who);
    snprintf(body->why, sizeof(body->why), "%s", why);
    return result == PASU_E_UNAVAILABLE ? append_aside(ask, &deed) : result;
}

int
asked_erase(const struct ask *ask, uint32_t ordinal, const char *why)
{
    union payload_body body = {.erased = {.ordinal = ordinal, .uid = getuid()}};
    uint64_t number = ordinal;

    snprintf(body.erased.why, sizeof(body.erased.why), "%s", why);
    return tell(ask, CONTROL_ERASE, SEGMENT_ERASED, &body, NULL, why, &number);
}

int
asked_incident(const struct ask *ask, struct payload_incident *body)
{
    struct deed deed = {.type = SEGMENT_INCIDENT};
    uint64_t number = body->number;
    int result;

    body->uid = getuid();
    result = control_incident(ask->path, body, &number);
    if (result == 0)
        body->number = number;
    deed.body.incident = *body;
    return result == PASU_E_UNAVAILABLE ? append_aside(ask, &deed) : result;
}

int
asked_clock(const struct ask *ask, struct payload_clock *body)
{
    struct deed deed = {.type = SEGMENT_CLOCK};
    uint64_t number;
    int result;

    body->uid = getuid();
    deed.body.clock = *body;
    result = control_clock(ask->path, body, &number);
    return result == PASU_E_UNAVAILABLE ? append_aside(ask, &deed) : result;
}

int
asked_rotate(const struct ask *ask, const char *why, bool is_lost)
{
    struct deed deed = {.type = SEGMENT_KEY, .is_lost = is_lost};
    uint64_t record = 0;
    int result = PASU_E_UNAVAILABLE;

    rotation_asked(&deed.body.asked, getuid(), (uint32_t)getpid(), why, is_lost);
    if (!is_lost)
        result = control_tell(ask->path, CONTROL_ROTATE, 0, NULL, why, &record);
    return result == PASU_E_UNAVAILABLE ? append_aside(ask, &deed) : result;
}

static int
no_frame(void *arg PASU_UNUSED, uint32_t type PASU_UNUSED, const void *body PASU_UNUSED,
         size_t length PASU_UNUSED)
{
    return PASU_E_PROTOCOL;
}

int
asked_plant(const struct ask *ask, const struct control_decoys *decoys, uint64_t *number)
{
    struct control_request request = {.magic = CONTROL_MAGIC,
                                      .version = CONTROL_VERSION,
                                      .verb = CONTROL_DECOYS,
                                      .decoys = *decoys};
    struct deed deed = {.type = SEGMENT_DECOYS};
    struct payload_decoys *body = &deed.body.decoys;
    int result = control_ask(ask->path, &request, no_frame, NULL, number);

    if (result != PASU_E_UNAVAILABLE)
        return result;
    *body = (struct payload_decoys){.number = decoys->number, .uid = getuid()};
    memcpy(body->kind, decoys->kind, sizeof(body->kind));
    memcpy(body->principal, decoys->principal, sizeof(body->principal));
    memcpy(body->who, decoys->who, sizeof(body->who));
    memcpy(body->why, decoys->why, sizeof(body->why));
    body->items = view_of(decoys->items, decoys->count * sizeof(decoys->items[0]));
    *number = 0; /* which the ledger has */
    return append_aside(ask, &deed);
}

int
asked_retire(const struct ask *ask, uint64_t number, const char *who, const char *why)
{
    union payload_body body = {.retired = {.number = number, .uid = getuid()}};

    snprintf(body.retired.who, sizeof(body.retired.who), "%s", who);
    snprintf(body.retired.why, sizeof(body.retired.why), "%s", why);
    return tell(ask, CONTROL_RETIRE, SEGMENT_RETIRED, &body, who, why, &number);
}
