/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/certificate.h"

#include "cli/scope_view.h"

static void
put_ledger(const struct certificate *c, struct json_out *out)
{
    char key[NOTE_KEY_TEXT_MAX + 1];

    note_key_text(key, &c->prover->key);
    json_put_text(out, "origin", c->prover->key.name);
    json_put_text(out, "verifier_key", key);
}

static void
put_person(const struct certificate *c, struct json_out *out)
{
    json_put_open(out, "person", '{');
    json_put_text(out, "kind", c->subject->kind);
    json_put_text(out, "key", c->key);
    json_put_open(out, "ordinals", '[');
    for (size_t i = 0; i < c->subject->ordinal_count; i++)
        json_out_count(out, c->subject->ordinals[i]);
    json_out_close(out, ']');
    json_out_close(out, '}');
    json_put_open(out, "asked", '{');
    json_put_time(out, "from", c->evidence->filter.from);
    json_put_time(out, "to", c->evidence->filter.to);
    json_out_close(out, '}');
}

static void
put_summary(const struct certificate *c, struct json_out *out)
{
    const struct subject *subject = c->subject;
    const struct names *names = &c->evidence->book->names;

    json_put_open(out, "summary", '{');
    json_put_count(out, "shown", subject->shown);
    json_out_key(out, "or_more");
    json_out_bool(out, subject->or_more);
    json_put_count(out, "missed", subject->missed);
    json_put_count(out, "possible", subject->possible);
    json_put_time(out, "first", subject->first);
    json_put_time(out, "last", subject->last);
    json_put_open(out, "fields", '{');
    for (size_t f = 0; f < subject->field_count; f++)
        if (subject->field_counts[f] > 0)
            json_put_count(out, names->fields.items[f], subject->field_counts[f]);
    json_out_close(out, '}');
    json_put_open(out, "principals", '[');
    for (size_t p = 0; p < subject->principals.count; p++)
        json_out_text(out, subject->principals.items[p]);
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static void
put_gap(struct json_out *out, const struct gaps *gaps, const struct gap *gap)
{
    json_out_open(out, '{');
    json_put_text(out, "what", gap_what_text(gap->what));
    json_put_time(out, "from", gap->from);
    json_put_time(out, "to", gap->to);
    if (gap->what == GAP_LOST || gap->what == GAP_PRUNED)
        json_put_count(out, "records", gap->records);
    if (gap->what == GAP_PAST)
        scope_put_past(out, gaps, gap);
    json_out_close(out, '}');
}

static void
put_gaps(const struct evidence *e, struct json_out *out, const char *key, bool are_past)
{
    const struct gaps *gaps = &e->book->gaps;

    json_put_open(out, key, '[');
    for (size_t g = 0; g < gaps->count; g++)
        if ((gaps->items[g].what == GAP_PAST) == are_past &&
            gap_concerns(&gaps->items[g], e->filter.from, e->filter.to))
            put_gap(out, gaps, &gaps->items[g]);
    json_out_close(out, ']');
}

static void
put_completeness(const struct certificate *c, struct json_out *out)
{
    const struct evidence *e = c->evidence;
    const struct gaps *gaps = &e->book->gaps;

    json_put_open(out, "completeness", '{');
    put_gaps(e, out, "gaps", false);
    json_put_count(out, "gaps_left_out", gaps->left_out);
    put_gaps(e, out, "past", true);
    scope_put_reconciled(out, gaps, &e->filter);
    json_put_count(out, "possible", c->subject->possible);
    json_put_count(out, "unrecorded_sessions", e->selection.unrecorded.count);
    json_put_count(out, "untestable", e->selection.untestable);
    json_out_close(out, '}');
}

int
certificate_write(struct certificate *c, FILE *file)
{
    struct json_out out = {.file = file};
    int result;

    json_out_open(&out, '{');
    json_put_text(&out, "format", "pasu certificate/v1");
    json_put_time(&out, "made", c->made);
    put_ledger(c, &out);
    put_person(c, &out);
    json_put_count(&out, "records", c->mentions->size);
    json_put_text(&out, "checkpoint", (const char *)c->prover->note);
    result = certificate_put_showings(c, &out);
    if (result != 0)
        return result;
    put_summary(c, &out);
    put_completeness(c, &out);
    certificate_put_words(c, &out);
    json_out_close(&out, '}');
    return 0;
}
