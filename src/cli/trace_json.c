/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/day.h"
#include "cli/scope_view.h"
#include "cli/trace_view.h"

#include <math.h>

void
trace_day_text(char text[16], int32_t day)
{
    char whole[32];

    log_time_text(whole, sizeof(whole), day_begin(day));
    snprintf(text, 16, "%.10s", whole);
}

static void
put_day(struct json_out *out, const char *key, int32_t day)
{
    char text[16];

    trace_day_text(text, day);
    json_put_text(out, key, text);
}

static void
put_number(struct json_out *out, const char *key, double n)
{
    json_out_key(out, key);
    json_out_number(out, n);
}

static void
put_bool(struct json_out *out, const char *key, bool is)
{
    json_out_key(out, key);
    json_out_bool(out, is);
}

static void
put_field_list(struct json_out *out, const char *key, const struct leaked *sample, uint16_t fields)
{
    json_put_open(out, key, '[');
    for (size_t f = 0; f < sample->fields.count; f++)
        if ((fields >> f & 1) != 0)
            json_out_text(out, sample->fields.items[f]);
    json_out_close(out, ']');
}

static void
put_counts(struct json_out *out, const char *key, const struct leaked *sample,
           const uint64_t *counts)
{
    json_put_open(out, key, '{');
    for (size_t f = 0; f < sample->fields.count; f++)
        if (counts[f] > 0)
            json_put_count(out, sample->fields.items[f], counts[f]);
    json_out_close(out, '}');
}

static void
put_columns(struct json_out *out, const struct sample_build *b)
{
    static const char *const roles[] = {
        [ROLE_UNKNOWN] = "empty", [ROLE_IGNORED] = "ignored",       [ROLE_KEY] = "key",
        [ROLE_FIELD] = "field",   [ROLE_NOT_BEFORE] = "not_before", [ROLE_NOT_AFTER] = "not_after",
    };

    json_put_open(out, "columns", '[');
    for (size_t c = 0; c < b->column_count; c++) {
        const struct sample_column *column = &b->columns[c];

        json_out_open(out, '{');
        json_put_text(out, "name", column->name);
        json_put_text(out, "is", roles[column->role]);
        json_put_text(out, "field",
                      column->role == ROLE_FIELD ? b->sample->fields.items[column->field] : NULL);
        json_put_count(out, "values", column->values);
        json_put_count(out, "dates", column->dates);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void
put_sample(struct json_out *out, const struct sample_build *b)
{
    const struct leaked *sample = b->sample;

    json_put_open(out, "sample", '{');
    json_put_count(out, "rows", b->rows);
    json_put_count(out, "persons", sample->count);
    json_put_count(out, "by_key", b->by_key);
    put_counts(out, "by_identity", sample, b->by_field);
    json_put_count(out, "continued", b->continued);
    json_put_count(out, "ambiguous", b->ambiguous);
    json_put_count(out, "unknown", b->unknown);
    put_field_list(out, "fields", sample, UINT16_MAX);
    json_put_count(out, "dated", b->is_undated ? 0 : sample->dated);
    json_put_time(out, "identity_index", b->identity.at);
    json_put_open(out, "decoys", '[');
    for (size_t s = 0; b->decoys.count > 0 && s < b->decoys.decoys->count; s++)
        if (decoy_search_found(&b->decoys, s) > 0)
            decoy_search_put(&b->decoys, s, out);
    json_out_close(out, ']');
    put_columns(out, b);
    json_out_close(out, '}');
}

static const char *
name_of(const struct traced *t, const struct trace_source *source)
{
    const char *name = t->trace->readers[source->reader].name;

    return *name != '\0' ? name : NULL;
}

static void
put_access(struct json_out *out, const struct traced *t, const struct trace_access *access)
{
    json_out_open(out, '{');
    json_put_count(out, "seq", access->seq);
    json_put_time(out, "time", access->time);
    json_put_hex(out, "session", access->session);
    json_put_text(out, "actor", *access->actor != '\0' ? access->actor : NULL);
    json_put_text(out, "application", *access->application != '\0' ? access->application : NULL);
    json_put_text(out, "source", *access->address != '\0' ? access->address : NULL);
    json_put_hex(out, "fingerprint", access->shape);
    json_put_text(out, "sql", shapes_get(&t->evidence->book->shapes, access->shape));
    json_put_count(out, "persons", access->persons);
    json_put_count(out, "rows", access->rows);
    put_field_list(out, "fields", t->trace->sample, access->fields);
    json_out_close(out, '}');
}

static void
put_accesses(struct json_out *out, const struct traced *t, size_t place)
{
    const struct trace_accesses *accesses = &t->look->sources[place];

    json_put_count(out, "days", accesses->days);
    json_put_count(out, "days_read", accesses->days_read);
    json_put_count(out, "statements", accesses->statements);
    json_put_open(out, "accesses", '[');
    for (size_t a = 0; a < accesses->count; a++)
        put_access(out, t, &accesses->items[a]);
    json_out_close(out, ']');
}

static void
put_source(struct json_out *out, const struct traced *t, size_t place)
{
    const struct trace_source *source = &t->answer->sources[place];
    const struct trace_reader *reader = &t->trace->readers[source->reader];

    json_out_open(out, '{');
    json_put_text(out, "principal", name_of(t, source));
    put_bool(out, "joint", source->is_joint);
    put_number(out, "probability", source->probability);
    put_number(out, "evidence", source->evidence / log(10));
    put_number(out, "coincidence", source->coincidence);
    json_put_count(out, "persons", source->persons);
    json_put_count(out, "whole", source->whole);
    json_put_count(out, "decoys", source->decoys);
    put_counts(out, "fields", t->trace->sample, source->by_field);
    json_put_count(out, "mistimed", source->mistimed);
    json_put_count(out, "not_shown", t->trace->sample->count - source->persons - source->mistimed);
    json_put_count(out, "reach", source->reach);
    json_put_open(out, "unnamed", '{');
    json_put_count(out, "statements", reader->bounded);
    json_put_count(out, "persons", reader->unknown);
    json_out_close(out, '}');
    json_put_open(out, "stretch", '{');
    put_day(out, "from", source->from);
    put_day(out, "to", source->to);
    json_put_count(out, "persons", source->within);
    json_out_close(out, '}');
    if (place < t->look->source_count)
        put_accesses(out, t, place);
    json_out_close(out, '}');
}

static void
put_answer(struct json_out *out, const struct traced *t)
{
    const struct trace_answer *a = t->answer;

    json_put_open(out, "answer", '{');
    json_put_text(out, "grade", trace_grade_name(a->grade));
    json_put_open(out, "principals", '[');
    for (size_t s = 0; s < a->joint; s++)
        json_out_text(out, name_of(t, &a->sources[s]));
    json_out_close(out, ']');
    json_put_count(out, "explained", a->explained);
    json_put_open(out, "decoys", '{');
    json_put_count(out, "persons", a->decoys);
    put_bool(out, "shown_to_nobody_else", a->has_sole);
    json_out_close(out, '}');
    put_number(out, "outside", a->outside);
    json_put_text(out, "doubt", trace_doubt(t));
    json_out_close(out, '}');
}

void
trace_view_put(struct json_out *out, const struct traced *t)
{
    const struct trace_answer *a = t->answer;
    size_t listed = a->count < TRACE_LISTED ? a->count : TRACE_LISTED;

    put_answer(out, t);
    json_put_open(out, "sources", '[');
    for (size_t s = 0; s < listed; s++)
        put_source(out, t, s);
    json_out_close(out, ']');
    json_put_count(out, "sources_left_out", a->count - listed);
    json_put_open(out, "excluded", '{');
    json_put_count(out, "principals", a->readers);
    json_put_count(out, "none_of_them", a->without);
    json_put_count(out, "at_other_times", a->all_mistimed);
    json_out_close(out, '}');
    json_put_open(out, "persons", '{');
    json_put_count(out, "explained", a->explained);
    json_put_count(out, "shown", a->shown);
    json_put_count(out, "at_other_times", t->trace->sample->count - a->shown - a->unshown);
    json_put_count(out, "unshown", a->unshown);
    json_out_close(out, '}');
    json_put_count(out, "population", a->population);
    json_put_count(out, "statements", t->trace->statements);
    json_put_open(out, "completeness", '{');
    scope_put_gaps(out, &t->evidence->selection);
    json_put_count(out, "unrecorded_sessions", t->evidence->selection.unrecorded.count);
    json_out_close(out, '}');
}

void
trace_view_json(FILE *file, const struct traced *t)
{
    struct json_out out = {.file = file};

    json_out_open(&out, '{');
    json_put_text(&out, "kind", t->trace->sample->kind);
    put_sample(&out, t->build);
    trace_view_put(&out, t);
    json_out_close(&out, '}');
    json_out_end(&out);
}
