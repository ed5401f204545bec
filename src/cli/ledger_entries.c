/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger_entries.h"

#include "base/memory.h"

struct ledger_entries {
    struct ledger_reader *reader;
    struct ledger_entry found; /* what seek came to, */
    int result;                /* and what that call returned; */
    bool has_found;            /* until it is taken */
    uint64_t first;
};

int
ledger_entries_open(struct ledger_entries **ledger, int directory, const struct segment_keys *keys)
{
    struct ledger_entries *made = memory_new(1, sizeof(*made));
    int result = made == NULL ? PASU_E_NOMEM : 0;

    if (result == 0)
        result = ledger_reader_open(&made->reader, &os_real, directory);
    if (result == 0) {
        ledger_reader_unlock(made->reader, keys);
        result = ledger_reader_first(made->reader, &made->first);
    }
    *ledger = result == 0 ? made : NULL;
    if (result != 0)
        ledger_entries_close(made);
    return result;
}

void
ledger_entries_close(struct ledger_entries *ledger)
{
    if (ledger == NULL)
        return;
    ledger_reader_close(ledger->reader);
    memory_free(ledger);
}

static int
seek_to(void *arg, uint64_t seq)
{
    struct ledger_entries *l = arg;
    int result = ledger_reader_seek_index(l->reader, seq);

    if (result == PASU_E_NOTFOUND) { /* the ledger has nothing yet */
        l->result = 0;
        l->has_found = true;
        return 0;
    }
    if (result != 0)
        return result;
    l->found.seq = 0; /* damage says nothing of where it is: not what the last search came to */
    do
        l->result = ledger_reader_next(l->reader, &l->found);
    while ((l->result == 1 || l->result == PASU_E_CORRUPT) && l->found.seq < seq);
    l->has_found = true;
    return 0;
}

static int
take_next(void *arg, struct ledger_entry *entry)
{
    struct ledger_entries *l = arg;

    if (!l->has_found)
        return ledger_reader_next(l->reader, entry);
    l->has_found = false;
    *entry = l->found;
    return l->result;
}

static void
choose(void *arg, ledger_takes_fn *takes, void *takes_arg)
{
    struct ledger_entries *l = arg;

    ledger_reader_choose(l->reader, takes, takes_arg);
}

static const struct records_place *
damage_of(void *arg)
{
    const struct ledger_entries *l = arg;

    return ledger_reader_damage(l->reader);
}

struct entries
ledger_entries(struct ledger_entries *ledger)
{
    return (struct entries){.arg = ledger,
                            .seek = seek_to,
                            .next = take_next,
                            .choose = choose,
                            .damage = damage_of,
                            .first = ledger->first};
}

const struct records_place *
ledger_entries_place(const struct ledger_entries *ledger)
{
    return ledger_reader_place(ledger->reader);
}

bool
ledger_entries_is_in_ring(const struct ledger_entries *ledger)
{
    return ledger_reader_is_in_ring(ledger->reader);
}
