/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/controls.h"

#include "ledger/control_client.h"

#include <poll.h>

enum { LOOK_MILLISECONDS = 50 };

static struct control_request
request_of(enum control_verb verb)
{
    return (struct control_request){
        .magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .verb = (uint32_t)verb};
}

static int
take_trial(void *arg, uint32_t type, const void *body, size_t length)
{
    if (type != CONTROL_TRIAL || length != sizeof(struct control_trial))
        return PASU_E_PROTOCOL;
    memcpy(arg, body, length);
    return 0;
}

static int
ask_trial(const struct ask *ask, uint64_t token, bool is_over, struct control_trial *result)
{
    struct control_request request = request_of(CONTROL_TRIED);
    uint64_t count;

    request.number = token;
    request.is_over = is_over;
    return control_ask(ask->path, &request, take_trial, result, &count);
}

static void
say_error(struct control_look *look, int error)
{
    look->state = STATE_UNTRIED;
    snprintf(look->text, sizeof(look->text), "cannot be tried: %s", error_text(error));
}

int
control_begin(const struct ask *ask, struct control_look *look, const struct control_try *what,
              uint64_t *token)
{
    struct control_request request = request_of(CONTROL_TRY);
    int result;

    request.trial = *what;
    request.trial.control = look->proven.control;
    memcpy(request.trial.gateway, look->proven.gateway, sizeof(request.trial.gateway));
    memcpy(request.trial.what, look->proven.what, sizeof(request.trial.what));
    result = control_ask(ask->path, &request, take_trial, NULL, token);
    if (result == 0 && *token == 0) /* it would be no test, but anybody's connection */
        result = PASU_E_PROTOCOL;
    if (result != 0)
        say_error(look, result);
    return result;
}

void
control_end_look(const struct ask *ask, struct control_look *look, uint64_t token, int64_t wait,
                 bool is_done, struct control_trial *result)
{
    int64_t until = os_monotonic(&os_real) + wait;
    int error;

    *result = (struct control_trial){0};
    for (;;) {
        bool is_last = os_monotonic(&os_real) >= until;

        error = ask_trial(ask, token, is_last && is_done, result);
        if (error != 0 || result->is_over || is_last)
            break;
        (void)poll(NULL, 0, LOOK_MILLISECONDS);
    }
    if (error != 0)
        say_error(look, error);
    else if (!result->is_over)
        snprintf(look->text, sizeof(look->text),
                 "cannot be tried: the guard has not seen the test");
    else if (result->is_other)
        say_error(look, result->error);
    else
        look->state = result->is_held ? STATE_HELD : STATE_FAILED;
}
