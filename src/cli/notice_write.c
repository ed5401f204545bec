/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/notice_write.h"

#include "base/memory.h"
#include "cli/json_text.h"
#include "exposure/directory.h"
#include "policy/csv.h"

#include <inttypes.h>
#include <time.h>

enum { ID_BYTES = 16, TIME_SIZE = 64, ID_TEXT = 2 * ID_BYTES + 1 };

/* ---- fields ---- */

static const struct name_list *
names_of(const struct notice_writer *w)
{
    return &w->set->evidence->book->names.fields;
}

/* How it was shown; -1: it was not. */
static int
clarity_of(const struct notice *n, size_t field)
{
    uint64_t bit = UINT64_C(1) << field;

    return (n->clear & bit) != 0    ? SHOWN_CLEAR
           : (n->masked & bit) != 0 ? SHOWN_MASKED
           : (n->maybe & bit) != 0  ? SHOWN_MAYBE
           : (n->null & bit) != 0   ? SHOWN_NULL
                                    : -1;
}

static size_t
field_count(const struct notice_writer *w)
{
    size_t count = names_of(w)->count;

    return count < EXPOSURE_FIELDS_MAX ? count : EXPOSURE_FIELDS_MAX;
}

static bool
has_in_full(const struct notice_writer *w, const struct notice *n, const char *field)
{
    int place = name_list_find(names_of(w), field);

    return place >= 0 && place < EXPOSURE_FIELDS_MAX &&
           ((n->kind == NOTICE_POSSIBLE ? n->maybe : n->clear) >> place & 1) != 0;
}

const struct notice_risk *
notice_risk_of(const struct notice_writer *w, const struct notice *n)
{
    const struct notice_texts *t = w->texts;

    for (size_t r = 0; r < t->risk_count; r++) {
        size_t f = 0;

        while (f < t->risks[r].count && has_in_full(w, n, t->risks[r].fields[f]))
            f++;
        if (f == t->risks[r].count)
            return &t->risks[r];
    }
    return NULL; /* there is none: the last one fits everybody */
}

/* ---- paragraphs ---- */

static void
put_items(const struct notice_writer *w, FILE *out, const struct notice *n, uint64_t only,
          enum notice_language l)
{
    const char *before = "";

    for (size_t f = 0; f < field_count(w); f++) {
        const struct notice_field *field = notice_texts_field(w->texts, names_of(w)->items[f]);
        int clarity = clarity_of(n, f);

        if (clarity < 0 || (only >> f & 1) == 0)
            continue;
        fprintf(out, "%s%s", before, field ? field->name[l] : names_of(w)->items[f]);
        if (n->kind != NOTICE_POSSIBLE) /* of what is not proven, nobody knows how clearly */
            fprintf(out, " (%s)", w->texts->clarity[clarity][l]);
        before = ", ";
    }
}

static void
put_advice(const struct notice_writer *w, FILE *out, const struct notice *n, enum notice_language l)
{
    const char *before = "";
    bool has_other = false;

    for (size_t f = 0; f < field_count(w); f++) {
        const struct notice_field *field = notice_texts_field(w->texts, names_of(w)->items[f]);

        if (clarity_of(n, f) <= SHOWN_NULL || (!field && has_other))
            continue;
        fprintf(out, "%s%s", before, field ? field->advice[l] : w->texts->other[l]);
        has_other |= !field;
        before = " ";
    }
}

/* In the time zone of the configuration. */
static void
put_moment(FILE *out, int64_t realtime)
{
    time_t seconds = (time_t)(realtime / NANOSECONDS_PER_SECOND);
    char text[TIME_SIZE];
    struct tm tm = {0};

    localtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &tm);
    fputs(text, out);
}

static void
put_when(FILE *out, const struct notice *n)
{
    if (n->first == 0)
        return;
    put_moment(out, n->first);
    if (n->last / NANOSECONDS_PER_SECOND == n->first / NANOSECONDS_PER_SECOND)
        return; /* the same second: "from 10:00:05 to 10:00:05" says nothing */
    fputs(" ~ ", out);
    put_moment(out, n->last);
}

static bool
has_by(const struct notice_writer *w, const struct notice *n, enum principal_kind kind)
{
    const struct affected *now = &w->set->now;

    for (size_t i = 0; i < now->principal_count; i++)
        if ((n->principals >> i & 1) != 0 && roster_kind(w->roster, now->principals[i]) == kind)
            return true;
    return n->principals == 0 && kind == PRINCIPAL_UNKNOWN;
}

static void
put_by(const struct notice_writer *w, FILE *out, const struct notice *n, enum notice_language l)
{
    const char *before = "";

    for (unsigned k = 0; k < NOTICE_PRINCIPALS; k++)
        if (has_by(w, n, (enum principal_kind)k)) {
            fprintf(out, "%s%s", before, w->texts->by[k][l]);
            before = ", ";
        }
}

/* What stands for a name in braces; false: there is no such. */
static bool
put_value(const struct notice_writer *w, FILE *out, const struct notice *n, struct view name,
          enum notice_language l)
{
    static const struct {
        const char *name;
        enum notice_own own;
    } owns[] = {{"controller", OWN_NAME},   {"contact", OWN_CONTACT}, {"path", OWN_PATH},
                {"measures", OWN_MEASURES}, {"remedy", OWN_REMEDY},   {"more", OWN_MORE}};

    for (size_t i = 0; i < COUNT_OF(owns); i++)
        if (view_equal(name, view_of_text(owns[i].name))) {
            fputs(w->texts->own[owns[i].own][l], out);
            return true;
        }
    if (view_equal(name, VIEW("items")))
        put_items(w, out, n, UINT64_MAX, l);
    else if (view_equal(name, VIEW("added")))
        put_items(w, out, n, n->added, l);
    else if (view_equal(name, VIEW("when")))
        put_when(out, n);
    else if (view_equal(name, VIEW("by")))
        put_by(w, out, n, l);
    else if (view_equal(name, VIEW("advice")))
        put_advice(w, out, n, l);
    else if (view_equal(name, VIEW("risk")))
        fputs(notice_risk_of(w, n)->text[l], out);
    else if (view_equal(name, VIEW("rights")))
        fputs(w->texts->rights[l], out);
    else
        return false;
    return true;
}

/* Whether all of its braces were empty: then it says nothing. */
static bool
put_paragraph(const struct notice_writer *w, FILE *out, const struct notice *n, const char *text,
              enum notice_language l)
{
    bool has_braces = false, has_value = false;

    while (*text != '\0') {
        size_t plain = strcspn(text, "{"), length = strcspn(text + plain, "}");
        long before;

        fwrite(text, 1, plain, out);
        text += plain;
        if (*text == '\0' || text[length] == '\0') {
            fputs(text, out);
            break;
        }
        before = ftell(out);
        if (put_value(w, out, n, view_of((const uint8_t *)text + 1, length - 1), l))
            has_braces = true;
        else
            fwrite(text, 1, length + 1, out);
        has_value |= ftell(out) > before;
        text += length + 1;
    }
    return has_braces && !has_value;
}

/* A text of one of the forms, for the caller to free(); NULL without memory. `paragraph` -1: the
 * subject. */
static char *
filled(const struct notice_writer *w, const struct notice *n, const char *text,
       enum notice_language l, bool *is_empty)
{
    char *made = NULL;
    size_t size;
    FILE *out = open_memstream(&made, &size);

    if (!out)
        return NULL;
    *is_empty = put_paragraph(w, out, n, text, l);
    if (fclose(out) == 0) {
        while (size > 0 && made[size - 1] == ' ') /* what stood there was empty */
            made[--size] = '\0';
        return made;
    }
    free(made);
    return NULL;
}

static json_t *
text_of(const struct notice_writer *w, const struct notice *n, enum notice_language l)
{
    const struct notice_form *form = &w->texts->forms[n->kind][l];
    char *all = NULL;
    size_t size;
    FILE *out = open_memstream(&all, &size);
    json_t *made = NULL;
    bool is_well = out != NULL, is_empty;

    for (size_t p = 0; p < form->count && is_well; p++) {
        char *paragraph = filled(w, n, form->paragraphs[p], l, &is_empty);

        is_well = paragraph != NULL;
        if (is_well && !is_empty)
            fprintf(out, "%s%s", ftell(out) > 0 ? "\n" : "", paragraph);
        free(paragraph);
    }
    if (out && fclose(out) == 0 && is_well)
        made = json_text(all);
    free(all);
    return made;
}

static json_t *
subject_of(const struct notice_writer *w, const struct notice *n, enum notice_language l)
{
    bool is_empty;
    char *text = filled(w, n, w->texts->forms[n->kind][l].subject, l, &is_empty);
    json_t *made = text ? json_text(text) : NULL;

    free(text);
    return made;
}

/* ---- a line ---- */

/* What the notice is known by: nobody can tell from it whose it is. */
static int
id_of(const struct notice_writer *w, const struct notice *n, const char *key, char id[ID_TEXT])
{
    uint8_t hash[SEAL_HASH_SIZE];
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int result;

    if (!out)
        return PASU_E_NOMEM;
    fprintf(out, "notice %" PRIu64 " %" PRIu64 " %zu %d %s\n%s", w->incident,
            w->set->version.event->index, w->set->noticed, n->kind, n->subject, key);
    if (fclose(out) != 0) {
        free(text);
        return PASU_E_NOMEM;
    }
    result = directory_hash(w->set->evidence->secret, view_of((const uint8_t *)text, size), hash);
    for (size_t i = 0; i < ID_BYTES; i++)
        snprintf(id + 2 * i, 3, "%02x", hash[i]);
    free(text);
    return result;
}

static json_t *
fields_of(const struct notice_writer *w, const struct notice *n)
{
    json_t *fields = json_array();

    for (size_t f = 0; f < field_count(w); f++) {
        int clarity = clarity_of(n, f);

        if (clarity >= 0)
            json_array_append_new(fields,
                                  json_pack("{so ss sb}", "field", json_text(names_of(w)->items[f]),
                                            "clarity", notice_clarities[clarity], "added",
                                            (n->added >> f & 1) != 0));
    }
    return fields;
}

static json_t *
by_of(const struct notice_writer *w, const struct notice *n)
{
    json_t *by = json_array();

    for (unsigned k = 0; k < NOTICE_PRINCIPALS && n->statements > 0; k++)
        if (has_by(w, n, (enum principal_kind)k))
            json_array_append_new(by, json_string(principal_kind_text((enum principal_kind)k)));
    return by;
}

static json_t *
key_of(const char *key, enum key_form form)
{
    char *text = NULL;
    size_t size;
    struct json_out out = {.file = open_memstream(&text, &size)};
    json_t *made = NULL;

    if (!out.file)
        return NULL;
    key_list_value(&out, key, form);
    if (fclose(out.file) == 0)
        made = json_loads(text, JSON_DECODE_ANY, NULL);
    free(text);
    return made;
}

static json_t *
contact_of(const struct notice_contact *contacts, size_t count)
{
    json_t *contact = json_object();

    for (size_t i = 0; i < count; i++)
        json_object_set_new(contact, contacts[i].name,
                            contacts[i].value ? json_text(contacts[i].value) : json_null());
    return contact;
}

static json_t *
document_of(const struct notice_writer *w, const struct notice *n, const char *id, json_t *key,
            json_t *contact)
{
    const struct notice_risk *risk = n->kind == NOTICE_RETRACTION ? NULL : notice_risk_of(w, n);

    return json_pack("{ss ss sI si ss so so ss? so so so sI so sb s{so so} s{so so}}", "id", id,
                     "notice", notice_kind_text(n->kind), "incident", (json_int_t)w->incident,
                     "version", (int)w->set->version.number, "kind", n->subject, "key", key,
                     "contact", contact, "risk", risk ? risk->class : NULL, "fields",
                     fields_of(w, n), "first", json_time(n->first), "last", json_time(n->last),
                     "statements", (json_int_t)n->statements, "by", by_of(w, n), "was_possible",
                     n->was_possible, "ko", "subject", subject_of(w, n, NOTICE_KO), "text",
                     text_of(w, n, NOTICE_KO), "en", "subject", subject_of(w, n, NOTICE_EN), "text",
                     text_of(w, n, NOTICE_EN));
}

static const char *const columns[] = {"id",      "notice",     "kind",   "key",  "contact",
                                      "risk",    "fields",     "first",  "last", "subject_ko",
                                      "text_ko", "subject_en", "text_en"};

static int
put_csv(FILE *file, const char *text, bool is_last)
{
    size_t size = csv_size(text);
    uint8_t *bytes = memory_new(size, 1);
    struct writer w = writer_of(bytes, size);

    if (!bytes)
        return PASU_E_NOMEM;
    csv_put(&w, text, is_last);
    fwrite(bytes, 1, writer_length(&w), file);
    memory_free(bytes);
    return 0;
}

static const char *
member(const json_t *document, const char *name)
{
    size_t length = strlen(name);
    const char *language = length > 3 && name[length - 3] == '_' ? name + length - 2 : NULL;
    char inner[16];

    if (!language)
        return json_string_value(json_object_get(document, name));
    snprintf(inner, sizeof(inner), "%.*s", (int)(length - 3), name);
    return json_string_value(json_object_get(json_object_get(document, language), inner));
}

/* Persons choose text keys, and spreadsheets take what begins like that for a formula. */
static const char *
plain_cell(const char *text, char *cell, size_t size)
{
    if (*text == '\0' || !strchr("=+-@\t\r", *text))
        return text;
    snprintf(cell, size, "'%s", text);
    return cell;
}

static int
write_csv(const struct notice_writer *w, const json_t *document)
{
    char cell[KEY_TEXT_SIZE + 2];
    int result = 0;

    for (size_t c = 0; c < COUNT_OF(columns) && result == 0; c++) {
        const char *text = member(document, columns[c]);
        const json_t *value = json_object_get(document, columns[c]);
        char *dumped =
            text || json_is_null(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        if (text && strcmp(columns[c], "key") == 0)
            text = plain_cell(text, cell, sizeof(cell));
        result = put_csv(w->file, text ? text : dumped ? dumped : "", c + 1 == COUNT_OF(columns));
        free(dumped);
    }
    return result;
}

void
notice_begin(struct notice_writer *w)
{
    for (size_t c = 0; c < COUNT_OF(columns) && w->is_csv; c++)
        if (put_csv(w->file, columns[c], c + 1 == COUNT_OF(columns)) != 0)
            return; /* the lines fail, too */
}

int
notice_write(struct notice_writer *w, const struct notice *n, const char *key, enum key_form form,
             const struct notice_contact *contacts, size_t contact_count)
{
    char id[ID_TEXT];
    json_t *document;
    int result = id_of(w, n, key, id);

    if (result != 0)
        return result;
    document = document_of(w, n, id, key_of(key, form),
                           contacts ? contact_of(contacts, contact_count) : json_null());
    if (!document)
        return PASU_E_NOMEM;
    if (w->is_csv) {
        result = write_csv(w, document);
    } else {
        json_dumpf(document, w->file, JSON_COMPACT);
        fputc('\n', w->file);
    }
    json_decref(document);
    w->counts[n->kind]++;
    w->unreached += contacts == NULL;
    return result;
}
