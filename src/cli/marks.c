/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/run.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "exposure/vocabulary.h"
#include "ledger/reader.h"
#include "ledger/take_keys.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { NAMES_SIZE = 64 * 65, PLACE_SIZE = 3 * RING_NAME_SIZE + 16, MOMENT_SIZE = 40 };

/* One of those that there are, and what the ledger says of it. */
struct found {
    struct ring_mark mark;
    int64_t since; /* realtime ns; 0: it does not say */
    uint64_t record;
};

struct marks {
    struct found *items;
    size_t count;
    struct vocabulary vocabulary; /* of the configuration */
};

/* ---- what the ledger says ---- */

static bool
is_of_same(const struct ring_mark *a, const struct ring_mark *b)
{
    if (a->system != 0 && b->system != 0)
        return a->system == b->system && a->database_oid == b->database_oid;
    return a->system == b->system && strcmp(a->gateway, b->gateway) == 0 &&
           strcmp(a->database, b->database) == 0;
}

static void
note(struct found *found, const struct ledger_entry *entry)
{
    const struct ring_mark *mark =
        entry->type == LEDGER_MARK ? entry->u.mark : &entry->u.cleared->mark;

    if (mark->relation != found->mark.relation || !is_of_same(mark, &found->mark))
        return;
    if (entry->type == LEDGER_CLEARED || mark->what == RING_MARK_FORGOTTEN) {
        found->since = 0;
    } else if (mark->what == RING_MARK_CARRIES && found->since == 0 &&
               mark->column == found->mark.column && mark->vocabulary == found->mark.vocabulary &&
               (mark->relation != 0 || (strcmp(mark->schema, found->mark.schema) == 0 &&
                                        strcmp(mark->name, found->mark.name) == 0))) {
        found->since = entry->time;
        found->record = entry->seq;
    }
}

static int
read_entries(struct ledger_reader *reader, struct marks *marks)
{
    struct ledger_entry entry;
    int result;

    while ((result = ledger_reader_next(reader, &entry)) == 1 || result == PASU_E_CORRUPT)
        for (size_t i = 0;
             result == 1 && (entry.type == LEDGER_MARK || entry.type == LEDGER_CLEARED) &&
             i < marks->count;
             i++)
            note(&marks->items[i], &entry);
    return result;
}

static bool
take_no_exposure(void *arg PASU_UNUSED, uint64_t seq PASU_UNUSED, int64_t time PASU_UNUSED,
                 uint64_t session PASU_UNUSED)
{
    return false;
}

/* Where it cannot be read, that is said, and the marks are told without it. */
static void
read_ledger(const struct ask *ask, struct marks *marks)
{
    struct segment_keys keys = {0};
    struct ledger_reader *reader = NULL;
    const char *directory = ask->config->ledger.directory;
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = folder >= 0 ? take_keys_copy(&keys, ask->config) : PASU_E_DENIED;

    if (result == 0)
        result = ledger_reader_open(&reader, &os_real, folder);
    if (result == 0) {
        ledger_reader_choose(reader, take_no_exposure, NULL);
        ledger_reader_unlock(reader, &keys);
        result = read_entries(reader, marks);
        ledger_reader_close(reader);
    }
    if (result != 0)
        complain("run it as the account that pasu guard runs as",
                 "the ledger in %s cannot be read (%s): since when is not known", directory,
                 error_text(result));
    segment_keys_release(&keys);
    if (folder >= 0)
        close(folder);
}

/* ---- words ---- */

/* Which bits say all that there are. */
static bool
is_all(const struct marks *marks, const struct ring_mark *mark, uint64_t bits)
{
    return mark->vocabulary != marks->vocabulary.id || bits == UINT64_MAX;
}

static void
words(char *text, size_t size, uint64_t bits, const char (*names)[VOCABULARY_NAME_SIZE],
      size_t count)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++)
        if (bits >> i & 1)
            used +=
                (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", names[i]);
}

static void
put_words(struct json_out *out, const char *key, bool is_every, uint64_t bits,
          const char (*names)[VOCABULARY_NAME_SIZE], size_t count)
{
    if (is_every) {
        json_put_text(out, key, NULL);
        return;
    }
    json_put_open(out, key, '[');
    for (size_t i = 0; i < count; i++)
        if (bits >> i & 1)
            json_out_text(out, names[i]);
    json_out_close(out, ']');
}

static void
put_number(struct json_out *out, const char *key, uint64_t n)
{
    if (n > 0)
        json_put_count(out, key, n);
    else
        json_put_text(out, key, NULL);
}

static void
print_json(const struct marks *marks, const struct found *found)
{
    const struct ring_mark *mark = &found->mark;
    const struct vocabulary *v = &marks->vocabulary;
    bool is_made = mark->relation == 0 && mark->column == INT16_MAX;
    struct json_out out = {.file = stdout};

    json_out_open(&out, '{');
    put_number(&out, "relation", mark->relation);
    json_put_text(&out, "gateway", mark->gateway);
    json_put_text(&out, "database", mark->database);
    json_put_text(&out, "schema", mark->schema[0] ? mark->schema : NULL);
    json_put_text(&out, "table", mark->name[0] && !is_made ? mark->name : NULL);
    put_number(&out, "column", is_made ? 0 : (uint64_t)mark->column);
    put_words(&out, "fields", is_all(marks, mark, mark->fields), mark->fields, v->fields,
              v->field_count);
    put_words(&out, "kinds", is_all(marks, mark, mark->kinds), mark->kinds, v->kinds,
              v->kind_count);
    json_put_time(&out, "since", found->since);
    put_number(&out, "record", found->since > 0 ? found->record : 0);
    json_out_close(&out, '}');
    json_out_end(&out);
}

/* ---- list ---- */

static const struct table_column columns[] = {
    {"table no.", true, 0, 0}, {"database", false, 8, 2}, {"table", false, 12, 0},
    {"column", true, 0, 3},    {"fields", false, 8, 0},   {"of", false, 6, 4},
    {"since", false, 0, 1},    {"record", true, 0, 5},
};

static void
add_row(struct table *table, const struct marks *marks, const struct found *found)
{
    const struct ring_mark *mark = &found->mark;
    const struct vocabulary *v = &marks->vocabulary;
    char text[NAMES_SIZE], time[MOMENT_SIZE];
    bool is_made = mark->relation == 0 && mark->column == INT16_MAX;

    snprintf(text, sizeof(text), "%" PRIu32, mark->relation);
    table_add(table, mark->relation != 0 ? text : NULL);
    table_add(table, mark->database);
    snprintf(text, sizeof(text), "%s%s%s", mark->schema, mark->schema[0] ? "." : "", mark->name);
    table_add(table, is_made ? "(all that came to be)" : mark->name[0] ? text : NULL);
    snprintf(text, sizeof(text), "%d", mark->column);
    table_add(table, mark->column != 0 && !is_made ? text : NULL);
    words(text, sizeof(text), mark->fields, v->fields, v->field_count);
    table_add(table, is_all(marks, mark, mark->fields) ? "(all)" : text);
    words(text, sizeof(text), mark->kinds, v->kinds, v->kind_count);
    table_add(table, is_all(marks, mark, mark->kinds) ? "(all)" : text);
    log_time_text(time, sizeof(time), found->since);
    table_add(table, found->since > 0 ? time : NULL);
    snprintf(text, sizeof(text), "%" PRIu64, found->record);
    table_add(table, found->since > 0 ? text : NULL);
}

static int
list(const struct ask *ask, struct marks *marks, bool is_json)
{
    struct table table;
    int result = 0;

    read_ledger(ask, marks);
    if (is_json) {
        for (size_t i = 0; i < marks->count; i++)
            print_json(marks, &marks->items[i]);
        return 0;
    }
    if (marks->count == 0) {
        puts("no mark");
        return 0;
    }
    table_init(&table, columns, COUNT_OF(columns));
    for (size_t i = 0; i < marks->count; i++)
        add_row(&table, marks, &marks->items[i]);
    result = table_print(&table, stdout, 0, terminal_width(stdout));
    table_release(&table);
    return result == 0 ? 0 : complain_error(result, "marks");
}

/* ---- clear ---- */

/* Whether that is what it is called, in one of the ways there are. */
static bool
is_called(const struct ring_mark *mark, const char *text)
{
    char place[PLACE_SIZE];

    if (mark->name[0]) {
        snprintf(place, sizeof(place), "%s.%s.%s", mark->database, mark->schema, mark->name);
        if (strcmp(place, text) == 0 || strcmp(place + strlen(mark->database) + 1, text) == 0)
            return true;
    }
    if (mark->relation == 0)
        return mark->name[0] && strcmp(mark->name, text) == 0;
    snprintf(place, sizeof(place), "%s.%" PRIu32, mark->database, mark->relation);
    return strcmp(place, text) == 0 || strcmp(place + strlen(mark->database) + 1, text) == 0;
}

/* The one relation that is called so; or its status, after a complaint. */
static int
choose(const struct marks *marks, const char *text, const struct found **chosen)
{
    bool is_named = false;

    *chosen = NULL;
    for (size_t i = 0; i < marks->count; i++) {
        const struct ring_mark *mark = &marks->items[i].mark;

        if (!is_called(mark, text))
            continue;
        is_named |= mark->relation == 0;
        if (mark->relation == 0 || (*chosen && (*chosen)->mark.relation == mark->relation &&
                                    is_of_same(&(*chosen)->mark, mark)))
            continue;
        if (*chosen) {
            complain(
                "write database.schema.table, or database.NUMBER with the number that list has",
                "several tables are called \"%.200s\"", text);
            return 2;
        }
        *chosen = &marks->items[i];
    }
    if (*chosen)
        return 0;
    if (is_named)
        complain("try again when the transactions that write to it are over",
                 "the mark of \"%.200s\" is only being made", text);
    else
        complain("pasu marks -c FILE names those that there are", "there is no mark of \"%.200s\"",
                 text);
    return 1;
}

static int
complain_clear(const struct ask *ask, const char *text, int result)
{
    if (result == PASU_E_NOTFOUND)
        complain("pasu marks -c FILE names those that there are; a database is known once somebody "
                 "has connected to it through pasu",
                 "there is no mark of \"%.200s\" that can be taken away", text);
    else if (result == PASU_E_AGAIN)
        complain("try again when the transactions that write to it are over",
                 "\"%.200s\" is being marked", text);
    else
        return ask_complain(ask, result);
    return 1;
}

static int
clear(const struct ask *ask, const struct arguments *arguments, const struct marks *marks)
{
    const char *text = arguments->operands[1];
    const struct found *chosen;
    struct found gone = {0};
    char fields[NAMES_SIZE];
    int status = choose(marks, text, &chosen), result;

    if (status != 0)
        return status;
    gone.mark = chosen->mark;
    result = ask_clear(ask, &gone.mark, arguments->values[OPTION_why]);
    if (result != 0)
        return complain_clear(ask, text, result);
    if (arguments_given(arguments, OPTION_json)) {
        print_json(marks, &gone);
        return 0;
    }
    words(fields, sizeof(fields), gone.mark.fields, marks->vocabulary.fields,
          marks->vocabulary.field_count);
    printf("table %" PRIu32 " is not marked any more; its mark was of: %s\n", gone.mark.relation,
           is_all(marks, &gone.mark, gone.mark.fields) ? "all fields" : fields);
    return 0;
}

static int
take(const struct ask *ask, struct marks *marks)
{
    struct ring_mark *items;
    int result = ask_marks(ask, &items, &marks->count);

    if (result == 0)
        result = vocabulary_of_config(&marks->vocabulary, ask->config);
    if (result == 0) {
        marks->items = memory_new(marks->count + 1, sizeof(*marks->items));
        result = marks->items ? 0 : PASU_E_NOMEM;
    }
    for (size_t i = 0; result == 0 && i < marks->count; i++) {
        marks->items[i].mark = items[i];
        marks->items[i].mark.gateway[RING_NAME_SIZE - 1] = '\0';
        marks->items[i].mark.database[RING_NAME_SIZE - 1] = '\0';
        marks->items[i].mark.schema[RING_NAME_SIZE - 1] = '\0';
        marks->items[i].mark.name[RING_NAME_SIZE - 1] = '\0';
    }
    memory_free(items);
    return result;
}

int
run_marks(const struct arguments *arguments)
{
    const char *action = arguments->operand_count > 0 ? arguments->operands[0] : "list";
    bool is_clear = strcmp(action, "clear") == 0;
    unsigned most = is_clear ? 2 : 1;
    struct marks *marks = memory_new(1, sizeof(*marks));
    struct ask ask;
    int status = ask_init(&ask, arguments), result;

    if (status == 0 && !is_clear && strcmp(action, "list") != 0) {
        complain("there are: list, clear", "marks cannot \"%.64s\"", action);
        status = 2;
    } else if (status == 0 && arguments->operand_count != most && arguments->operand_count > 0) {
        complain("see: pasu help marks",
                 is_clear ? "say whose marks are taken away" : "list takes no table");
        status = 2;
    } else if (status == 0 && is_clear && !asked_has_why(arguments, CONTROL_TEXT_SIZE - 1)) {
        status = 2;
    }
    if (status == 0 && !is_clear)
        asked_record(&ask, arguments, NULL);
    if (status == 0) {
        result = marks ? take(&ask, marks) : PASU_E_NOMEM;
        if (result != 0)
            status = ask_complain(&ask, result);
        else
            status = is_clear ? clear(&ask, arguments, marks)
                              : list(&ask, marks, arguments_given(arguments, OPTION_json));
    }
    if (marks)
        memory_free(marks->items);
    memory_free(marks);
    ask_release(&ask);
    return output_end(status);
}
