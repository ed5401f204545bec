/* SPDX-License-Identifier: Apache-2.0 */
#include "config/nearest.h"

enum { WORD_MAX = 63 };

static unsigned
smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

static char
small(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from one to the other. */
static unsigned
distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];

    if (m > WORD_MAX || n > WORD_MAX)
        return UINT32_MAX;
    for (unsigned j = 0; j <= n; j++)
        last[j] = j;
    for (unsigned i = 1; i <= m; i++) {
        unsigned *spare = before;

        now[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned cost = small(a[i - 1]) != small(b[j - 1]);

            now[j] = smallest(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
            if (i > 1 && j > 1 && small(a[i - 1]) == small(b[j - 2]) &&
                small(a[i - 2]) == small(b[j - 1]) && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[n];
}

void
nearest_offer(struct nearest *nearest, const char *word)
{
    size_t length = strlen(word), other = strlen(nearest->mistyped), most = (length + 2) / 3;
    unsigned d;

    if (length > other + most || other > length + most)
        return;
    d = distance(nearest->mistyped, word);
    if (d > most || (nearest->word != NULL && d >= nearest->distance))
        return;
    nearest->word = word;
    nearest->distance = d;
}
