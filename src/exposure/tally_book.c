/* SPDX-License-Identifier: Apache-2.0 */
/* The book: a tally for each principal, sorted by name. It is looked up once a session. */
#include "base/memory.h"
#include "exposure/tally_state.h"

struct entry {
    struct tally *tally;
};

struct tally_book {
    pthread_mutex_t lock;
    struct entry *entries;
    size_t count, size;
    _Atomic uint64_t bytes;
};

int
tally_book_new(struct tally_book **book)
{
    *book = memory_new(1, sizeof(**book));
    if (!*book)
        return PASU_E_NOMEM;
    pthread_mutex_init(&(*book)->lock, NULL);
    return 0;
}

void
tally_book_free(struct tally_book *book)
{
    if (!book)
        return;
    for (size_t i = 0; i < book->count; i++)
        tally_free(book->entries[i].tally);
    memory_free(book->entries);
    pthread_mutex_destroy(&book->lock);
    memory_free(book);
}

/* Where the principal is (then *is_there), or is to be put. */
static size_t
search(const struct tally_book *book, const char *principal, bool *is_there)
{
    size_t low = 0, high = book->count;

    *is_there = false;
    while (low < high && !*is_there) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(book->entries[middle].tally->principal, principal);

        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            *is_there = order == 0;
        }
    }
    return *is_there ? high : low;
}

static int
insert(struct tally_book *book, size_t at, const char *principal)
{
    struct tally *tally;

    if (book->count == book->size) {
        size_t size = book->size + book->size / 2 + 16;
        struct entry *larger = memory_resize(book->entries, size, sizeof(*larger));

        if (!larger)
            return PASU_E_NOMEM;
        book->entries = larger;
        book->size = size;
    }
    tally = tally_new(principal, &book->bytes);
    if (!tally)
        return PASU_E_NOMEM;
    memmove(book->entries + at + 1, book->entries + at,
            (book->count - at) * sizeof(*book->entries));
    book->entries[at].tally = tally;
    book->count++;
    return 0;
}

int
tally_book_get(struct tally_book *book, const char *principal, struct tally **tally)
{
    bool is_there;
    size_t at;
    int result = 0;

    *tally = NULL;
    pthread_mutex_lock(&book->lock);
    at = search(book, principal, &is_there);
    if (!is_there)
        result = insert(book, at, principal);
    if (result == 0)
        *tally = book->entries[at].tally;
    pthread_mutex_unlock(&book->lock);
    return result;
}

int
tally_book_each(struct tally_book *book,
                int (*fn)(void *arg, const char *principal, struct tally *tally), void *arg)
{
    int result = 0;

    pthread_mutex_lock(&book->lock);
    for (size_t i = 0; i < book->count && result == 0; i++)
        result = fn(arg, book->entries[i].tally->principal, book->entries[i].tally);
    pthread_mutex_unlock(&book->lock);
    return result;
}

uint64_t
tally_book_memory(const struct tally_book *book)
{
    return atomic_load_explicit(&book->bytes, memory_order_relaxed);
}
