/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity_watch.h"

#include "gate/identity_bell.h"

enum { REACH_MAX = 64 };

/* ---- to which tables ---- */

static uint64_t
bit_of(uint32_t relation)
{
    return UINT64_C(1) << relation % IDENTITY_WATCH_TABLES;
}

/* Tables, as bits, whose rows a statement changes, and to which it adds some. */
struct tables {
    uint64_t changed, added;
};

/* Where what is added to a relation goes on to. What acts on it, or a key's cascade, can change
 * rows that were there. All, where that is too far. */
static void
add_reached(struct tables *tables, const struct catalog *catalog, uint32_t relation,
            bool is_changed_itself)
{
    struct {
        uint32_t relation;
        bool is_changed;
    } reached[REACH_MAX] = {{relation, is_changed_itself}};
    size_t count = 1;

    for (size_t i = 0; i < count; i++) {
        const struct catalog_spill *spill;
        size_t at = 0;

        tables->added |= bit_of(reached[i].relation);
        if (reached[i].is_changed)
            tables->changed |= bit_of(reached[i].relation);
        while ((spill = catalog_spill(catalog, reached[i].relation, &at)) != NULL) {
            bool is_changed =
                reached[i].is_changed || (spill->kind != SPILL_CHILD && spill->kind != SPILL_VIEW);
            size_t k = 0;

            if (spill->kind == SPILL_AWAY && !reached[i].is_changed)
                continue;
            while (k < count &&
                   (reached[k].relation != spill->to || reached[k].is_changed != is_changed))
                k++;
            if (k < count)
                continue;
            if (count == REACH_MAX) {
                tables->changed = UINT64_MAX;
                return;
            }
            reached[count].relation = spill->to;
            reached[count++].is_changed = is_changed;
        }
    }
}

static bool
is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* By every word of the text that can be a relation's name. Names can be written otherwise than they
 * are: with escapes, for which a normalized text has "?", with quotes in them, and what is no ASCII
 * in upper case. */
static void
add_named(struct tables *tables, const struct catalog *catalog, const char *sql, bool is_changed)
{
    bool is_plain = is_ascii(sql);

    if (strstr(sql, "\"\"") || strchr(sql, '?'))
        tables->changed = UINT64_MAX;
    for (size_t i = 0; i < catalog_relation_count(catalog) && tables->changed != UINT64_MAX; i++) {
        const struct catalog_relation *relation = catalog_relation_at(catalog, i);

        if (relation->is_system ||
            !(strcasestr(sql, relation->name) || (!is_plain && !is_ascii(relation->name))))
            continue;
        add_reached(tables, catalog, relation->oid, is_changed);
        if (relation->has_rules && relation->kind != 'v')
            tables->changed = UINT64_MAX;
    }
}

static struct tables
tables_of(const struct catalog *catalog, const struct plan_statement *statement)
{
    enum plan_writes writes = statement ? (enum plan_writes)statement->writes : WRITES_ANY;
    struct tables tables = {0, 0};

    if (PASU_LIKELY(writes == WRITES_NOTHING))
        return tables;
    if (writes == WRITES_ANY || !catalog || catalog_is_partial(catalog)) {
        tables.changed = UINT64_MAX;
        return tables;
    }
    add_named(&tables, catalog, statement->sql, writes == WRITES_NAMED);
    return tables;
}

/* ---- stamps ---- */

static void
open_stamps(struct identity_stamp *stamps, uint64_t bits, uint64_t *share, int64_t now)
{
    for (size_t i = 0; i < IDENTITY_WATCH_TABLES; i++) {
        if (!(bits >> i & 1))
            continue;
        if (!(*share >> i & 1))
            stamps[i].open++;
        stamps[i].at = now;
    }
    *share |= bits;
}

static void
close_stamps(struct identity_stamp *stamps, uint64_t *share, int64_t now)
{
    for (size_t i = 0; i < IDENTITY_WATCH_TABLES; i++) {
        if (!(*share >> i & 1))
            continue;
        stamps[i].at = now; /* before it counts as closed */
        stamps[i].open--;
    }
    *share = 0;
}

void
identity_watch_ask(struct identity_watch *watch, struct identity_share *share, const struct os *os,
                   const struct catalog *catalog, const struct plan_statement *statement)
{
    struct tables tables = tables_of(catalog, statement);
    int64_t now;

    if (PASU_LIKELY((tables.changed | tables.added) == 0))
        return;
    now = os_monotonic(os);
    open_stamps(watch->changed, tables.changed, &share->changed, now);
    open_stamps(watch->added, tables.added, &share->added, now);
}

void
identity_watch_settle(struct identity_watch *watch, struct identity_share *share,
                      const struct os *os)
{
    int64_t now;

    if (PASU_LIKELY((share->changed | share->added) == 0))
        return;
    now = os_monotonic(os);
    close_stamps(watch->changed, &share->changed, now);
    close_stamps(watch->added, &share->added, now);
    identity_bell_ring(watch->bell);
}

void
identity_watch_miss(struct identity_watch *watch)
{
    watch->unwatched.open++;
}

void
identity_watch_missed(struct identity_watch *watch, const struct os *os)
{
    watch->unwatched.at = os_monotonic(os);
    watch->unwatched.open--;
    identity_bell_ring(watch->bell);
}

static bool
is_quiet(const struct identity_stamp *stamp, int64_t since)
{
    return stamp->open == 0 && stamp->at < since;
}

bool
identity_watch_is_quiet(const struct identity_watch *watch, uint32_t relation, bool is_unique,
                        int64_t since)
{
    size_t i = relation % IDENTITY_WATCH_TABLES;

    return is_quiet(&watch->unwatched, since) && is_quiet(&watch->changed[i], since) &&
           (is_unique || is_quiet(&watch->added[i], since));
}

bool
identity_watch_is_open(const struct identity_watch *watch, uint32_t relation)
{
    size_t i = relation % IDENTITY_WATCH_TABLES;

    return watch->unwatched.open > 0 || watch->changed[i].open > 0 || watch->added[i].open > 0;
}
