/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/key_list.h"
#include "cli/person.h"
#include "cli/run.h"
#include "cli/scope_view.h"
#include "cli/statement_view.h"
#include "cli/text.h"

#include <inttypes.h>

enum { TIME_SIZE = 32 };

struct asking {
    struct evidence *evidence;
    struct subject subject;
    const char *key, *kind;
    bool is_json;
    FILE *shown;  /* standard output; not yet while it is not sure that the index can answer */
    FILE *missed; /* what was asked for in vain, until all that was shown has been printed */
};

static int
see(void *arg, const struct sight *sight)
{
    struct asking *asking = arg;
    FILE *file = sight->is_shown ? asking->shown : asking->missed;

    if (asking->is_json)
        sight_view_json(file, asking->evidence, sight);
    else
        sight_view_text(file, asking->evidence, sight);
    return 0;
}

/* What sessions that did not come through pasu were shown nobody knows, nor what was shown before
 * that was deleted by age, or stood where the ledger is damaged: this person, too. */
static bool
can_hide(const struct gap *gap)
{
    return gap->what == GAP_PAST || gap->what == GAP_PRUNED || gap->what == GAP_DAMAGED;
}

static void
print_gaps(const struct asking *asking)
{
    const struct gaps *gaps = &asking->evidence->book->gaps;
    const struct filter *filter = &asking->evidence->filter;

    for (size_t g = 0; g < gaps->count; g++)
        if (can_hide(&gaps->items[g]) && gap_concerns(&gaps->items[g], filter->from, filter->to))
            scope_view_gap(stdout, gaps, &gaps->items[g]);
    scope_view_reconciled(stdout, gaps, filter, false);
}

static void
print_summary_json(const struct asking *asking)
{
    const struct subject *subject = &asking->subject;
    const struct names *names = &asking->evidence->book->names;
    const struct decoy_set *decoy = evidence_decoy(asking->evidence, subject);
    struct json_out out = {.file = stdout};

    json_out_open(&out, '{');
    json_put_text(&out, "what", "summary");
    json_put_text(&out, "kind", asking->kind);
    json_out_key(&out, "key");
    key_list_value(&out, asking->key,
                   key_form_of(asking->evidence, asking->kind, subject->has_numbers));
    if (decoy != NULL)
        json_put_count(&out, "decoy", decoy->head.number);
    json_put_count(&out, "shown", subject->shown);
    json_out_key(&out, "or_more");
    json_out_bool(&out, subject->or_more);
    json_put_count(&out, "missed", subject->missed);
    json_put_count(&out, "possible", subject->possible);
    json_put_time(&out, "first", subject->first);
    json_put_time(&out, "last", subject->last);
    json_put_open(&out, "fields", '{');
    for (size_t f = 0; f < subject->field_count; f++) {
        if (subject->field_counts[f] == 0)
            continue;
        json_out_key(&out, names->fields.items[f]);
        json_out_count(&out, subject->field_counts[f]);
    }
    json_out_close(&out, '}');
    json_put_open(&out, "principals", '[');
    for (size_t p = 0; p < subject->principals.count; p++)
        json_out_text(&out, subject->principals.items[p]);
    json_out_close(&out, ']');
    json_put_open(&out, "completeness", '{');
    scope_put_gaps(&out, &asking->evidence->selection);
    json_out_close(&out, '}');
    json_out_close(&out, '}');
    json_out_end(&out);
}

static void
print_names(const char *before, const char *name, const char *after)
{
    char escaped[NAME_SIZE * 4 + 1];

    text_escape(escaped, sizeof(escaped), view_of_text(name));
    printf("%s%s%s", before, escaped, after);
}

static void
print_summary(const struct asking *asking)
{
    const struct subject *subject = &asking->subject;
    const struct names *names = &asking->evidence->book->names;
    const struct decoy_set *decoy = evidence_decoy(asking->evidence, subject);
    char first[TIME_SIZE], last[TIME_SIZE];

    if (subject->shown + subject->missed > 0)
        putchar('\n');
    if (decoy != NULL)
        printf("a decoy, of set %" PRIu64 ": no person\n", decoy->head.number);
    printf("shown by %" PRIu64 " statement%s", subject->shown, subject->shown == 1 ? "" : "s");
    if (subject->shown > 0) {
        log_time_text(first, sizeof(first), subject->first);
        log_time_text(last, sizeof(last), subject->last);
        printf(", from %s to %s, to", first, last);
        for (size_t p = 0; p < subject->principals.count; p++)
            print_names(p > 0 ? ", " : " ", subject->principals.items[p], "");
        if (subject->principals.count == 0)
            fputs(" sessions that were not recorded", stdout);
    }
    putchar('\n');
    if (subject->or_more)
        fputs("  or more: alike ones of a session within a second can be one record\n", stdout);
    for (size_t f = 0; f < subject->field_count; f++)
        if (subject->field_counts[f] > 0) {
            print_names("  ", names->fields.items[f], "");
            printf(" %" PRIu64 "\n", subject->field_counts[f]);
        }
    if (subject->missed > 0)
        printf("asked for and not found by %" PRIu64 " statement%s\n", subject->missed,
               subject->missed == 1 ? "" : "s");
    if (subject->possible > 0)
        printf("%" PRIu64 " further statement%s could not name all persons: this one may be among "
               "them\n",
               subject->possible, subject->possible == 1 ? "" : "s");
    print_gaps(asking);
}

/* What is printed later. */
struct pages {
    char *shown, *missed; /* open_memstream's */
    size_t shown_size, missed_size;
};

static bool
open_pages(struct asking *asking, struct pages *pages)
{
    asking->shown = open_memstream(&pages->shown, &pages->shown_size);
    asking->missed = open_memstream(&pages->missed, &pages->missed_size);
    return asking->shown != NULL && asking->missed != NULL;
}

static bool
close_pages(struct asking *asking)
{
    bool is_well = asking->shown == NULL || asking->shown == stdout || fclose(asking->shown) == 0;

    return (asking->missed == NULL || fclose(asking->missed) == 0) && is_well;
}

/* With the index, or else by reading; then what was shown is printed as it comes. */
static int
look(struct asking *asking, struct pages *pages)
{
    bool is_answered = false, is_well = open_pages(asking, pages);
    int status =
        is_well ? evidence_subject(asking->evidence, &asking->subject, NULL, &is_answered) : 0;

    is_well = close_pages(asking) && is_well;
    if (status == 0 && is_well && !is_answered) {
        free(pages->shown);
        free(pages->missed);
        *pages = (struct pages){0};
        asking->shown = stdout;
        asking->missed = open_memstream(&pages->missed, &pages->missed_size);
        is_well = asking->missed != NULL;
        if (is_well)
            status = evidence_read(asking->evidence, subject_take, &asking->subject);
        is_well = close_pages(asking) && is_well;
    }
    return status == 0 && !is_well ? complain_error(PASU_E_NOMEM, "subject") : status;
}

static int
ask(struct asking *asking)
{
    struct pages pages = {0};
    int status = person_find(asking->evidence, asking->key, &asking->subject);

    if (status != 0)
        return status;
    status = look(asking, &pages);
    if (status == 0)
        status = person_check_kind(asking->evidence, asking->kind);
    if (status == 0) {
        if (pages.shown_size > 0)
            fwrite(pages.shown, 1, pages.shown_size, stdout);
        if (pages.missed_size > 0)
            fwrite(pages.missed, 1, pages.missed_size, stdout);
        if (asking->is_json)
            print_summary_json(asking);
        else
            print_summary(asking);
        status = asking->subject.shown > 0 ? 0 : 1;
    }
    free(pages.shown);
    free(pages.missed);
    return status;
}

int
run_subject(const struct arguments *arguments)
{
    struct evidence evidence;
    char key[KEY_OPERAND_SIZE];
    struct asking asking = {.evidence = &evidence,
                            .is_json = arguments_given(arguments, OPTION_json)};
    int status = evidence_open(&evidence, arguments);

    if (status == 0)
        status = person_kind(&evidence, arguments, &asking.kind);
    if (status == 0)
        status = person_key(&evidence, asking.kind, arguments->operands[0], key, &asking.key);
    subject_init(&asking.subject, &evidence.selection, asking.kind, see, &asking);
    if (status == 0)
        status = ask(&asking);
    subject_release(&asking.subject);
    evidence_close(&evidence);
    return output_end(status);
}
