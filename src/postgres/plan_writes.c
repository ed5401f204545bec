/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_writes.h"

#include <ctype.h>

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

enum plan_writes
plan_writes_of(const struct plan_statement *s)
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
        return s->special == SPECIAL_LAY_BY ? WRITES_ANY : WRITES_NOTHING;
    case VERB_COMMIT:
        return s->special == SPECIAL_TAKE_UP ? WRITES_ANY : WRITES_NOTHING;
    case VERB_PREPARE:
        /* By itself it does nothing; what it prepares has its words, and this verb. */
        if (s->special == SPECIAL_PREPARE)
            return WRITES_NOTHING;
        return s->special == SPECIAL_LAY_BY                        ? WRITES_ANY
               : s->special == SPECIAL_NONE && !has_change(s->sql) ? WRITES_NOTHING
                                                                   : WRITES_NAMED;
    case VERB_SELECT:
    case VERB_DECLARE:
    case VERB_EXPLAIN:
        if (s->verb == VERB_EXPLAIN && has_word(s->sql, "execute"))
            return WRITES_ANY;
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
    case VERB_TRUNCATE: /* tables that refer to it need not be named */
        return has_word(s->sql, "cascade") ? WRITES_ANY : WRITES_NAMED;
    case VERB_CREATE: /* … AS EXECUTE */
        return has_word(s->sql, "execute") ? WRITES_ANY : WRITES_NAMED;
    case VERB_UPDATE:
    case VERB_DELETE:
    case VERB_MERGE:
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

static uint64_t
bit_of(enum plan_verb verb)
{
    return UINT64_C(1) << verb;
}

/* Of statements that stand in WITH, or in one that is about another. */
static uint64_t
changes_of(const char *sql)
{
    return (has_update(sql) ? bit_of(VERB_UPDATE) : 0) |
           (has_word(sql, "insert") ? bit_of(VERB_INSERT) : 0) |
           (has_word(sql, "delete") ? bit_of(VERB_DELETE) : 0) |
           (has_word(sql, "merge") ? bit_of(VERB_MERGE) : 0);
}

static uint64_t
reads_of(const char *sql)
{
    return has_word(sql, "select") || has_word(sql, "values") || has_word(sql, "table")
               ? bit_of(VERB_SELECT)
               : 0;
}

/* SELECT … INTO makes a table; the INTO of INSERT and MERGE makes none. */
static uint64_t
makes_of(const char *sql)
{
    bool is_other = has_word(sql, "insert") || has_word(sql, "merge");

    return has_word(sql, "into") && !is_other ? bit_of(VERB_CREATE) : 0;
}

uint64_t
plan_verbs_of(const struct plan_statement *s)
{
    if (!s->is_understood || !s->sql || strstr(s->sql, "…") /* the text is cut there */ ||
        (s->flags & (PLAN_UNPARSED | PLAN_DIALECT)))
        return 0;
    switch ((enum plan_verb)s->verb) {
    case VERB_SELECT:
    case VERB_INSERT:
    case VERB_UPDATE:
    case VERB_DELETE:
    case VERB_MERGE:
        return bit_of((enum plan_verb)s->verb) | changes_of(s->sql) | makes_of(s->sql);
    case VERB_CREATE: /* … AS EXECUTE */
        if (has_word(s->sql, "as") && has_word(s->sql, "execute"))
            return 0;
        return bit_of(VERB_CREATE) | changes_of(s->sql) |
               (has_word(s->sql, "as") ? bit_of(VERB_SELECT) : 0);
    case VERB_EXPLAIN:
        if (has_word(s->sql, "execute"))
            return 0;
        return bit_of(VERB_EXPLAIN) | changes_of(s->sql) | reads_of(s->sql) | makes_of(s->sql) |
               (has_word(s->sql, "create") ? bit_of(VERB_CREATE) : 0);
    case VERB_COPY:
    case VERB_DECLARE:
    case VERB_PREPARE:
        return bit_of((enum plan_verb)s->verb) | changes_of(s->sql) | reads_of(s->sql) |
               makes_of(s->sql);
    default:
        return bit_of((enum plan_verb)s->verb);
    }
}
