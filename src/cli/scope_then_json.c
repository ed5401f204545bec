/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_list.h"
#include "cli/scope_then.h"
#include "cli/scope_view.h"

static void
put_both(struct json_out *out, const char *key, uint64_t then, uint64_t now)
{
    json_put_open(out, key, '{');
    json_put_count(out, "then", then);
    json_put_count(out, "now", now);
    json_out_close(out, '}');
}

/* `clarity` is NULL where it is not about a field. */
static void
put_side(struct json_out *out, const char *key, struct interval persons,
         const enum clarity *clarity)
{
    json_put_open(out, key, '{');
    json_put_count(out, "at_least", persons.at_least);
    json_put_count(out, "at_most", persons.at_most);
    if (clarity != NULL)
        json_put_text(out, "clarity", *clarity != CLARITY_NONE ? clarity_text(*clarity) : NULL);
    json_out_close(out, '}');
}

static int
put_kind(struct json_out *out, struct scope_then *t, size_t kind, bool is_list)
{
    struct hindsight_pair pair = hindsight_kind(&t->hindsight, &t->now, kind);
    struct persons *added = NULL;
    int result = hindsight_added(&t->hindsight, &t->now, kind, &added);

    if (result == 0 && (pair.is_changed || persons_count(added) > 0)) {
        json_put_open(out, t->now.selection->book->names.kinds.items[kind], '{');
        put_side(out, "then", pair.then, NULL);
        put_side(out, "now", pair.now, NULL);
        json_put_count(out, "added", persons_count(added));
        if (is_list) {
            json_out_key(out, "keys");
            key_list_json(out, &t->evidence, added,
                          key_form_of(&t->evidence, t->now.selection->book->names.kinds.items[kind],
                                      t->now.kinds[kind].has_numbers));
        }
        json_out_close(out, '}');
    }
    persons_free(added);
    return result;
}

static int
put_subjects(struct json_out *out, struct scope_then *t, bool is_list)
{
    int result = 0;

    json_put_open(out, "subjects", '{');
    for (size_t k = 0; result == 0 && k < t->now.kind_count; k++)
        result = put_kind(out, t, k, is_list);
    json_out_close(out, '}');
    return result;
}

static void
put_fields(struct json_out *out, const struct scope_then *t)
{
    const struct name_list *fields = &t->now.selection->book->names.fields;

    json_put_open(out, "fields", '{');
    for (size_t f = 0; f < fields->count; f++) {
        struct hindsight_pair pair = hindsight_field(&t->hindsight, &t->now, f);

        if (!pair.is_changed)
            continue;
        json_put_open(out, fields->items[f], '{');
        put_side(out, "then", pair.then, &pair.clarity_then);
        put_side(out, "now", pair.now, &pair.clarity_now);
        json_out_close(out, '}');
    }
    json_out_close(out, '}');
}

static void
put_principals(struct json_out *out, const struct scope_then *t)
{
    json_put_open(out, "principals", '[');
    for (size_t p = 0; p < t->now.principals.count; p++)
        if (hindsight_is_new(&t->hindsight, t->now.principals.items[p]))
            json_out_text(out, t->now.principals.items[p]);
    json_out_close(out, ']');
}

static void
put_completeness(struct json_out *out, const struct scope_then *t)
{
    const struct selection *then = &t->hindsight.selection, *now = t->now.selection;
    const struct gaps *gaps = &now->book->gaps;

    json_put_open(out, "completeness", '{');
    json_put_open(out, "gaps", '[');
    for (size_t g = 0; g < gaps->count; g++)
        if (hindsight_is_told_since(&t->hindsight, &gaps->items[g]))
            scope_put_gap(out, gaps, &gaps->items[g]);
    json_out_close(out, ']');
    json_put_open(out, "bypasses", '[');
    for (size_t b = 0; b < gaps->reconciled.backend_count; b++)
        if (hindsight_is_bypass_new(&t->hindsight, &gaps->reconciled.backends[b]))
            scope_put_bypass(out, &gaps->reconciled.backends[b]);
    json_out_close(out, ']');
    put_both(out, "bounded", t->hindsight.scope.bounded, t->now.bounded);
    put_both(out, "unattributed", t->hindsight.scope.unattributed, t->now.unattributed);
    put_both(out, "unrecorded_sessions", then->unrecorded.count, now->unrecorded.count);
    put_both(out, "untestable", then->untestable, now->untestable);
    json_out_close(out, '}');
}

static void
put_why(struct json_out *out, const struct hindsight *h)
{
    json_put_open(out, "why", '{');
    json_put_count(out, "recorded_late", h->late);
    json_put_time(out, "first", h->late_first);
    json_put_time(out, "last", h->late_last);
    json_put_count(out, "shown_since", h->after);
    json_put_count(out, "gaps", hindsight_gaps(h));
    json_put_count(out, "sessions_ended", h->ended);
    json_put_count(out, "erased", hindsight_erased(h));
    json_put_count(out, "decoys", h->decoys);
    json_put_count(out, "damaged", h->damaged);
    json_out_close(out, '}');
}

static int
put_changed(struct json_out *out, struct scope_then *t, bool is_list)
{
    const struct scope *then = &t->hindsight.scope, *now = &t->now;
    int result;

    json_put_open(out, "changed", '{');
    json_out_key(out, "differs");
    json_out_bool(out, hindsight_is_changed(&t->hindsight, now));
    result = put_subjects(out, t, is_list);
    put_fields(out, t);
    put_principals(out, t);
    put_both(out, "statements", then->statements, now->statements);
    put_both(out, "rows", then->rows, now->rows);
    put_both(out, "misses", then->misses, now->misses);
    put_completeness(out, t);
    put_why(out, &t->hindsight);
    json_out_close(out, '}');
    return result;
}

static void
put_asked(struct json_out *out, const struct asked_then *asked)
{
    json_out_key(out, "asked");
    if (asked->times == 0) {
        json_out_text(out, NULL);
        return;
    }
    json_out_open(out, '{');
    json_put_count(out, "times", asked->times);
    json_put_time(out, "first", asked->first);
    json_put_time(out, "last", asked->last);
    json_put_count(out, "uid", asked->uid);
    json_out_close(out, '}');
}

int
scope_then_json(FILE *file, struct scope_then *t, bool is_list)
{
    struct json_out out = {.file = file};
    int result;

    json_out_open(&out, '{');
    scope_put(&out, &t->evidence, &t->hindsight.scope, NULL, is_list);
    json_put_time(&out, "as_of", t->hindsight.as_of);
    put_asked(&out, &t->asked);
    result = put_changed(&out, t, is_list);
    json_out_close(&out, '}');
    json_out_end(&out);
    return result;
}
