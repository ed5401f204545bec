/* SPDX-License-Identifier: Apache-2.0 */
/* `pasu scan`: logs that are already there, the persons they show, and who read them as nobody
 * should. */
#include "base/memory.h"
#include "base/os.h"
#include "cli/complain.h"
#include "cli/import.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "cli/scan_html.h"
#include "cli/scan_sandbox.h"
#include "cli/scan_suggest.h"
#include "cli/scan_view.h"
#include "cli/text.h"
#include "config/quantity.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { ESCAPED = 4096, SIZE_TEXT = 32, THREADS_MOST = 64 };

#define MEMORY_LEAST ((uint64_t)32 << 20)
#define HEAP         ((size_t)64 << 20) /* of a long log; only what is used is taken */

struct scanning {
    struct input_list paths;
    struct route_map *map;
    struct scan *scan;
    struct scan_options options;
    struct progress progress;
    int64_t began;
    const char *html; /* where the page goes; NULL: there is none */
    bool is_json, is_suggesting, is_importing;
};

/* ---- the command line ---- */

static int
take_numbers(struct scanning *s, const struct arguments *arguments)
{
    const char *threads = arguments->values[OPTION_threads];
    const char *memory = arguments->values[OPTION_mem];
    uint64_t n;

    s->options.threads = 1;
    if (threads != NULL) {
        if (quantity_count(&n, threads) != 0 || n < 1 || n > THREADS_MOST) {
            complain("write a number from 1 to 64", "-j %.40s is no number of threads", threads);
            return 2;
        }
        s->options.threads = (unsigned)n;
    }
    if (memory != NULL) {
        if (quantity_size(&n, memory) != 0 || n < MEMORY_LEAST) {
            complain("write 32MiB or more, as --mem 512MiB", "--mem %.40s is no size that will do",
                     memory);
            return 2;
        }
        s->options.memory = (size_t)n;
    }
    return 0;
}

static int
take_paths(struct scanning *s, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->operand_count; i++) {
        int result = input_list_add(&s->paths, arguments->operands[i]);

        if (result == 0)
            continue;
        if (result == PASU_E_NOTFOUND)
            complain("name files, folders, patterns in quotes, or - for standard input",
                     "there is no %s", s->paths.failed);
        else
            (void)complain_error(result, "%s", s->paths.failed);
        return 2;
    }
    if (s->paths.count > 0 || (s->paths.is_following && s->paths.open_count > 0))
        return 0;
    complain("name the logs themselves", "there is no file to be read in %s%s",
             arguments->operands[0],
             arguments->operand_count > 1 ? ", nor in what else is named" : "");
    return 2;
}

static void
print_fault(const struct config_fault *fault, const char *path)
{
    char text[ESCAPED];

    text_escape(text, sizeof(text), view_of_text(fault->path != NULL ? fault->path : path));
    fprintf(stderr, "%s", text);
    if (fault->line > 0)
        fprintf(stderr, ":%u:%u", (unsigned)fault->line, (unsigned)fault->column);
    text_escape(text, sizeof(text), view_of_text(fault->text));
    fprintf(stderr, ": fault: %s\n", text);
    text_escape(text, sizeof(text), view_of_text(fault->hint));
    fprintf(stderr, "  hint: %s\n", text);
}

static int
take_map(struct scanning *s, const char *path)
{
    struct config_faults faults = {0};
    int result;

    if (path == NULL && s->is_suggesting)
        return 0;
    if (path == NULL) {
        complain("have one suggested by the logs: pasu scan --suggest FILE >map.yaml",
                 "scan needs --map FILE");
        return 2;
    }
    result = route_map_load(&s->map, path, &faults);
    for (size_t i = 0; i < faults.count; i++)
        print_fault(&faults.items[i], path);
    config_faults_release(&faults);
    if (result != 0 && result != PASU_E_CONFIG)
        return complain_error(result, "%s", path);
    return result == 0 ? 0 : 2;
}

/* ---- progress ---- */

static void
show_progress(void *arg, uint64_t done, uint64_t all, bool is_again)
{
    struct scanning *s = arg;
    double seconds = (double)(os_monotonic(&os_real) - s->began) / 1e9, rate;
    char done_text[SIZE_TEXT], all_text[SIZE_TEXT], rate_text[SIZE_TEXT], left[SIZE_TEXT];

    if (!progress_is_due(&s->progress))
        return;
    rate = seconds > 0 ? (double)done / seconds : 0;
    text_bytes(done_text, sizeof(done_text), done);
    text_bytes(all_text, sizeof(all_text), all);
    text_bytes(rate_text, sizeof(rate_text), (uint64_t)rate);
    s->progress.is_shown = true;
    if (is_again) {
        fprintf(stderr, "\r\033[Kcounting exactly: %s of %s ", done_text, all_text);
    } else if (all > 0 && rate > 0 && done <= all) {
        text_duration(left, sizeof(left), (int64_t)((double)(all - done) / rate));
        fprintf(stderr, "\r\033[K%s of %s, %s/s, %s left ", done_text, all_text, rate_text, left);
    } else {
        fprintf(stderr, "\r\033[K%s, %s/s ", done_text, rate_text);
    }
    fflush(stderr);
}

/* ---- findings as they arise ---- */

static int
show_found(void *arg, const struct exact_finding *finding)
{
    struct scanning *s = arg;

    progress_end(&s->progress);
    if (s->is_json)
        scan_print_found_json(scan_report(s->scan), s->map, finding);
    else
        scan_print_found(stdout, scan_report(s->scan), s->map, finding);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* SIGINT and SIGTERM end the reading, not the program. */
static int
begin_following(struct scanning *s)
{
    sigset_t signals;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* each log that is followed stays open */
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0 ||
        (s->options.stop = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
        return complain_error(PASU_E_UNAVAILABLE, "scan");
    s->options.is_following = true;
    s->options.found = show_found;
    s->options.names = &s->paths;
    return 0;
}

static void
end_following(struct scanning *s)
{
    struct signalfd_siginfo told;
    sigset_t signals;

    if (!s->options.is_following)
        return;
    while (read(s->options.stop, &told, sizeof(told)) > 0)
        continue;
    close(s->options.stop);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    (void)sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

/* ---- all of it ---- */

/* What was not read, on standard error. */
static bool
complain_files(const struct scan_report *report)
{
    bool is_failed = false;

    for (size_t i = 0; i < report->file_count; i++) {
        const struct scan_file *file = &report->files[i];

        if (file->error == 0)
            continue;
        is_failed = true;
        complain(file->error == PASU_E_CORRUPT ? "what came before the damage was read"
                                               : error_hint(file->error),
                 "%s: %s", file->path, scan_error_text(file->error));
    }
    if (report->is_full)
        complain("follow fewer folders, or start anew: what came later is not followed",
                 "more names came than can be followed: %zu are", report->file_count);
    if (scan_is_loud(report))
        complain("name their format in the map: log_format, from for members of JSON, "
                 "log_line_prefix for PostgreSQL's stderr; the "
                 "report shows the shape of some",
                 "%llu of %llu lines could not be read: what they show is in no number",
                 (unsigned long long)report->unparsed, (unsigned long long)report->lines);
    return is_failed;
}

static int
run(struct scanning *s)
{
    const struct scan_report *report;
    const char *failed;
    int result;
    bool is_failed;

    s->began = os_monotonic(&os_real);
    memory_prepare(HEAP);
    s->options.map = s->map;
    s->options.progress = show_progress;
    s->options.arg = s;
    result = scan_open(&s->scan, &s->options, s->paths.paths, s->paths.count, &failed);
    if (result != 0) {
        if (failed != NULL)
            complain(sources_hint(result), "%s: %s", failed, error_text(result));
        else
            (void)complain_error(result, "scan");
        return 2;
    }
    if (scan_give_up(&s->paths, s->html, s->options.stop) != 0)
        return 2;
    result = scan_run(s->scan);
    end_following(s);
    progress_end(&s->progress);
    if (result != 0)
        return complain_error(result, "scan");
    report = scan_report(s->scan);
    if (s->is_json)
        scan_print_json(report, s->map);
    else
        scan_print_text(stdout, report, s->map, os_monotonic(&os_real) - s->began);
    is_failed = complain_files(report);
    if (s->html != NULL && scan_save_html(s->html, report, s->map) != 0)
        is_failed = true;
    if (is_failed)
        return 2;
    if (report->finding_count > 0)
        return 1;
    return report->detect.untestable_count > 0 || scan_is_loud(report) ? 3 : 0;
}

/* Whether the command line can be so; else 2, after a complaint. */
static int
check(const struct scanning *s, const struct arguments *arguments)
{
    static const struct {
        enum option_id option;
        const char *name;
    } readers[] = {{OPTION_html, "--html"}, {OPTION_follow, "--follow"}};

    if (s->is_importing && s->is_suggesting) {
        complain("suggest a map first, read it through, then import with --map",
                 "--suggest and --import are two things");
        return 2;
    }
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        if ((s->is_importing || s->is_suggesting) &&
            arguments_given(arguments, readers[i].option)) {
            complain("leave it out, or scan without the other",
                     "%s is of the report, and %s makes none", readers[i].name,
                     s->is_importing ? "--import" : "--suggest");
            return 2;
        }
    if (s->html != NULL && arguments_given(arguments, OPTION_follow)) {
        complain("follow without it, and scan the logs for the page when it is wanted",
                 "the page is made by reading the logs twice, and --follow reads them once");
        return 2;
    }
    if (s->is_importing && !arguments_given(arguments, OPTION_config)) {
        complain("give -c FILE, the configuration that pasu guard runs with",
                 "--import writes into a configuration's ledger, and none is given");
        return 2;
    }
    return s->html != NULL ? scan_try_html(s->html) : 0;
}

int
run_scan(const struct arguments *arguments)
{
    struct scanning s = {.is_json = arguments_given(arguments, OPTION_json),
                         .html = arguments->values[OPTION_html],
                         .is_suggesting = arguments_given(arguments, OPTION_suggest),
                         .is_importing = arguments_given(arguments, OPTION_import),
                         .paths.is_following = arguments_given(arguments, OPTION_follow),
                         .options.stop = -1};
    int status = check(&s, arguments);

    if (status == 0)
        status = take_numbers(&s, arguments);
    if (status == 0)
        status = take_map(&s, arguments->values[OPTION_map]);
    if (status == 0)
        status = take_paths(&s, arguments);
    if (status == 0 && arguments_given(arguments, OPTION_follow))
        status = begin_following(&s);
    if (status == 0 && s.is_suggesting)
        status = scan_give_up(&s.paths, NULL, -1) != 0
                     ? 2
                     : scan_suggest(s.map, s.paths.paths, s.paths.count);
    else if (status == 0 && s.is_importing)
        status = import_logs(arguments, s.map, &s.paths, s.is_json);
    else if (status == 0)
        status = run(&s);
    scan_close(s.scan);
    route_map_free(s.map);
    input_list_release(&s.paths);
    return output_end(status);
}
