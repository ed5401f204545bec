/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/ask.h"
#include "cli/complain.h"
#include "cli/run.h"
#include "ledger/message.h"

#include <inttypes.h>

enum { SESSION_DIGITS = 16 };

/* A session's identity: 16 hexadecimal digits, not all of them 0. */
static bool
session_parse(uint64_t *session, const char *text)
{
    char *end;

    if (strlen(text) != SESSION_DIGITS || strspn(text, "0123456789abcdefABCDEF") != SESSION_DIGITS)
        return false;
    *session = strtoull(text, &end, 16);
    return *session != 0;
}

/* Everything is checked before anything is killed. 0, or 2 after a complaint. */
static int
check_arguments(const struct arguments *arguments, uint64_t *sessions)
{
    const char *principal = arguments->values[OPTION_principal];

    if ((principal != NULL) == (arguments->operand_count > 0)) {
        complain("see: pasu help kill", "kill needs either SESSION... or --principal NAME");
        return 2;
    }
    if (principal != NULL && strlen(principal) >= NAME_SIZE) {
        complain("a role's name has at most 63 bytes", "no principal is called so: %.100s",
                 principal);
        return 2;
    }
    for (size_t i = 0; i < arguments->operand_count; i++)
        if (!session_parse(&sessions[i], arguments->operands[i])) {
            complain("it has 16 hexadecimal digits; pasu sessions lists them",
                     "\"%.100s\" is not a session", arguments->operands[i]);
            return 2;
        }
    return 0;
}

/* The sum of what was ended and what was not found so far. */
struct killing {
    uint64_t killed;
    json_t *not_found;
};

static int
kill_one(const struct ask *ask, uint64_t session, const char *name, struct killing *killing)
{
    uint64_t count = 0;
    int r = ask_kill(ask, session, session == 0 ? name : NULL, &count);

    if (r != 0 && r != PASU_E_NOTFOUND)
        return r;
    killing->killed += count;
    if (count == 0)
        json_array_append_new(killing->not_found, json_string(name));
    return 0;
}

static int
kill_all(const struct ask *ask, const struct arguments *arguments, const uint64_t *sessions,
         struct killing *killing)
{
    int r = 0;

    if (arguments_given(arguments, OPTION_principal))
        return kill_one(ask, 0, arguments->values[OPTION_principal], killing);
    for (size_t i = 0; r == 0 && i < arguments->operand_count; i++)
        r = kill_one(ask, sessions[i], arguments->operands[i], killing);
    return r;
}

/* 1 if something was not found. */
static int
print_result(const struct arguments *arguments, const struct killing *killing)
{
    bool is_principal = arguments_given(arguments, OPTION_principal);
    const json_t *one;
    size_t i;

    if (arguments_given(arguments, OPTION_json)) {
        json_t *document = json_pack("{sI sO}", "killed", (json_int_t)killing->killed, "not_found",
                                     killing->not_found);

        json_dumpf(document, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(document);
    } else {
        printf("%" PRIu64 " session%s ended\n", killing->killed, killing->killed == 1 ? "" : "s");
    }
    json_array_foreach(killing->not_found, i, one)
    {
        complain("pasu sessions lists those that run",
                 is_principal ? "there is no session of principal %s" : "there is no session %s",
                 json_string_value(one));
    }
    return json_array_size(killing->not_found) > 0 ? 1 : 0;
}

static int
kill_and_print(const struct arguments *arguments, const uint64_t *sessions, struct killing *killing)
{
    struct ask ask;
    int status = ask_init(&ask, arguments), r;

    if (status == 0) {
        r = kill_all(&ask, arguments, sessions, killing);
        if (r == 0 || killing->killed > 0)
            status = print_result(arguments, killing);
        if (r != 0)
            status = ask_complain(&ask, r);
    }
    ask_release(&ask);
    return status;
}

int
run_kill(const struct arguments *arguments)
{
    uint64_t *sessions = memory_new(arguments->operand_count + 1, sizeof(*sessions));
    struct killing killing = {0, json_array()};
    int status = 2;

    if (sessions == NULL || killing.not_found == NULL)
        complain_error(PASU_E_NOMEM, "kill");
    else if (check_arguments(arguments, sessions) == 0)
        status = kill_and_print(arguments, sessions, &killing);
    json_decref(killing.not_found);
    memory_free(sessions);
    return output_end(status);
}
