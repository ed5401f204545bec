/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scope_log.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 256 << 10, LOOK_EVERY = 16 /* blocks between two looks at the clock */ };

/* ---- the command line ---- */

int
scope_log_check(const struct arguments *arguments)
{
    bool is_asked = arguments_given(arguments, OPTION_server_log);

    if (!is_asked && arguments->operand_count > 0) {
        complain("name the server's log with --server-log FILE, then further files of it",
                 "scope does not take \"%.100s\" without --server-log", arguments->operands[0]);
        return 2;
    }
    if (!is_asked && arguments_given(arguments, OPTION_log_line_prefix)) {
        complain("name the server's log with --server-log FILE",
                 "--log-line-prefix is of no use without --server-log");
        return 2;
    }
    if (is_asked && arguments_given(arguments, OPTION_as_of)) {
        complain("a log says what it says now: ask without --as-of",
                 "--server-log and --as-of do not go together");
        return 2;
    }
    if (is_asked && arguments_given(arguments, OPTION_list) &&
        !arguments_given(arguments, OPTION_json)) {
        complain("add --json, or leave --list out",
                 "--list prints keys alone, and nothing of what --server-log finds");
        return 2;
    }
    return 0;
}

static void
add_file(struct scope_log *log, const char *name)
{
    log->files[log->file_count++] = (struct scope_log_file){.name = name};
}

static int
list_files(struct scope_log *log, const struct arguments *arguments)
{
    log->files = memory_new(arguments->more_count + arguments->operand_count, sizeof(*log->files));
    if (log->files == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < arguments->more_count; i++)
        if (arguments->more[i].option == OPTION_server_log)
            add_file(log, arguments->more[i].value);
    for (size_t i = 0; i < arguments->operand_count; i++)
        add_file(log, arguments->operands[i]);
    return 0;
}

/* ---- reading ---- */

struct reading {
    struct scope_log *log;
    struct server_log *parser;
    struct progress progress;
    uint64_t done, all; /* bytes */
    uint8_t *block;
};

/* Each line of the present file. */
static int
see(void *arg, const struct server_line *line)
{
    struct scope_log *log = arg;
    struct scope_log_file *file = &log->files[log->sessions.file];

    if (file->first == 0 || line->at < file->first)
        file->first = line->at;
    if (line->at > file->last)
        file->last = line->at;
    return server_sessions_see(&log->sessions, line);
}

static int
read_blocks(struct reading *r, int fd, int *error)
{
    int result = 0;

    for (uint64_t block = 0; result == 0; block++) {
        ssize_t n = read(fd, r->block, BLOCK);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            *error = errno;
        if (n <= 0)
            break;
        r->done += (uint64_t)n;
        result = server_log_feed(r->parser, view_of(r->block, (size_t)n));
        if (block % LOOK_EVERY == 0 && progress_is_due(&r->progress))
            progress_show(&r->progress, "reading the server's log", r->done, r->all);
    }
    return result == 0 && *error == 0 ? server_log_end(r->parser) : result;
}

static int
complain_file(const char *name, int result, int error)
{
    if (error != 0)
        complain(error == EACCES ? "run it as root, or as who may read the server's log" : "",
                 "cannot read %s: %s", name, strerror(error));
    else if (result == PASU_E_RANGE)
        complain("give less of the log at a time, with --from and --to",
                 "more than %d sessions in the server's log", SERVER_SESSIONS_MAX);
    else
        return complain_error(result, "%s", name);
    return 2;
}

static int
read_file(struct reading *r, size_t number, const char *prefix)
{
    struct scope_log_file *file = &r->log->files[number];
    bool is_input = strcmp(file->name, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(file->name, O_RDONLY | O_CLOEXEC), error = 0, result;

    if (fd < 0)
        return complain_file(file->name, 0, errno);
    r->log->sessions.file = (uint32_t)number;
    server_log_init(r->parser, see, r->log);
    result = prefix != NULL ? server_log_prefix(r->parser, prefix) : 0;
    if (result == 0)
        result = read_blocks(r, fd, &error);
    if (!is_input)
        close(fd);
    file->format = r->parser->format;
    file->lines = r->parser->lines;
    file->unreadable = r->parser->unreadable;
    file->zoneless = r->parser->zoneless;
    return result == 0 && error == 0 ? 0 : complain_file(file->name, result, error);
}

static int
check_prefix(struct server_log *parser, const char *prefix)
{
    server_log_init(parser, see, NULL);
    if (prefix == NULL || server_log_prefix(parser, prefix) == 0)
        return 0;
    complain("it is what the server's log_line_prefix says: SHOW log_line_prefix",
             "--log-line-prefix needs %%p and one of %%t, %%m and %%n, and at most %d parts",
             SERVER_LOG_PREFIX_MAX);
    return 2;
}

static uint64_t
size_of(const struct scope_log *log)
{
    uint64_t all = 0;
    struct stat st;

    for (size_t i = 0; i < log->file_count; i++)
        if (stat(log->files[i].name, &st) == 0 && S_ISREG(st.st_mode))
            all += (uint64_t)st.st_size;
    return all;
}

int
scope_log_read(struct scope_log *log, const struct arguments *arguments,
               const struct filter *filter)
{
    const char *prefix = arguments->values[OPTION_log_line_prefix];
    struct reading r = {.log = log};
    uint64_t seed;
    int status = 0, result;

    *log = (struct scope_log){0};
    result = os_real.random(os_real.arg, &seed, sizeof(seed));
    server_sessions_init(&log->sessions, seed);
    server_match_begin(&log->match, &log->sessions, filter, seed);
    if (result == 0)
        result = list_files(log, arguments);
    r.all = size_of(log);
    r.parser = memory_new(1, sizeof(*r.parser));
    r.block = memory_new(BLOCK, 1);
    if (result == 0 && (r.parser == NULL || r.block == NULL))
        result = PASU_E_NOMEM;
    if (result == 0)
        status = check_prefix(r.parser, prefix);
    for (size_t i = 0; i < log->file_count && result == 0 && status == 0; i++)
        status = read_file(&r, i, prefix);
    progress_end(&r.progress);
    memory_free(r.parser);
    memory_free(r.block);
    if (result != 0)
        return complain_error(result, "the server's log");
    if (status == 0)
        server_sessions_end(&log->sessions);
    return status;
}

void
scope_log_release(struct scope_log *log)
{
    server_match_release(&log->match);
    server_sessions_release(&log->sessions);
    memory_free(log->files);
    *log = (struct scope_log){0};
}

/* ---- the ledger ---- */

int
scope_log_note(void *arg, const struct ledger_entry *entry,
               const struct records_place *place PASU_UNUSED, bool is_in_ring PASU_UNUSED)
{
    struct scope_log *log = arg;

    return server_match_note(&log->match, entry);
}

void
scope_log_end(struct scope_log *log, const struct gaps *gaps)
{
    server_match_end(&log->match, gaps);
}
