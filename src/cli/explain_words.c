/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain_view.h"
#include "gate/plan_flags.h"

enum attribution
explain_attribution(const struct explained *e, const struct plan_statement *statement,
                    const struct plan_part *part)
{
    char name[EXPLAIN_NAME_SIZE];

    switch ((enum plan_source)part->source) {
    case SOURCE_OUTPUT:
        return ATTRIBUTION_KEY;
    case SOURCE_HIDDEN:
        return ATTRIBUTION_INJECTED;
    case SOURCE_PINNED:
        return ATTRIBUTION_PINNED;
    case SOURCE_SHADOW:
        return ATTRIBUTION_SHADOW;
    case SOURCE_BOUND:
        break;
    }
    return e->has_index && explain_identity(e, statement, part, name) ? ATTRIBUTION_IDENTITY
                                                                      : ATTRIBUTION_BOUND;
}

const char *
explain_verb(const struct plan_statement *statement)
{
    static const char *const names[] = {
        [VERB_SELECT] = "select",     [VERB_INSERT] = "insert",   [VERB_UPDATE] = "update",
        [VERB_DELETE] = "delete",     [VERB_MERGE] = "merge",     [VERB_TRUNCATE] = "truncate",
        [VERB_COPY] = "copy",         [VERB_CALL] = "call",       [VERB_DO] = "do",
        [VERB_EXECUTE] = "execute",   [VERB_PREPARE] = "prepare", [VERB_DECLARE] = "declare",
        [VERB_FETCH] = "fetch",       [VERB_MOVE] = "move",       [VERB_EXPLAIN] = "explain",
        [VERB_CREATE] = "create",     [VERB_ALTER] = "alter",     [VERB_DROP] = "drop",
        [VERB_COMMENT] = "comment",   [VERB_GRANT] = "grant",     [VERB_REVOKE] = "revoke",
        [VERB_LOCK] = "lock",         [VERB_SET] = "set",         [VERB_RESET] = "reset",
        [VERB_SHOW] = "show",         [VERB_LISTEN] = "listen",   [VERB_NOTIFY] = "notify",
        [VERB_VACUUM] = "vacuum",     [VERB_ANALYZE] = "analyze", [VERB_CLUSTER] = "cluster",
        [VERB_REFRESH] = "refresh",   [VERB_REINDEX] = "reindex", [VERB_IMPORT] = "import",
        [VERB_LOAD] = "load",         [VERB_BEGIN] = "begin",     [VERB_COMMIT] = "commit",
        [VERB_ROLLBACK] = "rollback", [VERB_OTHER] = "other",
    };

    return statement->verb < COUNT_OF(names) ? names[statement->verb] : "other";
}

static const char *
column_name(const struct catalog_relation *relation, int16_t attribute)
{
    for (size_t i = 0; i < relation->column_count; i++)
        if (relation->columns[i].number == attribute)
            return relation->columns[i].name;
    return "?";
}

void
explain_name(char name[EXPLAIN_NAME_SIZE], const struct catalog *catalog, uint32_t relation,
             int16_t attribute)
{
    const struct catalog_relation *r = relation != 0 ? catalog_relation(catalog, relation) : NULL;

    name[0] = '\0';
    if (r != NULL && attribute != 0)
        snprintf(name, EXPLAIN_NAME_SIZE, "%s.%s.%s", r->schema, r->name,
                 column_name(r, attribute));
    else if (r != NULL)
        snprintf(name, EXPLAIN_NAME_SIZE, "%s.%s", r->schema, r->name);
}

/* The column of a key, or all of them: public.parcels.recipient_name, recipient_phone. */
static void
name_key(char name[EXPLAIN_NAME_SIZE], const struct catalog *catalog, const struct plan_part *part)
{
    const struct catalog_relation *r = catalog_relation(catalog, part->relation);
    const struct catalog_show *show =
        r != NULL && part->show < r->show_count ? &r->shows[part->show] : NULL;
    size_t used;

    if (part->key_attribute != CATALOG_KEY_SEVERAL || show == NULL) {
        explain_name(name, catalog, part->key_relation, part->key_attribute);
        return;
    }
    explain_name(name, catalog, part->relation, catalog_show_column(show));
    used = strlen(name);
    for (size_t i = 1; i < show->key_part_count && used < EXPLAIN_NAME_SIZE; i++)
        used += (size_t)snprintf(name + used, EXPLAIN_NAME_SIZE - used, ", %s",
                                 column_name(r, show->key_parts[i]));
}

void
explain_why(char text[EXPLAIN_WHY_SIZE], const struct explained *e,
            const struct plan_statement *statement, const struct plan_part *part)
{
    static const char *const texts[] = {
#define X(name, text_) text_,
#include "postgres/plan_why.def"
#undef X
    };
    const char *why = part->why < COUNT_OF(texts) ? texts[part->why] : "";
    char key[EXPLAIN_NAME_SIZE], value[EXPLAIN_NAME_SIZE];

    _Static_assert(COUNT_OF(texts) == WHY_COUNT, "each has a text");
    if (explain_identity(e, statement, part, value)) {
        if (e->has_index)
            snprintf(text, EXPLAIN_WHY_SIZE,
                     "the value itself says whose it is, as long as the index is current (%s)",
                     value);
        else
            snprintf(text, EXPLAIN_WHY_SIZE,
                     "%s; an identity index would say whose a value is (%s): pasu index build", why,
                     value);
        return;
    }
    name_key(key, e->catalog, part);
    if (part->key_attribute != 0 && key[0] != '\0')
        snprintf(text, EXPLAIN_WHY_SIZE, "%s (%s)", why, key);
    else
        snprintf(text, EXPLAIN_WHY_SIZE, "%s", why);
}

const char *
explain_count(const struct explained *e, const struct plan_statement *statement,
              const struct plan_part *part)
{
    switch (explain_attribution(e, statement, part)) {
    case ATTRIBUTION_IDENTITY:
        return "a value that is not in the index counts as one more person, or as everybody";
    case ATTRIBUTION_SHADOW:
        return statement->is_shadow_exact ? "named, where the whole result comes at once"
                                          : "nobody is named: counts as that many";
    case ATTRIBUTION_BOUND:
        if (part->is_one_per_row)
            return "each row counts as one more person, at most everybody";
        return part->most_per_row > 0
                   ? "each row counts as one more person of each table, at most everybody"
                   : "counts as everybody";
    default:
        return "";
    }
}

uint64_t
explain_column_fields(const struct plan_statement *statement, unsigned column, unsigned kind)
{
    uint64_t fields = 0;

    for (size_t p = 0; p < statement->part_count; p++)
        for (size_t c = 0; c < statement->parts[p].column_count; c++)
            if (statement->parts[p].kind == kind && statement->parts[p].columns[c].column == column)
                fields |= statement->parts[p].columns[c].fields;
    return fields;
}

const struct plan_statement *
explain_inner(const struct plan_statement *statement)
{
    return statement->inner != NULL ? statement->inner : statement;
}

uint64_t
explain_flags(const struct plan *plan, const struct plan_statement *statement)
{
    const struct plan_statement *inner = explain_inner(statement);
    uint64_t flags = plan_flags(statement->flags | inner->flags | plan->refusal_flags);

    if (plan->refusal != NULL)
        flags |= FLAG_BIT(REFUSED);
    if (statement->kept_fields != 0)
        flags |= FLAG_BIT(KEPT);
    if (statement->moved_fields != 0)
        flags |= statement->is_understood ? FLAG_BIT(MOVED) : FLAG_BIT(KEPT);
    return flags;
}

const struct plan_mark *
explain_mark(const struct plan_statement *statement, const struct plan_mark *before)
{
    if (before != NULL)
        return before->next;
    return statement->mark.fields != 0 ? &statement->mark : NULL;
}
