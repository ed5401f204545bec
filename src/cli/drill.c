/* SPDX-License-Identifier: Apache-2.0 */
/* `pasu drill`: breaches told again in virtual time, and what one's own configuration makes of
 * them. */
#include "cli/complain.h"
#include "cli/drill_ledger.h"
#include "cli/drill_view.h"
#include "cli/evidence.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "config/load.h"
#include "config/time_zone.h"
#include "drill/usual.h"
#include "policy/sources.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH = 4096, DESCRIPTORS = 8, LIST = 400 };

struct drilling {
    struct ask ask;
    const char *path; /* of the configuration; NULL: the usual one */
    const char *html;
    struct drill_options options;
    struct sources sources;
    struct drill drill;
    char directory[PATH];
    bool is_json;
};

/* ---- the command line ---- */

static void
list_controls(char list[LIST])
{
    size_t used = 0;

    for (int c = 0; c < DRILL_CONTROLS && used < LIST; c++)
        used += (size_t)snprintf(list + used, LIST - used, "%s%s", c > 0 ? ", " : "",
                                 drill_control_name((enum drill_control)c));
}

static int
take_without(struct drilling *d, const struct arguments *arguments)
{
    char list[LIST];

    for (size_t i = 0; i < arguments->more_count; i++) {
        enum drill_control control;

        if (arguments->more[i].option != OPTION_without)
            continue;
        control = drill_control_find(arguments->more[i].value);
        if (control == DRILL_CONTROLS) {
            list_controls(list);
            complain(list, "--without %.64s is no control", arguments->more[i].value);
            return 2;
        }
        d->options.without |= 1u << control;
    }
    return 0;
}

static int
take_scenario(struct drilling *d, const struct arguments *arguments)
{
    const char *only = arguments->values[OPTION_scenario];
    size_t count, used = 0;
    const char *const *names = drill_names(&count);
    char list[LIST];

    for (size_t i = 0; i < count; i++) {
        if (only == NULL || strcmp(only, names[i]) == 0) {
            d->options.only = only;
            return 0;
        }
        used +=
            (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    complain(list, "--scenario %.64s is no scenario", only);
    return 2;
}

/* ---- the configuration ---- */

/* Those of the first kind, whom the persons of the stories are, that the ledger watches. (Who opens
 * a ledger to answer from it has that recorded.) */
static void
count_decoys(struct drilling *d, const struct arguments *arguments)
{
    const struct config *config = d->ask.config;
    struct evidence e;
    int status = evidence_open(&e, arguments);

    for (size_t s = 0; status == 0 && e.decoys != NULL && s < e.decoys->count; s++) {
        const struct decoy_set *set = &e.decoys->sets[s];

        if (set->head.retired == 0 && config->subject_count > 0 &&
            strcmp(set->head.kind, config->subjects[0].name) == 0)
            d->options.decoys += set->count;
    }
    evidence_close(&e);
    if (status != 0)
        complain("", "which decoys there are is not known: the drill has none");
}

/* That a drill was run, where there is a ledger to say it in. */
static int
take_own(struct drilling *d, const struct arguments *arguments)
{
    int status = ask_init(&d->ask, arguments);

    if (status != 0)
        return status;
    d->path = arguments->values[OPTION_config];
    if (access(d->ask.config->ledger.directory, F_OK) == 0)
        count_decoys(d, arguments);
    return 0;
}

static int
take_config(struct drilling *d, const struct arguments *arguments)
{
    struct config_faults faults = {0};
    const char *failed = NULL;
    const struct config *config;
    int result = 0;

    if (arguments_given(arguments, OPTION_config)) {
        int status = take_own(d, arguments);

        if (status != 0)
            return status;
    } else {
        d->options.decoys = DRILL_USUAL_DECOYS;
        result = config_parse(&d->ask.config, view_of_text(drill_usual), "usual.yaml", &faults);
        config_faults_release(&faults);
    }
    config = d->ask.config;
    if (result == 0)
        result = time_zone_use(config);
    if (result == 0)
        result = sources_open(&d->sources, config->sources.country_db.path,
                              config->sources.asn_db.path, &failed);
    if (result == 0 || failed == NULL)
        return result == 0 ? 0 : complain_error(result, "drill");
    complain(sources_hint(result), "%s: %s", failed, error_text(result));
    return 2;
}

/* ---- the drill, in a process of its own: the folder goes whatever ends it ---- */

static void
show_progress(void *arg PASU_UNUSED, const char *title)
{
    if (terminal_is(stderr))
        fprintf(stderr, "\r\033[K%s ", title);
}

static int
show(struct drilling *d)
{
    int status = 0;

    if (terminal_is(stderr))
        fprintf(stderr, "\r\033[K");
    if (d->is_json)
        drill_print_json(&d->drill);
    else if (drill_print_text(stdout, &d->drill, d->path) != 0)
        status = complain_error(PASU_E_NOMEM, "drill");
    if (d->html != NULL && drill_save_html(d->html, &d->drill, d->path) != 0)
        status = 2;
    if (status != 0)
        return output_end(status);
    for (size_t i = 0; i < d->drill.count; i++)
        if (!d->drill.scenarios[i].cells[DRILL_ALL].is_noticed)
            status = 1;
    return output_end(status);
}

static int
run(struct drilling *d)
{
    int result = drill_run(&d->drill, &d->options);

    if (result == 0)
        return show(d);
    if (result == PASU_E_NOTFOUND) {
        complain("name a table and its fields under personal_data",
                 "the configuration names no fields of its first kind of subject");
        return 2;
    }
    (void)complain_error(result, "the drill in %s", d->directory);
    return 2;
}

static int
remove_one(const char *path, const struct stat *st PASU_UNUSED, int type PASU_UNUSED,
           struct FTW *place PASU_UNUSED)
{
    return remove(path);
}

/* What ends it, but for what whoever started it had ignored; and that the other process has ended.
 */
static void
ends_of(sigset_t *ends)
{
    static const int known[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;

    (void)sigemptyset(ends);
    (void)sigaddset(ends, SIGCHLD);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (sigaction(known[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            (void)sigaddset(ends, known[i]);
}

/* Its exit status. A signal ends the other process first; *ended is which, 0: none. */
static int
await(pid_t pid, const sigset_t *ends, int *ended)
{
    int status = 0;
    pid_t found;

    *ended = 0;
    while ((found = waitpid(pid, &status, WNOHANG)) == 0) {
        int number = sigwaitinfo(ends, NULL);

        if (number <= 0 || number == SIGCHLD)
            continue;
        *ended = number;
        (void)kill(pid, SIGTERM);
    }
    return found == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* With the signals that end it blocked. */
static int
run_in_folder(struct drilling *d, const sigset_t *ends, const sigset_t *before, int *ended)
{
    const char *base = getenv("TMPDIR");
    pid_t parent = getpid(), pid;
    int status;

    snprintf(d->directory, sizeof(d->directory), "%s/pasu-drill.XXXXXX",
             base != NULL && strlen(base) < PATH / 2 ? base : "/tmp");
    if (mkdtemp(d->directory) == NULL) {
        complain("name another folder in TMPDIR", "cannot make %s: %s", d->directory,
                 strerror(errno));
        return 2;
    }
    d->options.directory = d->directory;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        (void)sigprocmask(SIG_SETMASK, before, NULL);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == parent ? run(d) : 2);
    }
    status = pid < 0 ? complain_error(PASU_E_NOMEM, "drill") : await(pid, ends, ended);
    (void)nftw(d->directory, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return status;
}

static int
run_aside(struct drilling *d)
{
    sigset_t ends, before;
    int status, ended = 0;

    (void)signal(SIGCHLD, SIG_DFL); /* ignored, it would leave no exit status */
    ends_of(&ends);
    (void)sigprocmask(SIG_BLOCK, &ends, &before);
    status = run_in_folder(d, &ends, &before, &ended);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (ended != 0)
        (void)raise(ended); /* as it would have ended without a folder to remove */
    return status;
}

int
run_drill(const struct arguments *arguments)
{
    struct drilling d = {.html = arguments->values[OPTION_html],
                         .is_json = arguments_given(arguments, OPTION_json)};
    int status = take_without(&d, arguments);

    if (status == 0)
        status = take_scenario(&d, arguments);
    if (status == 0)
        status = take_config(&d, arguments);
    if (status == 0) {
        d.options.config = d.ask.config;
        d.options.sources = &d.sources;
        d.options.ledger = &drill_ledger;
        d.options.progress = show_progress;
        status = run_aside(&d);
    }
    sources_close(&d.sources);
    ask_release(&d.ask);
    return status;
}
