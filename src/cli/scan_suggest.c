/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan_suggest.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/text.h"
#include "policy/looks.h"
#include "scan/suggest.h"

#include <inttypes.h>
#include <strings.h>

enum { WORD = 64, KINDS = 8, FIELDS_TEXT = 256, SHOWN_OTHERS = 20 };

struct suggesting {
    struct route_map *own; /* where none was given */
    const struct route_map *map;
    struct suggest *suggest;
    const struct suggested *items;
    size_t count;
    char kinds[KINDS][WORD];
    size_t kind_count;
    uint64_t lines, unparsed;
    const char *unknown; /* a log of no known format */
    bool is_failed;
};

/* ---- words ---- */

/* The next word of letters in a text, small; false: there is none. */
static bool
next_word(const char **at, char word[WORD])
{
    size_t length = 0;

    while (**at != '\0' && ((**at | 0x20) < 'a' || (**at | 0x20) > 'z'))
        (*at)++;
    while ((**at | 0x20) >= 'a' && (**at | 0x20) <= 'z') {
        if (length + 1 < WORD)
            word[length++] = (char)(**at | 0x20);
        (*at)++;
    }
    word[length] = '\0';
    return length > 0;
}

/* "members" → "member" */
static void
make_singular(char *word)
{
    size_t length = strlen(word);

    if (strcmp(word, "people") == 0)
        snprintf(word, WORD, "person");
    else if (length > 4 && strcmp(word + length - 3, "ses") == 0)
        word[length - 2] = '\0';
    else if (length > 3 && word[length - 1] == 's' && word[length - 2] != 's')
        word[length - 1] = '\0';
}

static bool
is_person(const char *word)
{
    static const char *const words[] = {
        "member",   "user",    "customer",   "client",      "patient",   "person",
        "employee", "student", "subscriber", "guest",       "account",   "profile",
        "contact",  "buyer",   "passenger",  "resident",    "applicant", "patron",
        "consumer", "donor",   "tenant",     "policyholder"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static bool
is_login(const char *path)
{
    static const char *const words[] = {"login", "signin", "logon", "authenticate"};
    const char *at = path;
    char word[WORD];

    while (next_word(&at, word))
        for (size_t i = 0; i < COUNT_OF(words); i++)
            if (strcmp(word, words[i]) == 0)
                return true;
    return strstr(path, "/sign-in") != NULL || strstr(path, "oauth/token") != NULL ||
           strstr(path, "auth/token") != NULL;
}

/* ---- fields, by names ---- */

static void
add_field(char fields[FIELDS_TEXT], const char *field)
{
    size_t length = strlen(field), used = strlen(fields);

    for (const char *at = strstr(fields, field); at != NULL; at = strstr(at + 1, field))
        if ((at == fields || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return;
    snprintf(fields + used, FIELDS_TEXT - used, "%s%s", used > 0 ? ", " : "", field);
}

static void
add_field_of(char fields[FIELDS_TEXT], const char *table, const char *word)
{
    static const struct {
        const char *word, *fields[4];
    } known[] = {{"order", {"order"}},
                 {"purchase", {"order"}},
                 {"payment", {"card_number"}},
                 {"delivery", {"name", "phone", "address"}},
                 {"shipping", {"name", "phone", "address"}},
                 {"profile", {"name", "phone", "email", "address"}}};
    char single[WORD];
    enum look look;

    snprintf(single, sizeof(single), "%s", word);
    make_singular(single);
    look = look_of_name(table, single);
    if (look != LOOK_NONE)
        add_field(fields, look_field(look));
    for (size_t i = 0; i < COUNT_OF(known); i++)
        for (size_t j = 0; j < COUNT_OF(known[i].fields) && known[i].fields[j] != NULL; j++)
            if (strcmp(single, known[i].word) == 0)
                add_field(fields, known[i].fields[j]);
}

/* ---- paths ---- */

static void
note_kind(struct suggesting *s, const char *kind)
{
    for (size_t i = 0; i < s->kind_count; i++)
        if (strcmp(s->kinds[i], kind) == 0)
            return;
    if (s->kind_count < KINDS)
        snprintf(s->kinds[s->kind_count++], WORD, "%s", kind);
}

/* "member_id" of "?member_id={}", "members" of "/members/{}": the person's noun, and where its
 * place begins; NULL: no place is one of a person. */
static const char *
person_of_path(const char *path, char kind[WORD])
{
    const char *start = path;

    for (const char *at = strstr(path, "{}"); at != NULL;
         start = at + 2, at = strstr(at + 2, "{}")) {
        char front[SUGGEST_TEXT];
        const char *words = front;
        bool is_parameter = at > path && at[-1] == '=';
        const char *from = start;

        for (const char *p = at; p > path; p--)
            if (is_parameter && (*p == '?' || *p == '&')) {
                from = p;
                break;
            }
        text_from_view(front, sizeof(front), view_of(from, (size_t)(at - from)));
        kind[0] = '\0';
        for (char word[WORD]; next_word(&words, word);) {
            make_singular(word);
            if (strcmp(word, "id") != 0 && strcmp(word, "no") != 0 && strcmp(word, "key") != 0)
                snprintf(kind, WORD, "%s", word); /* the last noun before it */
        }
        if (is_person(kind))
            return at;
    }
    return NULL;
}

static void
print_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            putchar('\'');
        putchar(*text);
    }
    putchar('\'');
}

/* The pattern with {kind} at the place, * at others of the path; other parameters are left out. */
static void
make_path(char to[SUGGEST_TEXT + WORD], const char *path, const char *place, const char *kind)
{
    size_t used = 0;
    const char *query = strchr(path, '?');

    for (const char *at = path; *at != '\0' && at != query && used < SUGGEST_TEXT;) {
        if (at == place)
            used += (size_t)snprintf(to + used, SUGGEST_TEXT + WORD - used, "{%s}", kind);
        else if (at[0] == '{')
            to[used++] = '*';
        else
            to[used++] = *at;
        at += *at == '{' ? 2 : 1;
    }
    to[used] = '\0';
    if (query != NULL && place > query) {
        const char *from = place;

        while (*from != '?' && *from != '&')
            from--;
        snprintf(to + used, SUGGEST_TEXT + WORD - used, "?%.*s{%s}", (int)(place - from - 1),
                 from + 1, kind);
    }
}

static void
print_counts(const struct suggested *item)
{
    printf("  # %" PRIu64 " requests: %" PRIu64 " answered, %" PRIu64 " found nobody\n",
           item->count, item->found, item->missing);
}

static bool
print_route(struct suggesting *s PASU_UNUSED, const struct suggested *item)
{
    char kind[WORD], path[SUGGEST_TEXT + WORD], fields[FIELDS_TEXT] = "", word[WORD];
    const char *place = person_of_path(item->text, kind), *at = item->text;
    bool is_guess;

    if (place == NULL || is_login(item->text))
        return false;
    make_path(path, item->text, place, kind);
    while (next_word(&at, word))
        if (strcmp(word, "account") != 0 && strcmp(word, "username") != 0)
            add_field_of(fields, kind, word);
    is_guess = fields[0] == '\0';
    if (is_guess)
        snprintf(fields, sizeof(fields), "name");
    printf("  - {path: ");
    print_quoted(path);
    printf(", fields: [%s]}", fields);
    print_counts(item);
    if (is_guess)
        printf("    # its name does not say which fields: name them\n");
    return true;
}

/* "/my/orders": of whoever is logged in. */
static bool
print_own(struct suggesting *s, const struct suggested *item)
{
    static const char *const fronts[] = {"/my/", "/me/", "/mypage", "/account/", "/profile"};
    char fields[FIELDS_TEXT] = "", word[WORD];
    const char *at = item->text;
    bool is_own = false;

    if (strchr(item->text, '?') != NULL || is_login(item->text) ||
        suggest_filled(s->suggest, SLOT_ACCOUNT) == 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(fronts); i++)
        is_own |= strstr(item->text, fronts[i]) != NULL;
    while (is_own && next_word(&at, word))
        if (strcmp(word, "account") != 0)
            add_field_of(fields, "", word);
    if (fields[0] == '\0' || strstr(item->text, "{}") != NULL)
        return false;
    printf("  - {path: ");
    print_quoted(item->text);
    printf(", fields: [%s], whom: account, subject: %s}", fields, s->kinds[0]);
    print_counts(item);
    return true;
}

/* ---- statements ---- */

/* The word before a place: of "id = {}" and "id IN ({})" it is id. */
static bool
is_key_place(const char *sql, const char *place, char name[WORD])
{
    const char *end = place, *start;

    while (end > sql && strchr(" (=", end[-1]) != NULL)
        end--;
    if (end - sql > 3 && strncasecmp(end - 3, " IN", 3) == 0)
        end -= 3;
    else if (end - sql > 4 && strncasecmp(end - 4, " ANY", 4) == 0)
        for (end -= 4; end > sql && strchr(" =", end[-1]) != NULL;)
            end--;
    start = end;
    while (start > sql && strchr(" .(", start[-1]) == NULL)
        start--;
    text_from_view(name, WORD, view_of(start, (size_t)(end - start)));
    for (size_t i = 0; name[i] != '\0'; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (char)(name[i] | 0x20);
    return strcmp(name, "id") == 0 || strcmp(name, "key") == 0 || strcmp(name, "uid") == 0 ||
           (strlen(name) > 3 && strcmp(name + strlen(name) - 3, "_id") == 0) ||
           (strlen(name) > 3 && strcmp(name + strlen(name) - 3, "_no") == 0);
}

/* The relation behind FROM. */
static bool
relation_of(const char *sql, char relation[WORD])
{
    const char *from = strcasestr(sql, " from "), *dot;
    size_t length;

    if (from == NULL)
        return false;
    from += 6;
    length = strcspn(from, " (,");
    text_from_view(relation, WORD, view_of(from, length < WORD - 1 ? length : WORD - 1));
    dot = strrchr(relation, '.');
    if (dot != NULL)
        memmove(relation, dot + 1, strlen(dot + 1) + 1);
    return relation[0] != '\0';
}

static bool
person_of_statement(const char *sql, char kind[WORD], const char **place)
{
    char relation[WORD], name[WORD];
    const char *words;

    if (strncasecmp(sql, "SELECT ", 7) != 0 || !relation_of(sql, relation))
        return false;
    for (*place = strstr(sql, "{}"); *place != NULL; *place = strstr(*place + 2, "{}")) {
        if (!is_key_place(sql, *place, name))
            continue;
        words = strcmp(name, "id") == 0 || strcmp(name, "key") == 0 || strcmp(name, "uid") == 0
                    ? relation
                    : name;
        while (next_word(&words, kind)) {
            make_singular(kind);
            if (is_person(kind))
                return true;
        }
    }
    return false;
}

static bool
print_statement(const struct suggested *item)
{
    char kind[WORD], fields[FIELDS_TEXT] = "", word[WORD], relation[WORD];
    const char *place, *at = item->text + 7, *from;
    char sql[SUGGEST_TEXT + WORD];

    if (!person_of_statement(item->text, kind, &place) || !relation_of(item->text, relation))
        return false;
    snprintf(sql, sizeof(sql), "%.*s{%s%s", (int)(place - item->text), item->text, kind, place + 1);
    from = strcasestr(item->text, " from ");
    while (next_word(&at, word) && at <= from)
        add_field_of(fields, relation, word);
    printf("  - {sql: ");
    print_quoted(sql);
    printf(", fields: [%s]}  # %" PRIu64 " times\n", fields[0] != '\0' ? fields : "name",
           item->count);
    if (fields[0] == '\0')
        printf("    # it does not say which fields: name them\n");
    return true;
}

/* ---- the map ---- */

static bool
is_taken(const struct suggested *item, char kind[WORD])
{
    const char *place;

    return item->is_sql ? person_of_statement(item->text, kind, &place)
                        : person_of_path(item->text, kind) != NULL && !is_login(item->text);
}

static void
print_others(const struct suggesting *s)
{
    size_t shown = 0;
    char kind[WORD];

    for (size_t i = 0; i < s->count && shown < SHOWN_OTHERS; i++) {
        const struct suggested *item = &s->items[i];

        if (is_taken(item, kind) || (!item->is_sql && strstr(item->text, "{}") == NULL))
            continue;
        if (shown++ == 0)
            printf("# Not taken for persons; if they are, write them above:\n");
        printf("#   %" PRIu64 "  %.200s\n", item->count, item->text);
    }
}

static void
print_axes(const struct suggesting *s)
{
    static const struct {
        enum slot slot;
        const char *names;
    } axes[] = {{SLOT_ACCOUNT, "account"},
                {SLOT_TOKEN, "token"},
                {SLOT_SESSION, "session"},
                {SLOT_ADDRESS, "address, network, asn"},
                {SLOT_AGENT, "agent"}};
    const char *comma = "";
    uint64_t all = suggest_events(s->suggest);

    printf("principal: [");
    for (size_t i = 0; i < COUNT_OF(axes); i++)
        if (suggest_filled(s->suggest, axes[i].slot) * 100 > all) {
            printf("%s%s", comma, axes[i].names);
            comma = ", ";
        }
    printf("]  # what at least one event in a hundred says\n");
}

static void
print_list(struct suggesting *s, const char *name,
           bool (*print)(struct suggesting *s, const struct suggested *item))
{
    bool is_first = true;
    char kind[WORD];

    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].is_sql || (print == print_route && !is_taken(&s->items[i], kind)))
            continue;
        if (is_first && print == print_route)
            printf("%s:\n", name);
        is_first = false;
        (void)print(s, &s->items[i]);
    }
}

static void
print_statements(const struct suggesting *s)
{
    bool is_first = true;
    char kind[WORD];

    for (size_t i = 0; i < s->count; i++) {
        if (!s->items[i].is_sql || !is_taken(&s->items[i], kind))
            continue;
        if (is_first)
            printf("statements:\n");
        is_first = false;
        (void)print_statement(&s->items[i]);
    }
}

static void
print_logins(const struct suggesting *s)
{
    const char *comma = "";

    for (size_t i = 0; i < s->count; i++)
        if (!s->items[i].is_sql && is_login(s->items[i].text) &&
            strchr(s->items[i].text, '{') == NULL) {
            printf("%s", comma[0] == '\0' ? "login: [" : comma);
            print_quoted(s->items[i].text);
            comma = ", ";
        }
    if (comma[0] != '\0')
        printf("]\n");
}

static int
print_map(struct suggesting *s)
{
    for (size_t i = 0; i < s->count; i++) {
        char kind[WORD];

        if (is_taken(&s->items[i], kind))
            note_kind(s, kind);
    }
    printf(
        "# Suggested by pasu scan, from %" PRIu64 " lines (%" PRIu64 " could not be read).\n"
        "# Which keys are persons', which fields a request shows and what logs in was guessed by "
        "names alone:\n# read it through. Names that came less than %d times are left out.\n",
        s->lines, s->unparsed, SUGGEST_LEAST);
    if (s->unknown != NULL)
        printf(
            "# Some logs are of no known format: name it (log_format, from or log_line_prefix).\n");
    if (s->kind_count == 0) {
        print_others(s);
        complain("write routes or statements yourself: pasu help scan",
                 "nothing in the logs looks like persons");
        return 3;
    }
    printf("subjects: {");
    for (size_t i = 0; i < s->kind_count; i++)
        printf("%s%s: {}", i > 0 ? ", " : "", s->kinds[i]);
    printf("}\n");
    if (s->kind_count > 1)
        printf("# Where these are the same persons, give them one name.\n");
    print_list(s, "routes", print_route);
    print_list(s, "routes", print_own);
    print_statements(s);
    print_logins(s);
    print_axes(s);
    print_others(s);
    return 0;
}

/* ---- reading ---- */

static int
read_log(struct suggesting *s, struct streams *streams, const struct dialects *dialects,
         const char *path)
{
    struct stream_head head;
    struct stream_kept *kept;
    struct stream *stream;
    struct block *block;
    int result = stream_look(&head, &kept, path, dialects);

    if (result == 0)
        result = stream_open(&stream, streams, path, kept, &head.dialect, 0);
    if (result != 0)
        return result;
    if (head.dialect.name == NULL)
        s->unknown = path;
    while (result == 0 && (block = stream_next(stream)) != NULL) {
        s->lines += block->lines;
        s->unparsed += block->unparsed;
        result = block->result;
    }
    stream_close(stream);
    return result;
}

static int
read_logs(struct suggesting *s, char *const *paths, size_t count)
{
    static const struct observe_keys keys; /* nobody observes */
    static const struct sources sources;
    struct dialects *dialects = memory_new(1, sizeof(*dialects));
    struct streams_options options = {.dialects = dialects,
                                      .keys = &keys,
                                      .sources = &sources,
                                      .threads = 1,
                                      .block = 1 << 20,
                                      .see = suggest_take,
                                      .see_arg = s->suggest};
    struct streams *streams = NULL;
    int result = dialects == NULL ? PASU_E_NOMEM : 0;

    if (result == 0) {
        dialects_init(dialects, s->map);
        result = streams_new(&streams, &options);
    }
    for (size_t i = 0; i < count && result == 0; i++) {
        int failed = read_log(s, streams, dialects, paths[i]);

        if (failed == PASU_E_NOMEM)
            result = failed;
        else if (failed != 0)
            s->is_failed = complain_error(failed, "%s", paths[i]) != 0;
    }
    streams_free(streams);
    memory_free(dialects);
    return result == 0 ? suggest_end(s->suggest, &s->items, &s->count) : result;
}

int
scan_suggest(const struct route_map *map, char *const *paths, size_t count)
{
    static const char none[] =
        "subjects: {person: {}}\nroutes: [{path: '/{person}', fields: [name]}]";
    struct suggesting s = {.map = map};
    struct config_faults faults = {0};
    int result = map != NULL ? 0 : route_map_parse(&s.own, view_of_text(none), "", &faults);
    int status;

    config_faults_release(&faults);
    if (map == NULL)
        s.map = s.own;
    if (result == 0)
        result = suggest_new(&s.suggest);
    if (result == 0)
        result = read_logs(&s, paths, count);
    status = result != 0 ? complain_error(result, "scan") : print_map(&s);
    if (status == 0 && s.is_failed)
        status = 2;
    suggest_free(s.suggest);
    route_map_free(s.own);
    return status;
}
