/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show.h"
#include "base/os.h"
#include "cli/complain.h"
#include "cli/degraded.h"
#include "cli/terminal.h"

struct showing {
    const struct show *show;
    const struct arguments *arguments;
    const struct ask *ask;
};

static int
print_text(const struct showing *s, FILE *out, json_t *answer)
{
    return s->show->view(out, answer, os_realtime(&os_real), terminal_width(stdout));
}

/* Of half an answer: who has not given the other half. */
static const char *
missing_text(const json_t *answer)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(answer, "degraded"), i, one)
    {
        const char *what = json_string_value(json_object_get(one, "what"));

        if (what != NULL && strcmp(what, "keeper") == 0)
            return "the keeper does not answer: only what processes there are is known";
    }
    return "the gate does not answer: its numbers are missing";
}

/* One picture for terminal_watch: half an answer is shown too, and what is missing is said. */
static int
picture(void *arg, FILE *out)
{
    const struct showing *s = arg;
    json_t *answer = NULL;
    int r = s->show->fetch(s->ask, s->arguments, &answer);

    if (answer != NULL) {
        int printed = print_text(s, out, answer);

        if (r != 0)
            fprintf(out, "%s\n", missing_text(answer));
        json_decref(answer);
        return printed;
    }
    return r;
}

static int
print_json(const json_t *answer)
{
    const json_t *one;
    size_t i;
    int r = 0;

    if (!json_is_array(answer)) {
        r = json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        return r == 0 ? 0 : PASU_E_IO;
    }
    json_array_foreach(answer, i, one)
    {
        if (r == 0)
            r = json_dumpf(one, stdout, JSON_COMPACT);
        putchar('\n');
    }
    return r == 0 ? 0 : PASU_E_IO;
}

static int
complain_half(const json_t *answer)
{
    complain("see the log of pasu guard", "%s", missing_text(answer));
    return 2;
}

/* The exit status. */
static int
print_once(const struct showing *s)
{
    json_t *answer = NULL;
    int r = s->show->fetch(s->ask, s->arguments, &answer), printed;

    if (answer == NULL)
        return ask_complain(s->ask, r);
    printed = arguments_given(s->arguments, OPTION_json) ? print_json(answer)
                                                         : print_text(s, stdout, answer);
    if (printed != 0)
        printed = ask_complain(s->ask, printed);
    else if (r != 0)
        printed = complain_half(answer);
    else
        printed = degraded_is_felt(answer) ? 1 : 0;
    json_decref(answer);
    return printed;
}

static int
watch(struct showing *s)
{
    int r = terminal_watch(picture, s);

    return r == 0 ? 0 : ask_complain(s->ask, r);
}

int
show_run(const struct show *show, const struct arguments *arguments)
{
    struct ask ask;
    struct showing showing = {show, arguments, &ask};
    bool is_watch = arguments_given(arguments, OPTION_watch);
    int status;

    if (is_watch && (arguments_given(arguments, OPTION_json) || !terminal_is(stdout))) {
        complain("without --watch it prints once, also as --json",
                 "--watch shows a table on a terminal");
        return 2;
    }
    status = ask_init(&ask, arguments);
    if (status == 0)
        status = is_watch ? watch(&showing) : print_once(&showing);
    ask_release(&ask);
    return output_end(status);
}
