/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/drill_ledger.h"

#include "base/os.h"
#include "breach/index_scope.h"
#include "breach/index_work.h"
#include "cli/ledger_entries.h"

static int
make_index(void *arg PASU_UNUSED, int directory)
{
    struct index_work work;
    int result = index_work_open(&work, &os_real, directory);

    if (result == 0)
        result = index_work_rebuild(&work);
    index_work_close(&work);
    return result;
}

/* Of one principal the index knows; of several together the ledger is read. */
static bool
is_asked(const void *arg, const struct session_info *session)
{
    const struct drill_question *question = arg;

    for (size_t i = 0; i < question->principal_count; i++)
        if (strcmp(session->principal, question->principals[i]) == 0)
            return true;
    return false;
}

static int
read_all(struct selection *selection, const struct entries *entries)
{
    struct ledger_entry entry = {0};
    int result = entries->seek(entries->arg, 0), next = 1;

    while (result == 0 && (next = entries->next(entries->arg, &entry)) == 1)
        result = selection_add(selection, &entry);
    if (result == 0)
        result = next;
    return result == 0 ? selection_end(selection) : result;
}

static int
ask_index(int directory, struct scope *scope, struct selection *selection,
          const struct entries *entries)
{
    struct index *index;
    int result = index_open(&index, directory, NULL);

    if (result != 0)
        return result;
    result = index_scope(index, scope, selection, entries);
    index_close(index);
    return result;
}

static int
ask(void *arg PASU_UNUSED, const struct drill_question *question, uint64_t *persons)
{
    struct filter filter = {.from = question->from, .to = question->to};
    struct ledger_entries *ledger;
    struct selection selection;
    struct interval shown = {0};
    struct entries entries;
    struct scope scope;
    struct book *book;
    int result = book_new(&book, &os_real);

    if (result == 0)
        result = ledger_entries_open(&ledger, question->directory, NULL);
    if (result != 0) {
        book_free(book);
        return result;
    }
    if (question->principal_count == 1) {
        filter.principal = question->principals[0];
    } else {
        filter.has_place = is_asked;
        filter.place = question;
    }
    entries = ledger_entries(ledger);
    scope_init(&scope, &selection);
    selection_init(&selection, book, &filter, scope_take, &scope);
    result = index_scope_can(&filter) ? ask_index(question->directory, &scope, &selection, &entries)
                                      : read_all(&selection, &entries);
    if (result == 0 && scope.kind_count > 0)
        shown = scope_subjects(&scope, 0);
    *persons = shown.at_least;
    scope_release(&scope);
    selection_release(&selection);
    book_free(book);
    ledger_entries_close(ledger);
    return result == 0 && shown.at_least != shown.at_most ? PASU_E_RANGE : result;
}

const struct drill_ledger drill_ledger = {.index = make_index, .ask = ask};
