/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cli/scope_then.h"
#include "cli/scope_view.h"
#include "cli/text.h"

#include <inttypes.h>

enum { TIME_SIZE = 32, NUMBER_SIZE = 32, NAME_TEXT = NAME_SIZE * 4 + 1, INTERVAL_SIZE = 80 };

static void
interval_text(char text[INTERVAL_SIZE], struct interval persons)
{
    char least[NUMBER_SIZE], most[NUMBER_SIZE];

    text_count(least, sizeof(least), persons.at_least);
    text_count(most, sizeof(most), persons.at_most);
    snprintf(text, INTERVAL_SIZE, persons.at_least == persons.at_most ? "%s" : "%s to %s", least,
             most);
}

/* "  phone: 12 then, 15 now" without an end of the line. */
static void
print_pair(FILE *file, const char *name, struct hindsight_pair pair)
{
    char escaped[NAME_TEXT], then[INTERVAL_SIZE], now[INTERVAL_SIZE];

    text_escape(escaped, sizeof(escaped), view_of_text(name));
    interval_text(then, pair.then);
    interval_text(now, pair.now);
    fprintf(file, "  %s: %s then, %s now", escaped, then, now);
}

static int
print_subjects(FILE *file, const struct scope_then *t)
{
    const struct name_list *kinds = &t->now.selection->book->names.kinds;
    int result = 0;

    for (size_t k = 0; result == 0 && k < t->now.kind_count; k++) {
        struct hindsight_pair pair = hindsight_kind(&t->hindsight, &t->now, k);
        struct persons *added = NULL;
        char count[NUMBER_SIZE];

        result = hindsight_added(&t->hindsight, &t->now, k, &added);
        if (result == 0 && (pair.is_changed || persons_count(added) > 0)) {
            text_count(count, sizeof(count), persons_count(added));
            print_pair(file, kinds->items[k], pair);
            fprintf(file, "; %s more named\n", count);
        }
        persons_free(added);
    }
    return result;
}

static void
print_fields(FILE *file, const struct scope_then *t)
{
    const struct name_list *fields = &t->now.selection->book->names.fields;

    for (size_t f = 0; f < fields->count; f++) {
        struct hindsight_pair pair = hindsight_field(&t->hindsight, &t->now, f);

        if (!pair.is_changed)
            continue;
        print_pair(file, fields->items[f], pair);
        if (pair.clarity_then != pair.clarity_now)
            fprintf(file, "; %s then, %s now",
                    pair.clarity_then != CLARITY_NONE ? clarity_text(pair.clarity_then)
                                                      : "not shown",
                    clarity_text(pair.clarity_now));
        fputc('\n', file);
    }
}

static void
print_both(FILE *file, const char *what, uint64_t then, uint64_t now)
{
    char before[NUMBER_SIZE], after[NUMBER_SIZE];

    if (then == now)
        return;
    text_count(before, sizeof(before), then);
    text_count(after, sizeof(after), now);
    fprintf(file, "  %s: %s then, %s now\n", what, before, after);
}

static void
print_figures(FILE *file, const struct scope_then *t)
{
    const struct scope *then = &t->hindsight.scope, *now = &t->now;

    print_both(file, "statements", then->statements, now->statements);
    print_both(file, "rows", then->rows, now->rows);
    print_both(file, "statements that could not name all persons", then->bounded, now->bounded);
    print_both(file, "statements with no usable key", then->unattributed, now->unattributed);
    print_both(file, "sessions that ran without being recorded",
               t->hindsight.selection.unrecorded.count, now->selection->unrecorded.count);
    print_both(file, "statements that found nobody", then->misses, now->misses);
    print_both(file, "statements that could not be tested", t->hindsight.selection.untestable,
               now->selection->untestable);
    for (size_t p = 0; p < now->principals.count; p++) {
        char name[NAME_TEXT];

        if (!hindsight_is_new(&t->hindsight, now->principals.items[p]))
            continue;
        text_escape(name, sizeof(name), view_of_text(now->principals.items[p]));
        fprintf(file, "  also to: %s\n", name);
    }
}

static void
print_some(FILE *file, uint64_t n, const char *one, const char *many)
{
    char count[NUMBER_SIZE];

    if (n == 0)
        return;
    text_count(count, sizeof(count), n);
    fprintf(file, "  %s %s\n", count, n == 1 ? one : many);
}

static void
print_late(FILE *file, const struct hindsight *h)
{
    char count[NUMBER_SIZE], first[TIME_SIZE], last[TIME_SIZE];

    if (h->late == 0)
        return;
    text_count(count, sizeof(count), h->late);
    log_time_text(first, sizeof(first), h->late_first);
    log_time_text(last, sizeof(last), h->late_last);
    fprintf(file, "  %s record%s of what was shown before that time came later, from %s to %s\n",
            count, h->late == 1 ? "" : "s", first, last);
}

static void
print_why(FILE *file, const struct scope_then *t)
{
    const struct hindsight *h = &t->hindsight;
    const struct gaps *gaps = &t->now.selection->book->gaps;

    fputs("\nwhy\n", file);
    print_late(file, h);
    print_some(file, h->after, "record is of what was shown since",
               "records are of what was shown since");
    print_some(file, hindsight_gaps(h), "gap was told since:", "gaps were told since:");
    for (size_t g = 0; g < gaps->count; g++)
        if (hindsight_is_told_since(h, &gaps->items[g]))
            scope_view_gap(file, gaps, &gaps->items[g]);
    for (size_t b = 0; b < gaps->reconciled.backend_count; b++)
        if (hindsight_is_bypass_new(h, &gaps->reconciled.backends[b]))
            scope_view_bypass(file, &gaps->reconciled.backends[b]);
    print_some(file, h->ended, "session that was open then has ended",
               "sessions that were open then have ended");
    print_some(file, hindsight_erased(h), "person that was named then was erased since",
               "persons that were named then were erased since");
    print_some(file, h->decoys, "of those named then is known since as a decoy, no person",
               "of those named then are known since as decoys, no persons");
    print_some(file, h->damaged,
               "place is damaged, since when is not known: what stood there may have been known",
               "places are damaged, since when is not known: what stood there may have been known");
}

static void
print_asked(FILE *file, const struct asked_then *asked)
{
    char first[TIME_SIZE], last[TIME_SIZE];

    log_time_text(first, sizeof(first), asked->first);
    log_time_text(last, sizeof(last), asked->last);
    if (asked->times == 0)
        fputs("\nthe ledger does not say that this was asked before that time\n", file);
    else if (asked->times == 1)
        fprintf(file, "\nthis was asked at %s by account %" PRIu32 "\n", last, asked->uid);
    else
        fprintf(file,
                "\nthis was asked %" PRIu64 " times, first at %s, last at %s by account %" PRIu32
                "\n",
                asked->times, first, last, asked->uid);
}

int
scope_then_page(FILE *file, const struct scope_then *t, size_t width)
{
    char time[TIME_SIZE];
    int result;

    log_time_text(time, sizeof(time), t->hindsight.as_of);
    fprintf(file, "as of         %s: of what was recorded before\n", time);
    result = scope_view_page(file, &t->hindsight.scope, NULL, width);
    if (result != 0)
        return result;
    if (hindsight_is_changed(&t->hindsight, &t->now)) {
        fputs("\nsince then\n", file);
        result = print_subjects(file, t);
        print_fields(file, t);
        print_figures(file, t);
        print_why(file, t);
    } else {
        fputs("\nnothing differs now\n", file);
    }
    print_asked(file, &t->asked);
    return result;
}
