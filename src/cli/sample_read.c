/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sample_read.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "cli/complain.h"
#include "policy/csv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <unistd.h>

enum { SAID_MAX = 300, HINT_SIZE = 600 };

/* ---- bytes ---- */

/* All of it, with room for one byte behind; to be freed. */
static int
read_all(int fd, char **text, size_t *length)
{
    size_t space = 1 << 16;

    *length = 0;
    *text = memory_new(space + 1, 1);
    for (;;) {
        ssize_t n = *text == NULL ? -1 : read(fd, *text + *length, space - *length);

        if (n < 0)
            return *text == NULL ? PASU_E_NOMEM : error_from_errno(errno);
        *length += (size_t)n;
        if (n == 0)
            return 0;
        if (*length > SAMPLE_SIZE_MAX)
            return PASU_E_RANGE;
        if (*length == space) {
            char *larger = memory_resize(*text, space * 2 + 1, 1);

            if (larger == NULL)
                return PASU_E_NOMEM;
            *text = larger;
            space *= 2;
        }
    }
}

/* ---- CSV ---- */

static int
complain_csv(const struct csv *csv, const char *path)
{
    complain("it is CSV as RFC 4180 has it (fields may be apart by semicolons, tabs or bars, too), "
             "or JSON",
             "%s:%" PRIu32 ": %s", path, csv->fault_line, csv->fault);
    return 2;
}

static int
read_names(struct csv *csv, struct sample_build *b, int columns[SAMPLE_COLUMNS_MAX], size_t *count)
{
    const char *field;
    bool is_last = false;

    *count = 0;
    while (!is_last) {
        int result = csv_field(csv, &field, &is_last);

        if (result != 0)
            return result;
        if (*count < SAMPLE_COLUMNS_MAX)
            columns[(*count)++] = sample_build_column(b, field);
        else
            b->left_out++;
    }
    return 0;
}

static int
read_csv(struct sample_build *b, char *text, size_t length, const char *path)
{
    int columns[SAMPLE_COLUMNS_MAX], status = 0;
    size_t count;
    struct csv csv;

    csv_begin(&csv, text, length);
    csv.separator = csv_guess(view_of(csv.at, (size_t)(csv.end - csv.at)));
    if (!csv_next(&csv)) {
        complain("the first line names the columns", "%s is empty", path);
        return 2;
    }
    if (read_names(&csv, b, columns, &count) != 0)
        return complain_csv(&csv, path);
    while (status == 0 && csv_next(&csv)) {
        const char *field;
        bool is_last = false;

        for (size_t c = 0; status == 0 && !is_last; c++) {
            if (csv_field(&csv, &field, &is_last) != 0)
                return complain_csv(&csv, path);
            if (c < count)
                status = sample_build_cell(b, columns[c], field);
        }
        if (status == 0)
            status = sample_build_row(b);
    }
    return status;
}

/* ---- JSON ---- */

static int
json_cell(struct sample_build *b, const char *name, const json_t *value)
{
    int column = sample_build_column(b, name);
    char text[64];

    if (json_is_integer(value))
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, sizeof(text), "%.17g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, sizeof(text), "%s", json_is_true(value) ? "true" : "false");
    else if (!json_is_string(value))
        return 0;
    return sample_build_cell(b, column, json_is_string(value) ? json_string_value(value) : text);
}

static bool
is_scalar(const json_t *value)
{
    return !json_is_array(value) && !json_is_object(value);
}

/* What stands in a value of that place. */
static struct sample_place
place_in(const struct sample_build *b, struct sample_place place, const char *name,
         const json_t *value)
{
    return (struct sample_place){
        .depth = place.depth + 1,
        .is_listed = place.is_listed || json_is_array(value),
        .is_person = json_is_object(value) && strcasecmp(name, b->sample->kind) == 0,
    };
}

/* What is directly in it first, as most often whose it is. What has no name of its own, in an
 * array, has the array's. */
static int
json_inside(struct sample_build *b, const char *name, json_t *value, struct sample_place place)
{
    const char *key;
    json_t *inside;
    size_t index;
    int status = 0;

    if (place.depth == SAMPLE_DEPTH_MAX)
        return 0;
    for (index = 0; status == 0 && index < json_array_size(value); index++) {
        inside = json_array_get(value, index);
        b->place = place;
        status = is_scalar(inside) ? json_cell(b, name, inside)
                                   : json_inside(b, name, inside, place_in(b, place, name, inside));
    }
    for (int turn = 0; turn < 2; turn++)
        json_object_foreach(value, key, inside)
        {
            /* A field that is an array or object of things is there, whatever they are. */
            int field = is_scalar(inside) || turn == 0 ? -1 : sample_build_field(b, key);

            if (status != 0 || is_scalar(inside) != (turn == 0))
                continue;
            if (field >= 0 && (json_array_size(inside) > 0 || json_object_size(inside) > 0))
                sample_build_has(b, (unsigned)field, INT32_MIN);
            b->place = place;
            status = turn == 0 ? json_cell(b, key, inside)
                               : json_inside(b, key, inside, place_in(b, place, key, inside));
        }
    return status;
}

static int
json_row(struct sample_build *b, json_t *row, const char *path)
{
    int status;

    if (!json_is_object(row)) {
        complain("each person is an object: {\"phone\": \"010-1234-5678\", \"name\": \"...\"}",
                 "%s: there is something that is no object", path);
        return 2;
    }
    status = json_inside(b, "", row, (struct sample_place){0});
    return status == 0 ? sample_build_row(b) : status;
}

static int
read_json(struct sample_build *b, const char *text, size_t length, const char *path)
{
    int status = 0;

    for (size_t at = 0; status == 0;) {
        json_error_t error;
        json_t *value;

        while (at < length && isspace((unsigned char)text[at]))
            at++;
        if (at == length)
            return status;
        value = json_loadb(text + at, length - at, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);
        if (value == NULL) {
            complain("it is an array of objects, or one object a line", "%s: %s (byte %zu)", path,
                     error.text, at + (size_t)error.position);
            return 2;
        }
        at += (size_t)error.position;
        if (json_is_array(value)) {
            for (size_t i = 0; status == 0 && i < json_array_size(value); i++)
                status = json_row(b, json_array_get(value, i), path);
        } else {
            status = json_row(b, value, path);
        }
        json_decref(value);
    }
    return status;
}

int
sample_read_file(struct sample_build *b, const char *path)
{
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int status, result = fd < 0 ? error_from_errno(errno) : 0;
    char *text = NULL;
    size_t length = 0, at = 0;

    if (result == 0)
        result = read_all(fd, &text, &length);
    if (fd >= 0 && !is_input)
        close(fd);
    if (result != 0) {
        memory_free(text);
        if (result != PASU_E_RANGE)
            return complain_unread(result, path);
        complain("a sample has at most 256 MiB", "%s cannot be read: %s", path, error_text(result));
        return 2;
    }
    if (!utf8_is_valid(view_of(text, length))) {
        memory_wipe(text, length);
        memory_free(text);
        complain("make it UTF-8: iconv -f CP949 (or UTF-16) -t UTF-8 FILE", "%s is not UTF-8",
                 path);
        return 2;
    }
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < length && isspace((unsigned char)text[at]))
        at++;
    status = at < length && (text[at] == '{' || text[at] == '[')
                 ? read_json(b, text + at, length - at, path)
                 : read_csv(b, text, length, path);
    memory_wipe(text, length);
    memory_free(text);
    return status;
}

/* ---- in words ---- */

/* The next word: letters and digits, and what numbers and dates have in them. */
static bool
next_word(const char **at, char word[64])
{
    size_t length = 0;

    while (**at != '\0' && !isalnum((unsigned char)**at) && (unsigned char)**at < 0x80)
        ++*at;
    for (; **at != '\0' && (isalnum((unsigned char)**at) || (unsigned char)**at >= 0x80 ||
                            strchr("-_.:/", **at) != NULL);
         ++*at)
        if (length + 1 < 64)
            word[length++] = **at;
    while (length > 0 && strchr("-_.:/", word[length - 1]) != NULL)
        length--;
    word[length] = '\0';
    return length > 0;
}

/* What only joins what is said, and how many there are. */
static bool
is_filler(const char *word)
{
    static const char *const words[] = {
        "a",       "all",    "an",   "and",   "at",     "by",     "first",  "five",     "four",
        "from",    "has",    "have", "he",    "her",    "his",    "in",     "know",     "knows",
        "last",    "latest", "of",   "on",    "one",    "or",     "she",    "stranger", "the",
        "their",   "them",   "they", "three", "two",    "with",   "number", "numbers",  "somebody",
        "someone", "및",     "와",   "과",    "그리고", "마지막", "최근"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcasecmp(word, words[i]) == 0)
            return true;
    return strspn(word, "0123456789") == strlen(word);
}

/* A date is of the field before it, or, where there is none, of the next. */
static int
say_fields(struct sample_build *b, const char *text)
{
    int32_t first, last, waiting = INT32_MIN;
    int field = -1, named = 0;
    char word[64];

    while (next_word(&text, word)) {
        int found;

        if (sample_build_day(word, &first, &last)) {
            if (field >= 0)
                sample_build_has(b, (unsigned)field, first);
            else
                waiting = first;
            continue;
        }
        found = sample_build_field(b, word);
        if (found < 0 && !is_filler(word))
            complain("name fields as the configuration does, under personal_data",
                     "\"%s\" names no field: nothing comes of it", word);
        if (found < 0)
            continue;
        field = found;
        named++;
        sample_build_has(b, (unsigned)field, waiting);
        waiting = INT32_MIN;
    }
    return named;
}

/* Who it is: what identifies, by how it looks, or a key. */
static int
say_who(struct sample_build *b, const char *who)
{
    static const char *const names[] = {"", "key"};
    int column = sample_build_column(b, names[0]), status;

    b->columns[column].role = ROLE_UNKNOWN;
    status = sample_build_cell(b, column, who);
    if (status == 0 && b->columns[column].role == ROLE_IGNORED)
        status = sample_build_cell(b, sample_build_column(b, names[1]), who);
    if (b->columns[column].role == ROLE_IGNORED)
        b->columns[column].role = ROLE_UNKNOWN; /* it was understood after all */
    return status;
}

/* Whom it is about is for the asker to say: the sentence as it would be understood. */
static int
complain_nobody(const char *text)
{
    char hint[HINT_SIZE];

    text += strspn(text, ": ");
    snprintf(hint, sizeof(hint),
             "write a telephone number, e-mail address or key of theirs, and a colon, before it: "
             "--say \"010-1234-5678: %.*s\"; who read a field of anybody: pasu scope --field",
             SAID_MAX, *text != '\0' ? text : "name, address and 5 orders, the last of 2026-05-03");
    complain(hint, "who it is, and a colon, must stand before what is known of them");
    return 2;
}

static int
say_person(struct sample_build *b, char *text)
{
    char *colon = strstr(text, ": ");
    uint16_t who;
    int status;

    while (isspace((unsigned char)*text))
        text++;
    if (*text == '\0')
        return 0;
    if (colon == NULL || colon == text)
        return complain_nobody(text);
    *colon = '\0';
    status = say_who(b, text);
    who = b->fields;
    if (status == 0 && say_fields(b, colon + 2) == 0 && who == 0) {
        complain("name them as the configuration does, under personal_data",
                 "no field is named behind \"%.64s\"", text);
        return 2;
    }
    return status == 0 ? sample_build_row(b) : status;
}

int
sample_read_said(struct sample_build *b, const char *text)
{
    size_t length = strlen(text);
    char *copy = memory_new(length + 1, 1), *rest = copy, *one;
    int status = 0;

    if (copy == NULL)
        return complain_error(PASU_E_NOMEM, "the sample");
    memcpy(copy, text, length + 1);
    while (status == 0 && (one = strsep(&rest, ";\n")) != NULL)
        status = say_person(b, one);
    memory_wipe(copy, length);
    memory_free(copy);
    return status;
}
