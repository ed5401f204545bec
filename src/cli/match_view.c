/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/match_view.h"

#include "cli/text.h"

#include <inttypes.h>

static const char *const value_keys[] = {
    [CONTACT_EMAIL] = "emails",
    [CONTACT_PHONE] = "phones",
};

static uint64_t
not_ours(const struct dump_match *m, enum contact what)
{
    const struct dump_values *values = &m->values[what];

    return dump_match_found(m, what) - values->ours - values->shared - values->decoys;
}

/* ---- JSON ---- */

static void
put_values(struct json_out *out, const struct dump_match *m, enum contact what)
{
    const struct dump_values *values = &m->values[what];

    json_put_open(out, value_keys[what], '{');
    json_put_count(out, "found", dump_match_found(m, what));
    json_put_count(out, "ours", values->ours);
    json_put_count(out, "shared", values->shared);
    json_put_count(out, "decoys", values->decoys);
    json_put_count(out, "not_ours", not_ours(m, what));
    json_out_close(out, '}');
}

static void
put_column(struct json_out *out, const struct dump_column *column)
{
    char columns[4 * IDENTITY_NAME_SIZE];
    const char *looked = (column->looks & DUMP_PAIR) != 0 ? "pairs"
                         : column->looks == DUMP_EMAIL    ? "emails"
                         : column->looks == DUMP_PHONE    ? "phones"
                         : column->looks != 0             ? "both"
                                                          : NULL;

    identity_name_text(column->name, columns, sizeof(columns));
    json_out_open(out, '{');
    json_put_text(out, "database", column->section->database);
    json_put_text(out, "table", column->section->table);
    json_put_text(out, "column", columns);
    json_put_text(out, "kind", column->name->kind);
    json_put_text(out, "looked_for", looked);
    json_put_count(out, "persons", persons_count(column->persons));
    json_put_count(out, "shared", column->shared);
    json_out_close(out, '}');
}

static int
put_kinds(struct json_out *out, const struct dump_match *m)
{
    const struct config *config = m->evidence->ask.config;
    int result = 0;

    json_put_open(out, "persons", '{');
    for (size_t k = 0; result == 0 && k < config->subject_count; k++) {
        const char *kind = config->subjects[k].name;
        struct dump_count count;

        if (!dump_match_has_kind(m, kind))
            continue;
        result = dump_match_count(m, kind, &count);
        json_put_open(out, kind, '{');
        json_put_count(out, "at_least", count.at_least);
        json_put_count(out, "at_most", count.at_most);
        json_out_close(out, '}');
    }
    json_out_close(out, '}');
    return result;
}

static void
put_trace(struct json_out *out, const struct matched *matched)
{
    struct traced traced;

    json_out_key(out, "trace");
    if (matched->tracing == NULL) {
        json_out_text(out, NULL);
        return;
    }
    traced = tracing_traced(matched->tracing);
    json_out_open(out, '{');
    json_put_text(out, "kind", traced.trace->sample->kind);
    json_put_count(out, "traced", traced.trace->sample->count);
    json_put_count(out, "of", matched->traced_of);
    json_put_open(out, "fields", '[');
    for (size_t f = 0; f < traced.trace->sample->fields.count; f++)
        json_out_text(out, traced.trace->sample->fields.items[f]);
    json_out_close(out, ']');
    trace_view_put(out, &traced);
    json_out_close(out, '}');
}

int
match_view_json(FILE *file, const struct matched *matched)
{
    const struct dump_match *m = matched->match;
    struct json_out out = {.file = file};
    int result;

    json_out_open(&out, '{');
    json_put_text(&out, "file", matched->path);
    json_put_text(&out, "sha256", matched->sha256);
    json_put_count(&out, "bytes", matched->bytes);
    json_put_count(&out, "text_bytes", matched->text_bytes);
    json_put_text(&out, "compression", matched->codec);
    json_out_key(&out, "damaged");
    json_out_bool(&out, matched->is_damaged);
    json_put_time(&out, "identity_index", m->identity.at);
    result = put_kinds(&out, m);
    json_put_open(&out, "values", '{');
    put_values(&out, m, CONTACT_EMAIL);
    put_values(&out, m, CONTACT_PHONE);
    json_out_close(&out, '}');
    json_put_open(&out, "columns", '[');
    for (size_t c = 0; c < m->column_count; c++)
        put_column(&out, &m->columns[c]);
    json_out_close(&out, ']');
    json_put_open(&out, "decoys", '[');
    for (size_t s = 0; s < m->decoys.decoys->count; s++)
        if (decoy_search_found(&m->decoys, s) > 0)
            decoy_search_put(&m->decoys, s, &out);
    json_out_close(&out, ']');
    put_trace(&out, matched);
    json_out_close(&out, '}');
    json_out_end(&out);
    return result;
}

/* ---- for people ---- */

static void
print_dump(FILE *file, const struct matched *matched)
{
    char name[1024], size[32], held[32], when[32];

    text_escape(name, sizeof(name), view_of_text(matched->path));
    text_bytes(size, sizeof(size), matched->bytes);
    text_bytes(held, sizeof(held), matched->text_bytes);
    fprintf(file, "dump       %s, %s", name, size);
    if (matched->codec != NULL)
        fprintf(file, ", %s: %s", matched->codec, held);
    fprintf(file, "\n           SHA-256 %s\n", matched->sha256);
    log_time_text(when, sizeof(when), matched->match->identity.at);
    fprintf(file, "           against the identity index of %s\n", when);
}

static int
print_kinds(FILE *file, const struct dump_match *m)
{
    const struct config *config = m->evidence->ask.config;
    const char *head = "persons";
    int result = 0;

    for (size_t k = 0; result == 0 && k < config->subject_count; k++) {
        const char *kind = config->subjects[k].name;
        struct dump_count count;
        char least[32], most[32];

        if (!dump_match_has_kind(m, kind))
            continue;
        result = dump_match_count(m, kind, &count);
        text_count(least, sizeof(least), count.at_least);
        text_count(most, sizeof(most), count.at_most);
        fprintf(file, "%-10s at least %s, at most %s of kind %s\n", head, least, most, kind);
        head = "";
    }
    return result;
}

static void
print_values(FILE *file, const struct dump_match *m, enum contact what, const char *head,
             const char *name)
{
    const struct dump_values *values = &m->values[what];

    fprintf(file,
            "%-10s %" PRIu64 " %s: %" PRIu64 " of one person, %" PRIu64 " of several, %" PRIu64
            " of decoys, %" PRIu64 " not ours\n",
            head, dump_match_found(m, what), name, values->ours, values->shared, values->decoys,
            not_ours(m, what));
}

static void
print_columns(FILE *file, const struct dump_match *m)
{
    for (size_t c = 0; c < m->column_count; c++) {
        const struct dump_column *column = &m->columns[c];
        char columns[4 * IDENTITY_NAME_SIZE], count[32];

        identity_name_text(column->name, columns, sizeof(columns));
        text_count(count, sizeof(count), persons_count(column->persons));
        fprintf(file, "           %s %s: ", column->section->table, columns);
        if (column->looks == 0)
            fputs("not looked for, it is told by no shape\n", file);
        else
            fprintf(file, "%s of kind %s\n", count, column->name->kind);
    }
}

int
match_view_page(FILE *file, const struct matched *matched, size_t width)
{
    const struct dump_match *m = matched->match;
    const char *head = "decoys";
    int result;

    print_dump(file, matched);
    result = print_kinds(file, m);
    print_columns(file, m);
    print_values(file, m, CONTACT_EMAIL, "values", "e-mail addresses");
    print_values(file, m, CONTACT_PHONE, "", "telephone numbers");
    for (size_t s = 0; s < m->decoys.decoys->count; s++)
        if (decoy_search_found(&m->decoys, s) > 0) {
            fprintf(file, "%-10s ", head);
            decoy_search_print(&m->decoys, s, file);
            head = "";
        }
    if (matched->tracing != NULL && result == 0) {
        struct traced traced = tracing_traced(matched->tracing);

        fprintf(file, "\ntraced     %zu of %" PRIu64 " persons of kind %s\n",
                traced.trace->sample->count, matched->traced_of, traced.trace->sample->kind);
        result = trace_view_page(file, &traced, width);
    }
    return result;
}
