/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/view.h"
#include "base/os.h"
#include "cli/table.h"
#include "cli/text.h"
#include "config/moment.h"

#include <inttypes.h>
#include <time.h>

enum { SHORT_SIZE = 64, PRINCIPALS_SHOWN = 20 };

void
view_age(char *text, size_t size, const char *time, int64_t now)
{
    struct tm tm = {0};
    const char *end = time != NULL ? strptime(time, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

    if (end == NULL || (*end != 'Z' && *end != '.')) {
        snprintf(text, size, "-");
        return;
    }
    text_duration(text, size, now / NANOSECONDS_PER_SECOND - (int64_t)timegm(&tm));
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL && text[0] != '\0' ? text : "-";
}

static uint64_t
count_of(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));

    return n > 0 ? (uint64_t)n : 0;
}

static void
add_bytes(struct table *table, uint64_t n)
{
    char text[SHORT_SIZE];

    text_bytes(text, sizeof(text), n);
    table_add(table, text);
}

static void
add_age(struct table *table, const json_t *object, const char *key, int64_t now)
{
    char text[SHORT_SIZE];

    view_age(text, sizeof(text), json_string_value(json_object_get(object, key)), now);
    table_add(table, text);
}

/* "192.0.2.1:5432", "[2001:db8::1]:5432", or the address alone where there is no port. */
static void
add_source(struct table *table, const json_t *source)
{
    const char *address = text_of(source, "address");
    uint64_t port = count_of(source, "port");
    bool is_v6 = strchr(address, ':') != NULL;
    char text[128];

    if (port == 0)
        snprintf(text, sizeof(text), "%s", address);
    else
        snprintf(text, sizeof(text), "%s%s%s:%" PRIu64, is_v6 ? "[" : "", address, is_v6 ? "]" : "",
                 port);
    table_add(table, text);
}

/* What waits to be approved is said by its number. */
static void
add_state(struct table *table, const json_t *session)
{
    char text[SHORT_SIZE];

    if (!json_is_integer(json_object_get(session, "approval"))) {
        table_add(table, text_of(session, "state"));
        return;
    }
    snprintf(text, sizeof(text), "held, %" PRIu64, count_of(session, "approval"));
    table_add(table, text);
}

static const struct table_column session_columns[] = {
    {"session", false, 0, 0},  {"gateway", false, 7, 7},   {"principal", false, 12, 0},
    {"database", false, 8, 4}, {"source", false, 15, 3},   {"application", false, 12, 6},
    {"state", false, 0, 1},    {"tls", false, 0, 8},       {"age", true, 0, 2},
    {"persons", true, 0, 1},   {"statements", true, 0, 9}, {"rows", true, 0, 5},
    {"out", true, 0, 10},
};

int
view_sessions(FILE *file, json_t *sessions, int64_t now, size_t width)
{
    struct table table;
    const json_t *one;
    size_t i;
    int r;

    table_init(&table, session_columns, COUNT_OF(session_columns));
    json_array_foreach(sessions, i, one)
    {
        table_add(&table, text_of(one, "session"));
        table_add(&table, text_of(one, "gateway"));
        table_add(&table, text_of(one, "principal"));
        table_add(&table, text_of(one, "database"));
        add_source(&table, json_object_get(one, "source"));
        table_add(&table, text_of(one, "application"));
        add_state(&table, one);
        table_add(&table, json_is_true(json_object_get(one, "tls")) ? "yes" : "no");
        add_age(&table, one, "since", now);
        table_add_count(&table, count_of(one, "subjects"));
        table_add_count(&table, count_of(one, "statements"));
        table_add_count(&table, count_of(one, "rows"));
        add_bytes(&table, count_of(one, "bytes_out"));
    }
    r = table_print(&table, file, 0, width);
    table_release(&table);
    fprintf(file, "%zu session%s\n", json_array_size(sessions),
            json_array_size(sessions) == 1 ? "" : "s");
    return r;
}

static const struct table_column gateway_columns[] = {
    {"gateway", false, 12, 0},
    {"listen", false, 20, 1},
    {"upstream", false, 20, 2},
};

/* The addresses a gateway listens at: a text or an array of texts. */
static void
add_listen(struct table *table, const json_t *listen)
{
    char text[256] = "";
    size_t i, used = 0;
    const json_t *one;

    if (json_is_string(listen)) {
        table_add(table, json_string_value(listen));
        return;
    }
    json_array_foreach(listen, i, one)
    {
        const char *address = json_string_value(one);

        if (address != NULL && used < sizeof(text))
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? ", " : "",
                                     address);
    }
    table_add(table, text);
}

static int
view_gateways(FILE *file, const json_t *gateways, size_t width)
{
    struct table table;
    const json_t *one;
    size_t i;
    int r;

    table_init(&table, gateway_columns, COUNT_OF(gateway_columns));
    json_array_foreach(gateways, i, one)
    {
        table_add(&table, text_of(one, "name"));
        add_listen(&table, json_object_get(one, "listen"));
        table_add(&table, text_of(one, "upstream"));
    }
    r = table_print(&table, file, 0, width);
    table_release(&table);
    return r;
}

static const struct table_column process_columns[] = {
    {"process", false, 0, 0}, {"pid", true, 0, 0}, {"state", false, 0, 0},
    {"restarts", true, 0, 2}, {"age", true, 0, 1},
};

static int
view_processes(FILE *file, const json_t *processes, int64_t now, size_t width)
{
    struct table table;
    const json_t *one;
    size_t i;
    int r;

    table_init(&table, process_columns, COUNT_OF(process_columns));
    json_array_foreach(processes, i, one)
    {
        char pid[SHORT_SIZE];

        snprintf(pid, sizeof(pid), "%" PRIu64, count_of(one, "pid"));
        table_add(&table, text_of(one, "name"));
        table_add(&table, strcmp(pid, "0") == 0 ? "not running" : pid);
        table_add(&table, text_of(one, "state"));
        table_add_count(&table, count_of(one, "restarts"));
        add_age(&table, one, "since", now);
    }
    r = table_print(&table, file, 0, width);
    table_release(&table);
    return r;
}

/* What does not do its work, and what that means. */
static void
view_degraded(FILE *file, const json_t *degraded, int64_t now)
{
    const json_t *one;
    size_t i;

    json_array_foreach(degraded, i, one)
    {
        const char *error = json_string_value(json_object_get(one, "error"));
        char age[SHORT_SIZE];

        view_age(age, sizeof(age), json_string_value(json_object_get(one, "since")), now);
        fprintf(file, "degraded: %s", text_of(one, "text"));
        if (strcmp(age, "-") != 0)
            fprintf(file, ", for %s", age);
        fprintf(file, "%s%s\n  %s\n  hint: %s\n", error != NULL ? ": " : "",
                error != NULL ? error : "", text_of(one, "traffic"), text_of(one, "hint"));
    }
    if (json_array_size(degraded) > 0)
        fputc('\n', file);
}

static const struct table_column target_columns[] = {
    {"published to", false, 0, 0}, {"name", false, 20, 3},  {"records", true, 0, 2},
    {"last", true, 0, 0},          {"failing", true, 0, 0}, {"error", false, 20, 1},
};

static const struct table_column alert_columns[] = {
    {"alerts to", false, 0, 0}, {"name", false, 20, 3},  {"waiting", true, 0, 0},
    {"last", true, 0, 2},       {"failing", true, 0, 0}, {"error", false, 20, 1},
};

/* Nothing, where nothing is published; `count`: the key of what a target has, or has not. */
static int
view_targets(FILE *file, const json_t *targets, const struct table_column *columns,
             const char *count, int64_t now, size_t width)
{
    struct table table;
    const json_t *one;
    size_t i;
    int r;

    if (json_array_size(targets) == 0)
        return 0;
    table_init(&table, columns, COUNT_OF(target_columns));
    json_array_foreach(targets, i, one)
    {
        table_add(&table, text_of(one, "kind"));
        table_add(&table, text_of(one, "name"));
        table_add_count(&table, count_of(one, count));
        add_age(&table, one, "last", now);
        add_age(&table, one, "failed", now);
        table_add(&table, text_of(one, "error"));
    }
    r = table_print(&table, file, 0, width);
    table_release(&table);
    fputc('\n', file);
    return r;
}

static const struct table_column deadline_columns[] = {
    {"incident", true, 0, 0}, {"deadline", false, 20, 0}, {"due", false, 0, 0},
    {"left", true, 0, 0},     {"over", true, 0, 0},       {"law", false, 20, 1},
};

/* How long until then, or since then. */
static void
add_distance(struct table *table, const char *time, int64_t now, bool is_left)
{
    char text[SHORT_SIZE];
    int64_t due = 0;

    if (time == NULL || moment_parse_fixed(&due, time, false) != 0 || (due > now) != is_left) {
        table_add(table, NULL);
        return;
    }
    text_duration(text, sizeof(text), (is_left ? due - now : now - due) / NANOSECONDS_PER_SECOND);
    table_add(table, text);
}

/* Of incidents; nothing, where there are none. */
static int
view_deadlines(FILE *file, const json_t *deadlines, int64_t now, size_t width)
{
    struct table table;
    const json_t *one;
    size_t i;
    int r;

    if (json_array_size(deadlines) == 0)
        return 0;
    table_init(&table, deadline_columns, COUNT_OF(deadline_columns));
    json_array_foreach(deadlines, i, one)
    {
        const char *due = json_string_value(json_object_get(one, "due"));

        table_add_count(&table, count_of(one, "incident"));
        table_add(&table, text_of(one, "clock"));
        table_add(&table, due);
        add_distance(&table, due, now, true);
        add_distance(&table, due, now, false);
        table_add(&table, text_of(one, "law"));
    }
    r = table_print(&table, file, 0, width);
    table_release(&table);
    fputc('\n', file);
    return r;
}

static const struct table_column principal_columns[] = {
    {"principal", false, 12, 0}, {"minute", true, 0, 5},    {"hour", true, 0, 2},
    {"day", true, 0, 0},         {"30d", true, 0, 4},       {"180d", true, 0, 3},
    {"unnamed", true, 0, 6},     {"budgets", false, 16, 1},
};

/* "hour 97/100 block, day 97/500 alert" */
static void
add_budgets(struct table *table, json_t *budgets)
{
    char text[512] = "-";
    size_t i, used = 0;
    const json_t *one;

    json_array_foreach(budgets, i, one)
    {
        char taken[SHORT_SIZE], limit[SHORT_SIZE];

        if (used >= sizeof(text))
            break;
        text_count(taken, sizeof(taken), count_of(one, "used"));
        text_count(limit, sizeof(limit), count_of(one, "subjects"));
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s/%s %s",
                                 used > 0 ? ", " : "", text_of(one, "window"), taken, limit,
                                 text_of(one, "verdict"));
    }
    table_add(table, text);
}

/* How many different persons each was shown; at most PRINCIPALS_SHOWN of them. */
static int
view_principals(FILE *file, json_t *principals, size_t width)
{
    struct table table;
    const json_t *one;
    size_t i, count = json_array_size(principals);
    int r;

    if (count == 0)
        return 0;
    table_init(&table, principal_columns, COUNT_OF(principal_columns));
    json_array_foreach(principals, i, one)
    {
        if (i == PRINCIPALS_SHOWN)
            break;
        table_add(&table, text_of(one, "principal"));
        table_add_count(&table, count_of(one, "minute"));
        table_add_count(&table, count_of(one, "hour"));
        table_add_count(&table, count_of(one, "day"));
        table_add_count(&table, count_of(one, "30d"));
        table_add_count(&table, count_of(one, "180d"));
        table_add_count(&table, count_of(json_object_get(one, "unknown"), "day"));
        add_budgets(&table, json_object_get(one, "budgets"));
    }
    r = table_print(&table, file, 0, width);
    table_release(&table);
    if (count > PRINCIPALS_SHOWN)
        fprintf(file, "and %zu more, who were shown fewer persons today: --json\n",
                count - PRINCIPALS_SHOWN);
    fputc('\n', file);
    return r;
}

/* How far the detectors are (cli/watched.h), and which of them cannot be tested. */
static int
view_detectors(FILE *file, const json_t *detectors, int64_t now, size_t width)
{
    static const struct table_column columns[] = {{"detector", false, 9, 0},
                                                  {"not testable", false, 12, 0}};
    char age[SHORT_SIZE];
    struct table table;
    const json_t *one;
    size_t i;
    int r;

    if (detectors == NULL)
        return 0;
    view_age(age, sizeof(age), text_of(detectors, "judged"), now);
    if (json_is_true(json_object_get(detectors, "behind")))
        fprintf(file, "detectors: reading what is recorded, %" PRIu64 " records so far\n\n",
                count_of(detectors, "record"));
    else
        fprintf(file,
                "detectors: judged %s ago; of %" PRIu64 " who read %" PRIu64 " are tested; %" PRIu64
                " findings stand\n\n",
                age, count_of(detectors, "principals"), count_of(detectors, "tested"),
                count_of(detectors, "findings"));
    table_init(&table, columns, COUNT_OF(columns));
    json_array_foreach(json_object_get(detectors, "list"), i, one)
    {
        if (!json_is_string(json_object_get(one, "untestable")))
            continue;
        table_add(&table, text_of(one, "detector"));
        table_add(&table, text_of(one, "untestable"));
    }
    r = table.count > 0 || table.error != 0 ? table_print(&table, file, 0, width) : 0;
    if (table.count > 0)
        fputc('\n', file);
    table_release(&table);
    return r;
}

/* Every number of the document, by the name it has in JSON. */
static int
view_counts(FILE *file, json_t *status, size_t width)
{
    static const struct table_column columns[] = {{"count", false, 0, 0}, {"value", true, 0, 0}};
    struct table table;
    const char *key;
    const json_t *value;
    int r;

    table_init(&table, columns, COUNT_OF(columns));
    json_object_foreach(status, key, value)
    {
        if (!json_is_integer(value))
            continue;
        table_add(&table, key);
        if (strncmp(key, "bytes_", 6) == 0)
            add_bytes(&table, count_of(status, key));
        else
            table_add_count(&table, count_of(status, key));
    }
    r = table.count > 0 || table.error != 0 ? table_print(&table, file, 0, width) : 0;
    table_release(&table);
    return r;
}

int
view_status(FILE *file, json_t *status, int64_t now, size_t width)
{
    char age[SHORT_SIZE];
    int r;

    view_age(age, sizeof(age), json_string_value(json_object_get(status, "since")), now);
    if (strcmp(age, "-") != 0)
        fprintf(file, "running for %s\n\n", age);
    if (json_is_true(json_object_get(status, "draining")))
        fputs("draining: no new sessions; waiting for running ones to end\n\n", file);
    view_degraded(file, json_object_get(status, "degraded"), now);
    r = view_gateways(file, json_object_get(status, "gateways"), width);
    fputc('\n', file);
    if (r == 0)
        r = view_processes(file, json_object_get(status, "processes"), now, width);
    fputc('\n', file);
    if (r == 0)
        r = view_deadlines(file, json_object_get(status, "deadlines"), now, width);
    if (r == 0)
        r = view_targets(file, json_object_get(status, "published"), target_columns, "records", now,
                         width);
    if (r == 0)
        r = view_targets(file, json_object_get(status, "alerts"), alert_columns, "waiting", now,
                         width);
    if (r == 0)
        r = view_detectors(file, json_object_get(status, "detectors"), now, width);
    if (r == 0)
        r = view_principals(file, json_object_get(status, "principals"), width);
    return r != 0 ? r : view_counts(file, status, width);
}
