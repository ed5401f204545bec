/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/decoy_search.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/decoy_person.h"

#include <inttypes.h>
#include <stdlib.h>

enum { VALUES_MAX = DECOY_SETS_MAX * DECOY_SET_MAX * DECOY_VALUES };

struct decoy_known {
    uint64_t hash;
    uint16_t set, item;
};

static int
compare(const void *a, const void *b)
{
    const struct decoy_known *one = a, *other = b;

    return one->hash < other->hash ? -1 : one->hash > other->hash;
}

static void
add_set(struct decoy_search *search, size_t s)
{
    const struct decoy_set *set = &search->decoys->sets[s];

    for (size_t i = 0; i < set->count; i++)
        for (size_t v = 0; v < DECOY_VALUES; v++) {
            struct decoy_known known = {.set = (uint16_t)s, .item = (uint16_t)i};

            memcpy(&known.hash, set->items[i].values[v], sizeof(known.hash));
            if (known.hash == 0)
                continue;
            search->known[search->count++] = known;
            search->some[known.hash >> 6 & 1023] |= UINT64_C(1) << (known.hash & 63);
        }
}

int
decoy_search_begin(struct decoy_search *search, const struct evidence *e)
{
    static const struct decoys none;
    int result;

    *search = (struct decoy_search){.decoys = e->decoys != NULL ? e->decoys : &none};
    search->known = memory_new(VALUES_MAX, sizeof(search->known[0]));
    search->found = memory_new(DECOY_SETS_MAX, sizeof(search->found[0]));
    search->sure = memory_new(DECOY_SETS_MAX, sizeof(search->sure[0]));
    result =
        search->known != NULL && search->found != NULL && search->sure != NULL ? 0 : PASU_E_NOMEM;
    if (result == 0)
        result = e->has_secret ? seal_init(&search->seal, e->secret) : PASU_E_DENIED;
    if (result != 0)
        return complain_error(result, "the ledger's secret");
    for (size_t s = 0; s < search->decoys->count; s++)
        add_set(search, s);
    qsort(search->known, search->count, sizeof(search->known[0]), compare);
    return 0;
}

void
decoy_search_end(struct decoy_search *search)
{
    seal_release(&search->seal);
    memory_free(search->known);
    memory_free(search->found);
    memory_free(search->sure);
    *search = (struct decoy_search){.count = 0};
}

/* How many have it, from which place on. */
static size_t
look_up(struct decoy_search *search, int which, const char *form, size_t *from)
{
    uint64_t wanted;
    uint8_t hash[DECOY_HASH_SIZE];
    size_t low = 0, high = search->count, first;

    *from = 0;
    if (*form == '\0')
        return 0;
    decoy_value_hash(&search->seal, which, form, hash);
    memcpy(&wanted, hash, sizeof(wanted));
    if ((search->some[wanted >> 6 & 1023] >> (wanted & 63) & 1) == 0)
        return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (search->known[middle].hash < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    first = low;
    for (; low < search->count && search->known[low].hash == wanted; low++)
        search->found[search->known[low].set][search->known[low].item] = true;
    if (low == first + 1)
        search->sure[search->known[first].set][search->known[first].item] = true;
    *from = first;
    return low - first;
}

bool
decoy_search_email(struct decoy_search *search, const char *text)
{
    char form[DECOY_TEXT_SIZE];
    size_t from;

    if (search->count == 0)
        return false;
    decoy_email_form(form, text);
    return look_up(search, DECOY_EMAIL, form, &from) > 0;
}

bool
decoy_search_phone(struct decoy_search *search, const char *text)
{
    char form[DECOY_TEXT_SIZE];
    size_t from;

    if (search->count == 0)
        return false;
    decoy_phone_form(form, text);
    return look_up(search, DECOY_PHONE, form, &from) > 0;
}

const struct payload_decoy *
decoy_search_one(struct decoy_search *search, const char *text, const char *kind)
{
    bool is_email = strchr(text, '@') != NULL;
    char form[DECOY_TEXT_SIZE];
    const struct decoy_set *set;
    size_t from;

    if (search->count == 0)
        return NULL;
    if (is_email)
        decoy_email_form(form, text);
    else
        decoy_phone_form(form, text);
    if (look_up(search, is_email ? DECOY_EMAIL : DECOY_PHONE, form, &from) != 1)
        return NULL;
    set = &search->decoys->sets[search->known[from].set];
    return strcmp(set->head.kind, kind) == 0 ? &set->items[search->known[from].item] : NULL;
}

size_t
decoy_search_found(const struct decoy_search *search, size_t set)
{
    size_t found = 0;

    for (size_t i = 0; i < search->decoys->sets[set].count; i++)
        found += search->found[set][i];
    return found;
}

void
decoy_search_print(const struct decoy_search *search, size_t s, FILE *file)
{
    const struct decoy_set *set = &search->decoys->sets[s];
    const char *principal = set->head.principal;

    fprintf(file, "set %" PRIu64 ": %zu of %zu decoys%s%s\n", set->head.number,
            decoy_search_found(search, s), set->count,
            *principal != '\0' ? ", which were in the copy alone of " : "", principal);
}

void
decoy_search_put(const struct decoy_search *search, size_t s, struct json_out *out)
{
    const struct decoy_set *set = &search->decoys->sets[s];
    const char *principal = set->head.principal;

    json_out_open(out, '{');
    json_put_count(out, "set", set->head.number);
    json_put_text(out, "kind", set->head.kind);
    json_put_text(out, "principal", *principal != '\0' ? principal : NULL);
    json_put_count(out, "found", decoy_search_found(search, s));
    json_put_count(out, "of", set->count);
    json_out_close(out, '}');
}
