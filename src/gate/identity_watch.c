/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity_watch.h"

#include <ctype.h>

enum { REACH_MAX = 64 };

/* ---- what a statement can do ---- */

enum writing { WRITES_NOTHING, WRITES_ROWS, WRITES_NAMED, WRITES_ANY };

static bool
is_word(const char *text, const char *at, size_t length)
{
    return (at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_')) &&
           !(isalnum((unsigned char)at[length]) || at[length] == '_');
}

static bool
has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; (at = strcasestr(at, word)) != NULL; at += length)
        if (is_word(text, at, length))
            return true;
    return false;
}

/* "FOR UPDATE" and "FOR NO KEY UPDATE" write nothing. */
static bool
has_update(const char *sql)
{
    for (const char *at = sql; (at = strcasestr(at, "update")) != NULL; at += strlen("update")) {
        const char *before = at;

        while (before > sql && isspace((unsigned char)before[-1]))
            before--;
        if (is_word(sql, at, strlen("update")) &&
            !(before - sql >= 3 &&
              (strncasecmp(before - 3, "for", 3) == 0 || strncasecmp(before - 3, "key", 3) == 0)))
            return true;
    }
    return false;
}

/* Queries can have statements that write in WITH. */
static bool
has_change(const char *sql)
{
    return has_update(sql) || has_word(sql, "delete") || has_word(sql, "merge") ||
           has_word(sql, "insert");
}

static enum writing
writing_of(const struct plan_statement *s)
{
    if (!s->is_understood || !s->sql || strstr(s->sql, "…") /* the text is cut there */ ||
        (s->flags & (PLAN_UNPARSED | PLAN_OPAQUE | PLAN_DIALECT | PLAN_CALLS)))
        return WRITES_ANY;
    switch ((enum plan_verb)s->verb) {
    case VERB_SHOW:
    case VERB_SET:
    case VERB_RESET:
    case VERB_BEGIN:
    case VERB_ROLLBACK:
    case VERB_FETCH:
    case VERB_MOVE:
    case VERB_LISTEN:
    case VERB_NOTIFY:
    case VERB_LOCK:
    case VERB_VACUUM:
    case VERB_ANALYZE:
    case VERB_CLUSTER:
    case VERB_REINDEX:
    case VERB_COMMENT:
    case VERB_GRANT:
    case VERB_REVOKE:
    case VERB_PREPARE:
        return s->special == SPECIAL_LAY_BY ? WRITES_ANY : WRITES_NOTHING;
    case VERB_COMMIT:
        return s->special == SPECIAL_TAKE_UP ? WRITES_ANY : WRITES_NOTHING;
    case VERB_SELECT:
    case VERB_DECLARE:
    case VERB_EXPLAIN:
        return has_change(s->sql) ? WRITES_NAMED : WRITES_NOTHING;
    case VERB_INSERT:
        return has_word(s->sql, "conflict") || has_word(s->sql, "update") ||
                       has_word(s->sql, "delete") || has_word(s->sql, "merge")
                   ? WRITES_NAMED
                   : WRITES_ROWS;
    case VERB_COPY:
        if (s->special == SPECIAL_COPY_IN)
            return WRITES_ROWS;
        return s->special == SPECIAL_COPY_OUT && !has_change(s->sql) ? WRITES_NOTHING
                                                                     : WRITES_NAMED;
    case VERB_UPDATE:
    case VERB_DELETE:
    case VERB_MERGE:
    case VERB_TRUNCATE:
    case VERB_CREATE:
    case VERB_REFRESH:
        return WRITES_NAMED;
    case VERB_DROP:
    case VERB_ALTER:
        /* An index by which no value comes twice, or the table that it is of. */
        return s->is_own ? WRITES_NOTHING : WRITES_ANY;
    case VERB_EXECUTE: /* what it stands for is asked for, too */
        return WRITES_NOTHING;
    case VERB_CALL:
    case VERB_DO:
    case VERB_IMPORT:
    case VERB_LOAD:
    case VERB_OTHER:
        break;
    }
    return s->special == SPECIAL_DEALLOCATE || s->special == SPECIAL_CLOSE ||
                   s->special == SPECIAL_END || s->special == SPECIAL_DISCARD
               ? WRITES_NOTHING
               : WRITES_ANY;
}

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
add_reached(struct tables *tables, const struct catalog *catalog, uint32_t relation)
{
    struct {
        uint32_t relation;
        bool is_changed;
    } reached[REACH_MAX] = {{relation, false}};
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
add_named(struct tables *tables, const struct catalog *catalog, const char *sql)
{
    bool is_plain = is_ascii(sql);

    if (strstr(sql, "\"\"") || strchr(sql, '?'))
        tables->changed = UINT64_MAX;
    for (size_t i = 0; i < catalog_relation_count(catalog) && tables->changed != UINT64_MAX; i++) {
        const struct catalog_relation *relation = catalog_relation_at(catalog, i);

        if (relation->is_system ||
            !(strcasestr(sql, relation->name) || (!is_plain && !is_ascii(relation->name))))
            continue;
        add_reached(tables, catalog, relation->oid);
        if (relation->has_rules && relation->kind != 'v')
            tables->changed = UINT64_MAX;
    }
}

static struct tables
tables_of(const struct catalog *catalog, const struct plan_statement *statement)
{
    enum writing writing = statement ? writing_of(statement) : WRITES_ANY;
    struct tables tables = {0, 0};

    if (PASU_LIKELY(writing == WRITES_NOTHING))
        return tables;
    if (writing == WRITES_ANY || !catalog || catalog_is_partial(catalog)) {
        tables.changed = UINT64_MAX;
        return tables;
    }
    add_named(&tables, catalog, statement->sql);
    if (writing == WRITES_NAMED)
        tables.changed |= tables.added;
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

    return is_quiet(&watch->changed[i], since) && (is_unique || is_quiet(&watch->added[i], since));
}
