/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_list.h"
#include "cli/scope_view.h"
#include "cli/text.h"

static void
put_interval(struct json_out *out, struct interval interval)
{
    json_put_count(out, "at_least", interval.at_least);
    json_put_count(out, "at_most", interval.at_most);
}

/* Kinds that were shown, or can have been. */
static void
put_subjects(struct json_out *out, struct evidence *e, const struct scope *scope, bool is_list)
{
    json_put_open(out, "subjects", '{');
    for (size_t k = 0; k < scope->kind_count; k++) {
        const struct scope_kind *kind = &scope->kinds[k];
        struct interval persons = scope_subjects(scope, k);

        if (persons.at_most == 0 && kind->decoys == 0)
            continue;
        json_put_open(out, scope->selection->book->names.kinds.items[k], '{');
        put_interval(out, persons);
        if (kind->decoys > 0)
            json_put_count(out, "decoys", kind->decoys);
        if (kind->bounded > 0) {
            json_put_count(out, "bounded_statements", kind->bounded);
            json_put_count(out, "largest_bound", kind->largest_bound);
        }
        if (is_list) {
            json_out_key(out, "keys");
            key_list_json(
                out, e, kind->shown,
                key_form_of(e, scope->selection->book->names.kinds.items[k], kind->has_numbers));
        }
        json_out_close(out, '}');
    }
    json_out_close(out, '}');
}

static void
put_fields(struct json_out *out, const struct scope *scope)
{
    const struct name_list *fields = &scope->selection->book->names.fields;

    json_put_open(out, "fields", '{');
    for (size_t f = 0; f < fields->count; f++) {
        enum clarity clarity = scope_field_clarity(scope, f);

        if (clarity == CLARITY_NONE)
            continue;
        json_put_open(out, fields->items[f], '{');
        put_interval(out, scope_field_persons(scope, f));
        json_put_text(out, "clarity", clarity_text(clarity));
        json_out_close(out, '}');
    }
    json_out_close(out, '}');
}

/* The fields that were not shown, of those that were watched all the time, or of the others. */
static void
put_absent(struct json_out *out, const struct scope *scope, const char *key, bool is_watched)
{
    const struct name_list *fields = &scope->selection->book->names.fields;

    json_put_open(out, key, '[');
    for (size_t f = 0; f < fields->count; f++)
        if (scope_field_clarity(scope, f) == CLARITY_NONE &&
            selection_has_watched(scope->selection, (int)f) == is_watched)
            json_out_text(out, fields->items[f]);
    json_out_close(out, ']');
}

void
scope_put_gap(struct json_out *out, const struct gaps *gaps, const struct gap *gap)
{
    json_out_open(out, '{');
    json_put_text(out, "what", gap_what_text(gap->what));
    json_put_time(out, "from", gap->from);
    json_put_time(out, "to", gap->to);
    if (gap->what == GAP_LOST) {
        json_put_count(out, "records", gap->records);
        json_put_text(out, "error", error_text(gap->error));
    }
    if (gap->what == GAP_PRUNED)
        json_put_count(out, "records", gap->records);
    if (gap->what == GAP_DAMAGED) {
        json_put_count(out, "segment", gap->segment);
        json_put_count(out, "offset", gap->offset);
    }
    if (gap->what == GAP_PAST)
        scope_put_past(out, gaps, gap);
    json_out_close(out, '}');
}

static void
put_gaps(struct json_out *out, const char *key, const struct selection *selection, bool are_past)
{
    const struct gaps *gaps = &selection->book->gaps;
    const struct filter *filter = selection->filter;

    json_put_open(out, key, '[');
    for (size_t g = 0; g < gaps->count; g++)
        if ((gaps->items[g].what == GAP_PAST) == are_past &&
            gap_concerns(&gaps->items[g], filter->from, filter->to))
            scope_put_gap(out, gaps, &gaps->items[g]);
    json_out_close(out, ']');
}

void
scope_put_gaps(struct json_out *out, const struct selection *selection)
{
    const struct gaps *gaps = &selection->book->gaps;

    put_gaps(out, "gaps", selection, false);
    json_put_count(out, "gaps_left_out", gaps->left_out);
    put_gaps(out, "past", selection, true);
    scope_put_reconciled(out, gaps, selection->filter);
    scope_put_bypasses(out, gaps, selection->filter);
    scope_put_lookups(out, gaps, selection->filter);
}

static void
put_completeness(struct json_out *out, const struct scope *scope, const struct scope_log *log)
{
    const struct selection *selection = scope->selection;

    json_put_open(out, "completeness", '{');
    scope_put_gaps(out, selection);
    json_put_count(out, "bounded", scope->bounded);
    json_put_count(out, "unattributed", scope->unattributed);
    json_put_count(out, "unrecorded_sessions", selection->unrecorded.count);
    json_put_count(out, "untestable", selection->untestable);
    json_put_open(out, "flags", '{');
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if (scope->flags[flag] > 0)
            json_put_count(out, exposure_flag_text((enum exposure_flag)flag), scope->flags[flag]);
    json_out_close(out, '}');
    if (log != NULL)
        scope_log_put(out, log);
    json_out_close(out, '}');
}

static void
put_attributions(struct json_out *out, const struct scope *scope)
{
    json_put_open(out, "attribution", '{');
    for (unsigned a = ATTRIBUTION_NONE + 1; a < ATTRIBUTION_COUNT; a++)
        if (scope->attributions[a] > 0)
            json_put_count(out, exposure_attribution_text((enum attribution)a),
                           scope->attributions[a]);
    json_out_close(out, '}');
}

void
scope_put(struct json_out *out, struct evidence *e, const struct scope *scope,
          const struct scope_log *log, bool is_list)
{
    put_subjects(out, e, scope, is_list);
    put_fields(out, scope);
    put_absent(out, scope, "not_shown", true);
    put_absent(out, scope, "not_watched", false);
    json_put_open(out, "principals", '[');
    for (size_t p = 0; p < scope->principals.count; p++)
        json_out_text(out, scope->principals.items[p]);
    json_out_close(out, ']');
    json_put_time(out, "first", scope->first);
    json_put_time(out, "last", scope->last);
    json_put_count(out, "statements", scope->statements);
    json_put_count(out, "rows", scope->rows);
    json_put_count(out, "misses", scope->misses);
    put_attributions(out, scope);
    put_completeness(out, scope, log);
}

void
scope_view_json(FILE *file, struct evidence *e, const struct scope *scope,
                const struct scope_log *log, bool is_list)
{
    struct json_out out = {.file = file};

    json_out_open(&out, '{');
    scope_put(&out, e, scope, log, is_list);
    json_out_close(&out, '}');
    json_out_end(&out);
}

void
scope_view_keys(FILE *file, struct evidence *e, const struct scope *scope)
{
    const struct name_list *kinds = &scope->selection->book->names.kinds;

    for (size_t k = 0; k < scope->kind_count; k++) {
        char name[VOCABULARY_NAME_SIZE * 4 + 1], before[sizeof(name) + 1] = "";

        text_escape(name, sizeof(name), view_of_text(kinds->items[k]));
        if (kinds->count > 1)
            snprintf(before, sizeof(before), "%s\t", name);
        key_list_text(file, e, scope->kinds[k].shown, before, "\n");
    }
}
