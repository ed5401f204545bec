/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_list.h"
#include "cli/statement_part.h"
#include "cli/text.h"

#include <inttypes.h>

enum { TIME_SIZE = 32, SQL_SHOWN = 2048, COUNT_SIZE = 32 };

/* Any text that a client had a say in; "-" for none. */
static void
print_hostile(FILE *file, const char *before, const char *text)
{
    char escaped[SQL_SHOWN * 4 + 1];
    struct view v = view_of_text(text != NULL && text[0] != '\0' ? text : "-");
    bool is_cut = v.length > SQL_SHOWN;

    v.length = is_cut ? SQL_SHOWN : v.length;
    text_escape(escaped, sizeof(escaped), v);
    fprintf(file, "%s%s%s", before, escaped, is_cut ? " ..." : "");
}

/* "TIME  principal  address  application  session" */
static void
print_who(FILE *file, const struct statement *statement)
{
    char time[TIME_SIZE];

    log_time_text(time, sizeof(time), statement->time > 0 ? statement->time : 0);
    fputs(time, file);
    if (statement->is_session_known) {
        print_hostile(file, "  ", statement->session.principal);
        if (statement->actor[0] != '\0')
            print_hostile(file, " for ", statement->actor);
        print_hostile(file, "  ", statement->session.address);
        if (statement->claims.source[0] != '\0')
            print_hostile(file, statement->claims.is_signed ? " (signed: " : " (said to be ",
                          statement->claims.source);
        if (statement->claims.source[0] != '\0')
            fputc(')', file);
        print_hostile(file, "  ", statement->session.application);
    } else {
        fputs("  (unrecorded session)", file);
        if (statement->actor[0] != '\0')
            print_hostile(file, " for ", statement->actor);
    }
    if (statement->claims.purpose[0] != '\0')
        print_hostile(file, "  purpose ", statement->claims.purpose);
    fprintf(file, "  %016" PRIx64 "\n", statement->session_id);
}

static void
print_sql(FILE *file, const struct evidence *e, const struct statement *statement)
{
    const char *sql = shapes_get(&e->book->shapes, statement->shape);

    print_hostile(file, "    ", sql != NULL ? sql : "(a statement that the ledger does not tell)");
    fputc('\n', file);
}

/* "name, phone (masked)" */
static void
print_fields(FILE *file, struct evidence *e, const struct statement *statement, uint64_t clear,
             uint64_t masked, uint64_t maybe, uint64_t null)
{
    const char *before = "";

    for (unsigned bit = 0; bit < EXPOSURE_FIELDS_MAX; bit++) {
        uint64_t is = UINT64_C(1) << bit;

        if (((clear | masked | maybe | null) & is) == 0)
            continue;
        print_hostile(file, before, statement_field_name(e, statement, bit));
        fputs((clear & is) != 0    ? ""
              : (masked & is) != 0 ? " (masked)"
              : (maybe & is) != 0  ? " (maybe)"
                                   : " (null)",
              file);
        before = ", ";
    }
}

/* "; alert by rule night; flags bound, copy", where there is something to say. */
static void
print_judgement(FILE *file, const struct statement *statement, enum attribution attribution)
{
    const char *before = "; flags ";

    if (attribution != ATTRIBUTION_NONE)
        fprintf(file, "; by %s", exposure_attribution_text(attribution));
    if (statement->verdict != VERDICT_OF_ALLOW)
        fprintf(file, "; %s", exposure_verdict_text((enum verdict)statement->verdict));
    if (statement->rule[0] != '\0')
        print_hostile(file, " by ", statement->rule);
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if ((statement->flags >> flag & 1) != 0) {
            fprintf(file, "%s%s", before, exposure_flag_text((enum exposure_flag)flag));
            before = ", ";
        }
    fputc('\n', file);
}

static void
print_kinds(FILE *file, const struct statement_sum *sum)
{
    const char *before = "    ";

    for (size_t k = 0; k < sum->count; k++) {
        const struct kind_sum *kind = &sum->kinds[k];
        uint64_t named = persons_count(kind->shown), most = kind_sum_most(kind);
        char count[COUNT_SIZE];

        if (most == 0)
            continue;
        print_hostile(file, before, kind->name);
        text_count(count, sizeof(count), named);
        fprintf(file, " %s", count);
        text_count(count, sizeof(count), most);
        if (most != named)
            fprintf(file, " to %s", count);
        before = ", ";
    }
    fputs(*before == ',' ? ": " : "    nobody", file);
}

static void
print_keys(FILE *file, struct evidence *e, const struct statement_sum *sum)
{
    for (size_t k = 0; k < sum->count; k++) {
        const struct kind_sum *kind = &sum->kinds[k];

        if (kind->shown != NULL) {
            print_hostile(file, "    ", kind->name);
            fputs(" keys", file);
            key_list_text(file, e, kind->shown, " ", "");
            fputc('\n', file);
        }
        if (kind->missed != NULL) {
            print_hostile(file, "    ", kind->name);
            fputs(" asked for and not found", file);
            key_list_text(file, e, kind->missed, " ", "");
            fputc('\n', file);
        }
    }
}

int
statement_view_text(FILE *file, struct evidence *e, const struct statement *statement,
                    bool has_keys)
{
    struct statement_sum sum;
    char rows[COUNT_SIZE];
    int result = statement_sum(&sum, e, statement);

    if (result == 0) {
        print_who(file, statement);
        print_kinds(file, &sum);
        print_fields(file, e, statement, sum.clear, sum.masked, 0, sum.null);
        text_count(rows, sizeof(rows), statement->rows);
        fprintf(file, "; %s row%s", rows, statement->rows == 1 ? "" : "s");
        if (statement->statements > 1)
            fprintf(file, " of %" PRIu64 " executions", statement->statements);
        if (statement->misses > 0)
            fprintf(file, "; %" PRIu64 " found nothing", statement->misses);
        print_judgement(file, statement, statement_attribution(statement));
        if (has_keys)
            print_keys(file, e, &sum);
        print_sql(file, e, statement);
    }
    statement_sum_release(&sum);
    return result;
}

void
sight_view_text(FILE *file, struct evidence *e, const struct sight *sight)
{
    print_who(file, sight->statement);
    if (sight->is_shown) {
        fputs("    ", file);
        print_fields(file, e, sight->statement, sight->clear, sight->masked, sight->maybe,
                     sight->null);
    } else {
        fputs("    asked for, and not found", file);
    }
    print_judgement(file, sight->statement, sight->attribution);
    print_sql(file, e, sight->statement);
}
