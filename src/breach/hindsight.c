/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/hindsight.h"

int
hindsight_init(struct hindsight *h, int64_t as_of, const struct selection *now,
               const struct filter *filter, const struct os *os)
{
    int result;

    *h = (struct hindsight){.as_of = as_of, .now = now};
    result = book_new(&h->book, os);
    if (result != 0)
        return result;
    h->sessions.seed = h->book->sessions.places.seed;
    scope_init(&h->scope, &h->selection);
    selection_init(&h->selection, h->book, filter, scope_take, &h->scope);
    return 0;
}

void
hindsight_release(struct hindsight *h)
{
    scope_release(&h->scope);
    if (h->book != NULL)
        selection_release(&h->selection);
    book_free(h->book);
    map_release(&h->sessions);
    persons_free(h->erased);
    *h = (struct hindsight){0};
}

/* ---- reading ---- */

static bool
is_of_then(const struct hindsight *h, const struct ledger_entry *entry)
{
    return !entry->is_in_ring && entry->time < h->as_of;
}

/* Whether the exposure has the field that is asked for, if one is; or an error. */
static int
has_field(const struct hindsight *h, const struct exposure *exposure)
{
    struct names *names = &h->now->book->names;
    struct lexicon *lexicon;
    uint64_t fields = 0;
    int result;

    if (h->now->filter->field == NULL)
        return 1;
    result = names_lexicon(names, exposure->vocabulary, &lexicon);
    if (result != 0)
        return result;
    for (size_t p = 0; p < exposure->part_count && p < EXPOSURE_PARTS_MAX; p++)
        fields |= exposure->parts[p].clear | exposure->parts[p].masked | exposure->parts[p].null;
    return (fields &
            lexicon_field_bit(lexicon, name_list_find(&names->fields, h->now->filter->field))) != 0;
}

static void
count_late(struct hindsight *h, const struct ledger_entry *entry)
{
    if (entry->u.exposure->time >= h->as_of) {
        h->after++;
        return;
    }
    if (h->late == 0 || entry->time < h->late_first)
        h->late_first = entry->time;
    if (entry->time > h->late_last)
        h->late_last = entry->time;
    h->late++;
}

static int
note_exposure(struct hindsight *h, const struct ledger_entry *entry)
{
    const struct exposure *exposure = entry->u.exposure;
    const struct session_info *session = sessions_get(&h->now->book->sessions, exposure->session);
    int asked;

    if (filter_test(h->now->filter, exposure, session) != FILTER_YES)
        return 0;
    asked = has_field(h, exposure);
    if (asked <= 0)
        return asked;
    if (is_of_then(h, entry))
        return map_put(&h->sessions, exposure->session, 0);
    count_late(h, entry);
    return 0;
}

static int
note_closed(struct hindsight *h, const struct ledger_entry *entry)
{
    uint64_t session = entry->u.closed->session;
    uint32_t has_ended;

    if (!map_get(&h->sessions, session, &has_ended) || has_ended != 0)
        return 0;
    if (is_of_then(h, entry)) {
        map_remove(&h->sessions, session);
        return 0;
    }
    h->ended++;
    return map_put(&h->sessions, session, 1);
}

int
hindsight_note(struct hindsight *h, const struct ledger_entry *entry)
{
    int result = 0;

    switch (entry->type) {
    case LEDGER_ASKED:
        return 0;
    case LEDGER_ERASED:
        return is_of_then(h, entry) ? 0 : persons_add(&h->erased, &entry->u.erased->ordinal, 1);
    case LEDGER_EXPOSURE:
        result = note_exposure(h, entry);
        break;
    case LEDGER_CLOSED:
        result = note_closed(h, entry);
        break;
    default:
        break;
    }
    /* Nobody can say any more what was answered of what was deleted since. */
    if (result == 0 && (is_of_then(h, entry) || entry->type == LEDGER_PRUNED))
        result = selection_add(&h->selection, entry);
    return result;
}

static bool
concerns(const struct hindsight *h, const struct gap *gap)
{
    return gap_concerns(gap, h->now->filter->from, h->now->filter->to);
}

int
hindsight_end(struct hindsight *h)
{
    const struct gaps *gaps = &h->now->book->gaps;

    for (size_t g = 0; g < gaps->count; g++)
        if (gaps->items[g].what == GAP_DAMAGED && gaps->items[g].from < h->as_of) {
            gaps_add(&h->book->gaps, &gaps->items[g]);
            h->damaged += concerns(h, &gaps->items[g]);
        }
    return selection_end(&h->selection);
}

/* ---- comparing ---- */

static bool
is_same(struct interval a, struct interval b)
{
    return a.at_least == b.at_least && a.at_most == b.at_most;
}

/* The place in then's names of what has this one in now's; one behind all where it was not known.
 */
static size_t
place_then(const struct name_list *then, const struct name_list *now, size_t place)
{
    int found = place < now->count ? name_list_find(then, now->items[place]) : -1;

    return found >= 0 ? (size_t)found : then->count;
}

static size_t
kind_then(const struct hindsight *h, size_t kind)
{
    return place_then(&h->book->names.kinds, &h->now->book->names.kinds, kind);
}

struct hindsight_pair
hindsight_kind(const struct hindsight *h, const struct scope *now, size_t kind)
{
    struct hindsight_pair pair = {.then = scope_subjects(&h->scope, kind_then(h, kind)),
                                  .now = scope_subjects(now, kind)};

    pair.is_changed = !is_same(pair.then, pair.now);
    return pair;
}

struct hindsight_pair
hindsight_field(const struct hindsight *h, const struct scope *now, size_t field)
{
    size_t then = place_then(&h->book->names.fields, &h->now->book->names.fields, field);
    struct hindsight_pair pair = {.then = scope_field_persons(&h->scope, then),
                                  .now = scope_field_persons(now, field),
                                  .clarity_then = scope_field_clarity(&h->scope, then),
                                  .clarity_now = scope_field_clarity(now, field)};

    pair.is_changed = !is_same(pair.then, pair.now) || pair.clarity_then != pair.clarity_now;
    return pair;
}

static const struct persons *
shown(const struct scope *scope, size_t kind)
{
    return kind < scope->kind_count ? scope->kinds[kind].shown : NULL;
}

int
hindsight_added(const struct hindsight *h, const struct scope *now, size_t kind,
                struct persons **added)
{
    return persons_rest(added, shown(now, kind), shown(&h->scope, kind_then(h, kind)));
}

/* The same but for its end, which may have come since. */
static bool
is_same_gap(const struct gap *a, const struct gap *b)
{
    return a->what == b->what && a->from == b->from && a->records == b->records &&
           a->error == b->error && a->segment == b->segment && a->offset == b->offset;
}

bool
hindsight_is_told_since(const struct hindsight *h, const struct gap *gap)
{
    const struct gaps *then = &h->book->gaps;

    if (!concerns(h, gap))
        return false;
    for (size_t g = 0; g < then->count; g++)
        if (is_same_gap(&then->items[g], gap))
            return false;
    return true;
}

uint64_t
hindsight_gaps(const struct hindsight *h)
{
    const struct gaps *gaps = &h->now->book->gaps;
    uint64_t n = 0;

    for (size_t g = 0; g < gaps->count; g++)
        n += hindsight_is_told_since(h, &gaps->items[g]);
    return n;
}

bool
hindsight_is_bypass_new(const struct hindsight *h, const struct message_bypass *bypass)
{
    return reconciled_bypass_concerns(bypass, h->now->filter->from, h->now->filter->to) &&
           reconciled_find(&h->book->gaps.reconciled, bypass) == NULL;
}

static bool
has_new_bypass(const struct hindsight *h)
{
    const struct reconciled *r = &h->now->book->gaps.reconciled;

    for (size_t b = 0; b < r->backend_count; b++)
        if (hindsight_is_bypass_new(h, &r->backends[b]))
            return true;
    return false;
}

bool
hindsight_is_new(const struct hindsight *h, const char *principal)
{
    for (size_t p = 0; p < h->scope.principals.count; p++)
        if (strcmp(h->scope.principals.items[p], principal) == 0)
            return false;
    return true;
}

struct erasing {
    const struct scope *scope;
    uint64_t count;
};

static int
count_erased(void *arg, uint32_t ordinal)
{
    struct erasing *erasing = arg;
    bool is_shown = false;

    for (size_t k = 0; k < erasing->scope->kind_count; k++)
        is_shown |= persons_has(erasing->scope->kinds[k].shown, ordinal);
    erasing->count += is_shown;
    return 0;
}

uint64_t
hindsight_erased(const struct hindsight *h)
{
    struct erasing erasing = {.scope = &h->scope};

    if (h->erased != NULL && persons_each(h->erased, count_erased, &erasing) != 0)
        return 0; /* count_erased ends nothing */
    return erasing.count;
}

static bool
has_new_figures(const struct hindsight *h, const struct scope *now)
{
    const struct scope *then = &h->scope;

    return then->statements != now->statements || then->rows != now->rows ||
           then->misses != now->misses || then->bounded != now->bounded ||
           then->unattributed != now->unattributed ||
           h->selection.untestable != h->now->untestable ||
           h->selection.unrecorded.count != h->now->unrecorded.count ||
           then->principals.count != now->principals.count;
}

bool
hindsight_is_changed(const struct hindsight *h, const struct scope *now)
{
    const struct names *names = &h->now->book->names;

    if (h->late > 0 || h->after > 0 || h->ended > 0 || h->damaged > 0 || h->decoys > 0)
        return true;
    for (size_t k = 0; k < names->kinds.count; k++)
        if (hindsight_kind(h, now, k).is_changed)
            return true;
    for (size_t f = 0; f < names->fields.count; f++)
        if (hindsight_field(h, now, f).is_changed)
            return true;
    return has_new_figures(h, now) || hindsight_gaps(h) > 0 || hindsight_erased(h) > 0 ||
           has_new_bypass(h);
}
