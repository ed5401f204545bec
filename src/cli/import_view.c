/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import_view.h"

#include "cli/json_out.h"
#include "cli/text.h"

#include <inttypes.h>

enum { NUMBER = 32 };

void
import_print_json(const struct import_told *told)
{
    struct json_out json = {.file = stdout}, *out = &json;

    json_out_open(out, '{');
    json_put_count(out, "views", told->views);
    json_put_count(out, "misses", told->misses);
    json_put_count(out, "accounts", told->accounts);
    json_put_open(out, "persons", '{');
    json_put_count(out, "at_least", told->persons);
    json_put_count(out, "at_most", told->may);
    json_out_close(out, '}');
    json_put_count(out, "already", told->already);
    json_put_count(out, "ahead", told->ahead);
    json_put_count(out, "lines", told->lines);
    json_put_count(out, "unparsed", told->unparsed);
    json_put_count(out, "unmatched", told->unmatched);
    json_out_close(out, '}');
    json_out_end(out);
}

static const char *
ending(uint64_t count)
{
    return count == 1 ? "" : "s";
}

void
import_print_text(const struct import_told *told)
{
    char views[NUMBER], accounts[NUMBER], least[NUMBER], most[NUMBER];

    text_count(views, sizeof(views), told->views);
    text_count(accounts, sizeof(accounts), told->accounts);
    text_count(least, sizeof(least), told->persons);
    text_count(most, sizeof(most), told->may);
    printf("%s view%s by %s account%s, of %s%s%s person%s\n", views, ending(told->views), accounts,
           ending(told->accounts), least, told->may > told->persons ? " to " : "",
           told->may > told->persons ? most : "", ending(told->may));
    if (told->ahead > 0)
        printf("%" PRIu64 " request%s dated more than a day ahead of this machine's clock, and %s "
               "not taken\n",
               told->ahead, told->ahead == 1 ? " is" : "s are", told->ahead == 1 ? "is" : "are");
    if (told->already > 0)
        printf("%" PRIu64 " request%s in the ledger already, and %s not count twice\n",
               told->already, told->already == 1 ? " was" : "s were",
               told->already == 1 ? "does" : "do");
    printf("%" PRIu64 " of %" PRIu64 " line%s could not be read\n", told->unparsed, told->lines,
           ending(told->lines));
    if (told->unmatched > 0)
        printf("%" PRIu64 " statement%s none of the map's\n", told->unmatched,
               told->unmatched == 1 ? " touches persons and fits" : "s touch persons and fit");
}
