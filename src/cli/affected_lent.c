/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/affected_lent.h"

#include "base/memory.h"
#include "cli/certificate.h"
#include "cli/notice_load.h"
#include "cli/probe.h"
#include "cli/text.h"
#include "config/time_zone.h"

#include <openssl/ssl.h>
#include <time.h>

void
affected_ask(struct affected_question *question, struct affected_state *state,
             const struct command *command, const struct person *person)
{
    *question = (struct affected_question){
        .arguments = {
            .lent = state->config,
            .command = command,
            .values = {[OPTION_config] = state->config->path, [OPTION_kind] = person->kind},
            .operand_count = 1}};
    question->operands[0] = (char *)(uintptr_t)person->key;
    question->arguments.operands = question->operands;
}

/* The texts that the configuration names, or where they cannot be read, those that pasu carries. */
static int
load_texts(struct affected_state *state)
{
    if (notice_texts_load(&state->texts, state->config) == 0)
        return 0;
    notice_texts_release(&state->texts);
    state->config->incident.notices = NULL;
    return notice_texts_load(&state->texts, state->config) == 0 ? 0 : PASU_E_NOMEM;
}

/* The roster that the supervisor has read: its file can be another's alone, and its name be one
 * from a folder that a process has left. Without one every account is one that nobody knows. */
static int
take_roster(struct affected_state *state)
{
    struct view bytes = state->config->principals.roster.bytes;
    struct roster_fault fault;
    int result = bytes.length > 0 ? roster_parse(&state->roster, bytes, &fault) : 0;

    if (result == 0)
        return 0;
    state->roster = NULL;
    return result == PASU_E_NOMEM ? result : 0;
}

static int
prepare(void **made, struct config *config)
{
    struct affected_state *state = memory_new(1, sizeof(*state));

    if (state == NULL)
        return PASU_E_NOMEM;
    *made = state;
    state->config = config;
    text_init();
    probe_init();
    OPENSSL_init_ssl(0, NULL);
    if (time_zone_use(config) != 0)
        return PASU_E_NOMEM;
    tzset();
    if (take_roster(state) != 0)
        return PASU_E_NOMEM;
    return load_texts(state);
}

static int
certify(void *arg, const struct person *person, FILE *file)
{
    static const struct command command = {
        .name = "affected-certificate", .who = WHO_ANYBODY, .operand = OPERAND_KEY};
    struct affected_question question;

    affected_ask(&question, arg, &command, person);
    return certify_to(&question.arguments, file);
}

const struct clerk_lent affected_lent = {
    .prepare = prepare, .find = affected_find, .show = affected_show, .certify = certify};
