/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/book.h"

#include "base/memory.h"

int
book_new(struct book **book, const struct os *os)
{
    struct book *made = memory_new(1, sizeof(*made));
    uint64_t seed;
    int result = made == NULL ? PASU_E_NOMEM : os->random(os->arg, &seed, sizeof(seed));

    if (result != 0) {
        memory_free(made);
        return result;
    }
    made->sessions.places.seed = made->shapes.places.seed = made->names.by_id.seed = seed;
    *book = made;
    return 0;
}

void
book_free(struct book *book)
{
    if (book == NULL)
        return;
    sessions_release(&book->sessions);
    shapes_release(&book->shapes);
    names_release(&book->names);
    memory_free(book);
}

int
book_note(struct book *book, const struct ledger_entry *entry)
{
    gaps_note(&book->gaps, entry);
    sessions_forget(&book->sessions, entry->time);
    switch (entry->type) {
    case LEDGER_OPENED:
        return sessions_open(&book->sessions, entry->seq, entry->u.opened);
    case LEDGER_CLOSED:
        sessions_close(&book->sessions, entry->u.closed->session, entry->time);
        return 0;
    case LEDGER_SHAPE:
        return shapes_add(&book->shapes, entry->u.shape->fingerprint, entry->u.shape->sql);
    case LEDGER_VOCABULARY:
        return names_add(&book->names, entry->u.vocabulary);
    default:
        return 0;
    }
}
