/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/run.h"
#include "cli/text.h"
#include "ledger/control_protocol.h"
#include "ledger/holds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_SIZE = 4 * CONTROL_TEXT_SIZE };

/* ---- list ---- */

/* 0, or an error; *status: or that which has been complained about. */
static int
find_holds(const struct ask *ask, struct holds *holds, int *status)
{
    const struct segment_watch nobody = {0};
    struct segment_keys keys;
    int folder, segments, result;

    *status = ask_keys(ask, &keys);
    if (*status != 0)
        return PASU_E_CONFIG;
    folder = open(ask->config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    segments = folder >= 0 ? openat(folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    result = segments >= 0     ? holds_find(holds, &os_real, segments, &keys, &nobody)
             : errno == ENOENT ? PASU_E_NOTFOUND
                               : error_from_errno(errno);
    segment_keys_release(&keys);
    if (segments >= 0)
        close(segments);
    if (folder >= 0)
        close(folder);
    return result;
}

static void
print_hold_json(const struct payload_hold *hold)
{
    struct json_out out = {.file = stdout};

    json_out_open(&out, '{');
    json_put_count(&out, "hold", hold->number);
    json_put_count(&out, "uid", hold->uid);
    json_put_text(&out, "who", hold->who);
    json_put_text(&out, "why", hold->why);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static void
print_hold(const struct payload_hold *hold)
{
    char who[LINE_SIZE], why[LINE_SIZE];

    text_escape(who, sizeof(who), view_of_text(hold->who));
    text_escape(why, sizeof(why), view_of_text(hold->why));
    printf("hold %" PRIu64 " for %s (placed by uid %" PRIu32 "): %s\n", hold->number, who,
           hold->uid, why);
}

static int
list(const struct ask *ask, bool is_json)
{
    struct holds holds;
    int status, result = find_holds(ask, &holds, &status);

    if (result != 0)
        return status != 0 ? status : complain_ledger(result, ask->config->ledger.directory);
    for (size_t i = 0; i < holds.count; i++) {
        if (is_json)
            print_hold_json(&holds.items[i]);
        else
            print_hold(&holds.items[i]);
    }
    if (holds.count == 0 && !is_json)
        puts("no hold");
    return 0;
}

/* ---- place and release ---- */

static int
complain_hold(int result, uint64_t number)
{
    if (result == PASU_E_NOTFOUND && number != 0) /* else there is no ledger */
        complain("pasu hold -c FILE list names those that there are", "there is no hold %" PRIu64,
                 number);
    else if (result == PASU_E_RANGE)
        complain("release some first", "there are %d holds, which is the most", HOLDS_MAX);
    else
        return asked_complain(result, "the ledger");
    return result == PASU_E_RANGE ? 2 : 1;
}

static bool
is_well(const struct arguments *arguments, bool is_release)
{
    if (!asked_has_reason(arguments))
        return false;
    if (arguments->operand_count != (is_release ? 2u : 1u)) {
        complain("pasu hold -c FILE list names the holds and their numbers",
                 is_release ? "say which hold is released" : "place takes no number");
        return false;
    }
    return true;
}

uint64_t
hold_newest(const struct ask *ask)
{
    struct holds holds;
    uint64_t number = 0;
    int status;

    if (find_holds(ask, &holds, &status) != 0)
        return 0;
    for (size_t i = 0; i < holds.count; i++)
        if (holds.items[i].number > number)
            number = holds.items[i].number;
    return number;
}

static int
change(const struct ask *ask, const struct arguments *arguments, bool is_release)
{
    const char *text = is_release && arguments->operand_count == 2 ? arguments->operands[1] : "0";
    struct json_out out = {.file = stdout};
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    int result;

    if (!is_well(arguments, is_release))
        return 2;
    if (*end != '\0' || *text < '0' || *text > '9') {
        complain("it is a number", "\"%.64s\" is no hold", text);
        return 2;
    }
    result = asked_hold(ask, is_release, arguments->values[OPTION_who],
                        arguments->values[OPTION_why], &number);
    if (result != 0)
        return complain_hold(result, number);
    if (number == 0)
        number = hold_newest(ask);
    if (!arguments_given(arguments, OPTION_json)) {
        printf("hold %" PRIu64 " is %s\n", number, is_release ? "released" : "placed");
        return 0;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "hold", number);
    json_out_close(&out, '}');
    json_out_end(&out);
    return 0;
}

int
run_hold(const struct arguments *arguments)
{
    const char *action = arguments->operand_count > 0 ? arguments->operands[0] : "list";
    bool is_place = strcmp(action, "place") == 0, is_release = strcmp(action, "release") == 0;
    struct ask ask;
    int status = ask_init(&ask, arguments);

    if (status == 0 && !is_place && !is_release && strcmp(action, "list") != 0) {
        complain("there are: list, place, release", "hold cannot \"%.64s\"", action);
        status = 2;
    } else if (status == 0 && (is_place || is_release)) {
        status = change(&ask, arguments, is_release);
    } else if (status == 0) {
        asked_record(&ask, arguments, NULL);
        status = list(&ask, arguments_given(arguments, OPTION_json));
    }
    ask_release(&ask);
    return output_end(status);
}
