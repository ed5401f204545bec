/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/decoy.h"
#include "base/log.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/run.h"
#include "cli/text.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TIME_SIZE = 32, LINE_SIZE = 4 * CONTROL_TEXT_SIZE };

const struct config_subject *
decoy_subject(const struct ask *ask, const struct arguments *arguments)
{
    const struct config *config = ask->config;
    const char *kind = arguments->values[OPTION_kind];

    if (kind == NULL && config->subject_count == 1)
        return &config->subjects[0];
    for (size_t i = 0; kind != NULL && i < config->subject_count; i++)
        if (strcmp(config->subjects[i].name, kind) == 0)
            return &config->subjects[i];
    if (kind != NULL)
        complain("subjects in the configuration names them",
                 "no kind of subject is called \"%.64s\"", kind);
    else
        complain("say which with --kind NAME", "there is not one kind of subject, but %zu",
                 config->subject_count);
    return NULL;
}

/* ---- list ---- */

static size_t
unseen(const struct decoy_set *set)
{
    size_t count = 0;

    for (size_t i = 0; i < set->count; i++)
        count += !set->items[i].is_known;
    return count;
}

static void
print_set_json(struct evidence *e, const struct decoy_set *set)
{
    struct json_out out = {.file = stdout};
    const struct payload_decoys *head = &set->head;
    char key[KEY_TEXT_SIZE];

    json_out_open(&out, '{');
    json_put_count(&out, "set", head->number);
    json_put_text(&out, "kind", head->kind);
    json_put_text(&out, "principal", head->principal[0] != '\0' ? head->principal : NULL);
    json_put_time(&out, "planted", head->planted);
    json_put_time(&out, "retired", head->retired);
    json_put_count(&out, "uid", head->uid);
    json_put_text(&out, "who", head->who);
    json_put_text(&out, "why", head->why);
    json_put_open(&out, "keys", '[');
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].is_known) {
            evidence_key(e, set->items[i].ordinal, key);
            json_out_text(&out, key);
        }
    json_out_close(&out, ']');
    json_put_count(&out, "unseen", unseen(set));
    json_out_close(&out, '}');
    json_out_end(&out);
}

static void
print_set(const struct decoy_set *set)
{
    const struct payload_decoys *head = &set->head;
    char who[LINE_SIZE], why[LINE_SIZE], time[TIME_SIZE];

    text_escape(who, sizeof(who), view_of_text(head->who));
    text_escape(why, sizeof(why), view_of_text(head->why));
    log_time_text(time, sizeof(time), head->planted);
    printf("set %" PRIu64 ": %zu of %s", head->number, set->count, head->kind);
    if (head->principal[0] != '\0')
        printf(" for %s alone", head->principal);
    printf(", planted %s by %s (uid %" PRIu32 "): %s", time, who, head->uid, why);
    if (unseen(set) > 0)
        printf("; of %zu the key has not come by yet", unseen(set));
    if (head->retired != 0) {
        log_time_text(time, sizeof(time), head->retired);
        printf("; retired %s", time);
    }
    putchar('\n');
}

static int
list(struct evidence *e, const struct arguments *arguments)
{
    bool is_json = arguments_given(arguments, OPTION_json);
    size_t count = e->decoys != NULL ? e->decoys->count : 0;

    for (size_t i = 0; i < count; i++) {
        if (is_json)
            print_set_json(e, &e->decoys->sets[i]);
        else
            print_set(&e->decoys->sets[i]);
    }
    if (count == 0 && !is_json)
        puts("no decoys");
    return e->is_bad ? 2 : 0;
}

/* ---- retire ---- */

static int
retire(const struct ask *ask, const struct arguments *arguments)
{
    const char *text = arguments->operand_count == 2 ? arguments->operands[1] : "";
    struct json_out out = {.file = stdout};
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    int result;

    if (*text < '0' || *text > '9' || *end != '\0') {
        complain("pasu decoy -c FILE list names the sets and their numbers",
                 "say which set is retired");
        return 2;
    }
    if (!asked_has_reason(arguments))
        return 2;
    result =
        asked_retire(ask, number, arguments->values[OPTION_who], arguments->values[OPTION_why]);
    if (result == PASU_E_NOTFOUND) {
        complain("pasu decoy -c FILE list names those that there are",
                 "there is no set %" PRIu64 " that is watched", number);
        return 1;
    }
    if (result != 0)
        return asked_complain(result, "the ledger");
    if (!arguments_given(arguments, OPTION_json)) {
        printf("set %" PRIu64 " is retired\n", number);
        return 0;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "set", number);
    json_out_close(&out, '}');
    json_out_end(&out);
    return 0;
}

/* ---- what it does ---- */

static int
with_evidence(const struct arguments *arguments,
              int (*act)(struct evidence *e, const struct arguments *arguments))
{
    struct evidence evidence;
    int status = evidence_open(&evidence, arguments);

    if (status == 0)
        status = act(&evidence, arguments);
    evidence_close(&evidence);
    return status;
}

static int
plant_and_register(struct evidence *e, const struct arguments *arguments)
{
    return decoy_plant(&e->ask, e, arguments);
}

static int
with_configuration(const struct arguments *arguments, const char *action)
{
    struct ask ask;
    int status = ask_init(&ask, arguments);

    if (status == 0 && strcmp(action, "retire") == 0) {
        status = retire(&ask, arguments);
    } else if (status == 0) {
        asked_record(&ask, arguments, NULL);
        status = strcmp(action, "view") == 0 ? decoy_view(&ask, arguments)
                                             : decoy_plant(&ask, NULL, arguments);
    }
    ask_release(&ask);
    return status;
}

int
run_decoy(const struct arguments *arguments)
{
    const char *action = arguments->operand_count > 0 ? arguments->operands[0] : "list";
    bool has_file = strcmp(action, "register") == 0 || strcmp(action, "match") == 0;
    int status;

    if (has_file && arguments->operand_count != 2) {
        complain("a file's name, or -", "say what %s reads", action);
        status = 2;
    } else if (strcmp(action, "list") == 0) {
        status = with_evidence(arguments, list);
    } else if (has_file) {
        status =
            with_evidence(arguments, strcmp(action, "match") == 0 ? decoy_match : decoy_register);
    } else if (strcmp(action, "plant") == 0 && arguments_given(arguments, OPTION_dsn)) {
        status = with_evidence(arguments, plant_and_register);
    } else if (strcmp(action, "plant") == 0 || strcmp(action, "retire") == 0 ||
               strcmp(action, "view") == 0) {
        status = with_configuration(arguments, action);
    } else {
        complain("there are: list, plant, register, retire, match, view", "decoy cannot \"%.64s\"",
                 action);
        status = 2;
    }
    return output_end(status);
}
