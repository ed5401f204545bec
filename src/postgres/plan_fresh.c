/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_fresh.h"

#include "postgres/catalog_scan.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_tokens.h"

/* PostgreSQL: TRIGGER_TYPE_BEFORE, _INSERT, _UPDATE (catalog/pg_trigger.h). */
enum { TRIGGER_BEFORE = 2, TRIGGER_CHANGES = 4 | 16 };

/* One that is being described; `fresh` is const for everybody else. */
struct making {
    struct plan_work *work;
    struct plan_statement *statement;
    struct plan_fresh *fresh;
    bool keeps; /* the code puts what it reads where nobody can name */
};

static const char *
keep(struct plan_work *work, const char *text)
{
    const char *kept = text ? arena_text(work->keep, text, strlen(text)) : NULL;

    return text && !kept ? "" : kept;
}

/* ---- one ---- */

static void
add_reach(struct plan_fresh *fresh, const struct reach *reach)
{
    fresh->fields |= reach_fields(reach);
    fresh->kinds |= reach_kinds(reach);
}

static bool
is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
add_fill(void *context, const char *schema, const char *name)
{
    const struct making *m = context;
    struct plan_mark *mark;

    for (const struct plan_mark *known = m->fresh->fills; known; known = known->next)
        if (strcmp(known->name, name) == 0 && is_same_text(known->schema, schema))
            return;
    mark = arena_new(m->work->keep, 1, sizeof(*mark));
    if (!mark)
        return;
    mark->schema = keep(m->work, schema);
    mark->name = keep(m->work, name);
    mark->next = m->fresh->fills;
    m->fresh->fills = mark;
}

/* Functions that the snapshot shows: what they read, and the tables that they fill. */
static void
add_known(struct making *m, const char *name)
{
    const struct catalog *catalog = m->work->catalog;
    const struct catalog_function *f;
    size_t next = 0;

    while (catalog && (f = catalog_function_named(catalog, NULL, name, &next)) != NULL) {
        const struct catalog_relation *relation;
        size_t at = 0;

        if (f->is_system)
            continue;
        if (f->is_opaque && f->fields == 0)
            add_reach(m->fresh, &m->work->everything);
        m->fresh->fields |= f->fields;
        m->fresh->kinds |= f->kinds;
        while ((relation = catalog_fill(catalog, f->oid, &at)) != NULL)
            add_fill(m, relation->schema, relation->name);
    }
}

static void
add_functions(struct making *m, const char *text)
{
    struct scan scan = scan_of(view_of_text(text));

    while (scan_next(&scan) != SCAN_END && scan.kind != SCAN_UNSURE)
        if (scan.kind == SCAN_WORD || scan.kind == SCAN_QUOTED)
            add_known(m, scan.name);
    if (scan.kind == SCAN_UNSURE)
        add_reach(m->fresh, &m->work->everything);
}

/* What it says is read as code is; what is refused was found before. */
static void
add_code(struct making *m, const char *text)
{
    struct names before = m->work->names;
    struct plan *plan = m->work->plan;
    const char *refusal = plan->refusal, *hint = plan->refusal_hint;
    uint32_t flags = plan->refusal_flags;

    m->work->names = (struct names){0};
    tokens_of_body(m->work, text);
    add_reach(m->fresh, &m->work->names.code);
    m->keeps |= reach_fields(&m->work->names.kept) != 0;
    m->work->names = before;
    plan->refusal = refusal;
    plan->refusal_hint = hint;
    plan->refusal_flags = flags;
    tokens_filled(m->work, text, add_fill, m);
}

/* NULL: no memory. */
static struct plan_fresh *
make(struct making *m, const char *text)
{
    struct plan_fresh *fresh = arena_new(m->work->keep, 1, sizeof(*fresh));

    if (!fresh)
        return NULL;
    fresh->text = keep(m->work, text);
    fresh->next = m->statement->fresh;
    m->statement->fresh = fresh;
    m->fresh = fresh;
    add_functions(m, text);
    return fresh;
}

/* From the first token of one of these kinds (0: from the beginning). */
static const char *
text_from(struct plan_work *work, const struct build *build, int one, int other)
{
    const struct sql_token *t = build->range.first;
    const char *text;

    while (one != 0 && t < build->range.end && t->kind != one && t->kind != other)
        t++;
    if (t >= build->range.end)
        return "";
    text = arena_text(&work->memory, work->text + t->start, build->range.end[-1].end - t->start);
    return text ? text : "";
}

/* A type that is not PostgreSQL's own can be a domain, with a default and checks of its own. */
static void
note_type(void *context, const ProtobufCMessage *message)
{
    bool *is_own = context;

    if (message->descriptor == &pg_query__type_name__descriptor) {
        const PgQuery__TypeName *type = (const PgQuery__TypeName *)message;

        *is_own |= !names_is_builtin_name(sql_last_name(type->names, type->n_names));
        return;
    }
    sql_each_child(message, note_type, context);
}

static bool
is_calling(struct plan_work *work, const PgQuery__Node *node)
{
    struct names before = work->names;
    bool calls;

    names_collect(work, &node->base);
    calls = (work->names.flags & PLAN_CALLS) != 0;
    work->names = before;
    if (!calls)
        note_type(&calls, &node->base);
    return calls;
}

/* ---- code ---- */

static const char *
option_text(PgQuery__Node *const *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
            strcmp(options[i]->def_elem->defname, name) == 0)
            return sql_string(options[i]->def_elem->arg);
    return NULL;
}

/* Tables whose rows the function of that name makes already: it is replaced. */
static void
make_replaced(struct making *m, const char *name)
{
    const struct catalog *catalog = m->work->catalog;
    const struct catalog_function *f;
    size_t next = 0;

    while (catalog && (f = catalog_function_named(catalog, NULL, name, &next)) != NULL) {
        const struct catalog_relation *relation;
        size_t at = 0;

        while (!f->is_system && (relation = catalog_written_by(catalog, f->oid, &at)) != NULL) {
            struct plan_fresh *fresh = make(m, name);

            if (!fresh)
                return;
            fresh->on = keep(m->work, relation->name);
            fresh->is_filling = fresh->is_trigger = true;
        }
    }
}

static void
make_function(struct making *m, const struct build *build,
              const PgQuery__CreateFunctionStmt *create, const PgQuery__Node *node)
{
    const char *name = sql_last_name(create->funcname, create->n_funcname);
    const char *body = sql_body(create->options, create->n_options);
    const char *language = option_text(create->options, create->n_options, "language");
    const char *head = text_from(m->work, build, 0, 0);
    struct plan_fresh *fresh;

    if (!name)
        return;
    make_replaced(m, name);
    if (body && is_calling(m->work, node)) { /* what stands for arguments that are left out */
        fresh = make(m, head);
        if (fresh)
            fresh->name = keep(m->work, name);
    }
    fresh = make(m, body ? body : head);
    if (!fresh)
        return;
    fresh->name = keep(m->work, name);
    fresh->is_called = true;
    add_code(m, body ? body : head);
    if (language && strcmp(language, "sql") != 0 && strcmp(language, "plpgsql") != 0)
        add_reach(fresh, &m->work->everything);
    for (size_t at = 0; m->work->catalog && !fresh->is_unnamed;) {
        const struct catalog_function *f =
            catalog_function_named(m->work->catalog, NULL, name, &at);

        if (!f)
            break;
        fresh->is_unnamed = !f->is_system; /* operators, policies can use it already */
    }
    if (m->keeps) { /* it can be run, and be gone, before a snapshot shows it */
        mark_unread(m->work);
        mark_statement(m->work, m->statement);
    }
}

static void
make_do(struct making *m, const PgQuery__DoStmt *block)
{
    const char *body = sql_body(block->args, block->n_args);

    if (body && make(m, body))
        add_code(m, body);
}

/* ---- what acts on a table ---- */

static void
set_acting(struct making *m, const PgQuery__CreateTrigStmt *create)
{
    struct plan_fresh *fresh = m->fresh;

    fresh->on = keep(m->work, create->relation->relname);
    fresh->is_whole = create->n_transition_rels > 0;
    fresh->is_filling = fresh->is_trigger =
        create->row && create->timing & TRIGGER_BEFORE && create->events & TRIGGER_CHANGES;
}

/* PostgreSQL's own trigger functions that copy a column's words into another one. Which they are a
 * snapshot says. */
static void
make_words(struct making *m, const PgQuery__CreateTrigStmt *create)
{
    const PgQuery__RangeVar *range = create->relation;
    const struct catalog_relation *relation;
    size_t at = 0;

    if (!make(m, ""))
        return;
    m->fresh->name = keep(m->work, create->trigname);
    m->fresh->on = keep(m->work, range->relname);
    m->fresh->is_seen = true;
    while ((relation = names_next_relation(m->work, range->schemaname[0] ? range->schemaname : NULL,
                                           range->relname, &at)) != NULL)
        for (size_t i = 2; i < create->n_args; i++)
            for (size_t k = 0; k < relation->column_count; k++)
                for (size_t s = 0; s < relation->show_count; s++) {
                    const struct catalog_show *show = &relation->shows[s];
                    int16_t number = relation->columns[k].number;
                    const char *name = sql_string(create->args[i]);

                    if (!name || strcmp(relation->columns[k].name, name) != 0 ||
                        number > relation->column_limit || show->column_fields[number] == 0)
                        continue;
                    m->fresh->fields |= show->column_fields[number];
                    m->fresh->kinds |= UINT64_C(1) << show->kind;
                }
}

static void
make_trigger(struct making *m, const struct build *build, const PgQuery__CreateTrigStmt *create)
{
    const char *name = sql_last_name(create->funcname, create->n_funcname);
    const struct catalog *catalog = m->work->catalog;
    const struct catalog_function *f;
    int when = PG_QUERY__TOKEN__EXECUTE;
    size_t next = 0;

    if (!name || !create->relation)
        return;
    if (strcmp(name, "tsvector_update_trigger") == 0 ||
        strcmp(name, "tsvector_update_trigger_column") == 0) {
        make_words(m, create);
        return;
    }
    while (catalog && (f = catalog_function_named(catalog, NULL, name, &next)) != NULL)
        if (f->text && make(m, f->text)) {
            add_known(m, name);
            set_acting(m, create);
        }
    /* A condition is asked of the row, and gives it only to whom it calls. */
    if (create->when_clause && is_calling(m->work, create->when_clause))
        when = PG_QUERY__TOKEN__WHEN;
    if (make(m, text_from(m->work, build, when, PG_QUERY__TOKEN__EXECUTE)))
        set_acting(m, create);
}

static void
make_rule(struct making *m, const struct build *build, const PgQuery__RuleStmt *rule)
{
    const char *text = text_from(m->work, build, PG_QUERY__TOKEN__WHERE, PG_QUERY__TOKEN__DO);

    if (!rule->relation || !make(m, text))
        return;
    m->fresh->on = keep(m->work, rule->relation->relname);
    add_code(m, text);
}

/* The tables that it names are those that rows go to which are written to it. */
static void
add_tables(void *context, const ProtobufCMessage *message)
{
    if (message->descriptor == &pg_query__range_var__descriptor) {
        const PgQuery__RangeVar *range = (const PgQuery__RangeVar *)message;

        add_fill(context, range->schemaname[0] ? range->schemaname : NULL, range->relname);
        return;
    }
    sql_each_child(message, add_tables, context);
}

static void
make_view(struct making *m, const struct build *build, const PgQuery__ViewStmt *view)
{
    const char *text = text_from(m->work, build, 0, 0);

    if (!view->view || !view->query || !make(m, text))
        return;
    m->fresh->name = m->fresh->on = keep(m->work, view->view->relname);
    m->fresh->is_link = true;
    add_code(m, text);
    add_tables(m, &view->query->base);
}

/* What is written to one goes on to the other: partitions, children, keys that follow. */
static void
link_tables(struct making *m, const PgQuery__RangeVar *from, const PgQuery__RangeVar *to)
{
    if (!from || !to || !make(m, ""))
        return;
    m->fresh->on = keep(m->work, from->relname);
    m->fresh->is_link = true;
    add_fill(m, to->schemaname[0] ? to->schemaname : NULL, to->relname);
}

struct following {
    struct making *m;
    const PgQuery__RangeVar *table;
};

static void
link_keys(void *context, const ProtobufCMessage *message)
{
    const struct following *following = context;

    if (message->descriptor == &pg_query__constraint__descriptor) {
        const PgQuery__Constraint *c = (const PgQuery__Constraint *)message;

        if (c->pktable && c->fk_upd_action && c->fk_upd_action[0] == 'c')
            link_tables(following->m, c->pktable, following->table);
        return;
    }
    sql_each_child(message, link_keys, context);
}

/* Defaults, generated columns, checks, policies, indexes' expressions. */
static void
make_acting(struct making *m, const struct build *build, const PgQuery__Node *node,
            const PgQuery__RangeVar *table, bool is_filling)
{
    if (!table || !is_calling(m->work, node) || !make(m, text_from(m->work, build, 0, 0)))
        return;
    m->fresh->on = keep(m->work, table->relname);
    m->fresh->is_filling = is_filling;
}

static void
make_table(struct making *m, const struct build *build, const PgQuery__Node *node)
{
    const PgQuery__CreateStmt *create = node->create_stmt;
    struct following following = {m, create->relation};

    for (size_t i = 0; i < create->n_inh_relations; i++)
        if (create->inh_relations[i]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
            link_tables(m, create->inh_relations[i]->range_var, create->relation);
    link_keys(&following, &create->base);
    make_acting(m, build, node, create->relation, true);
}

static void
make_altered(struct making *m, const struct build *build, const PgQuery__Node *node)
{
    const PgQuery__AlterTableStmt *alter = node->alter_table_stmt;
    struct following following = {m, alter->relation};

    for (size_t i = 0; i < alter->n_cmds; i++) {
        const PgQuery__Node *def = alter->cmds[i]->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD
                                       ? alter->cmds[i]->alter_table_cmd->def
                                       : NULL;

        if (def && def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD)
            link_tables(m, alter->relation, def->partition_cmd->name);
        else if (def && def->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
            link_tables(m, def->range_var, alter->relation);
    }
    link_keys(&following, &alter->base);
    make_acting(m, build, node, alter->relation, true);
}

/* Operators, casts, types, aggregates: used without a name, or under one of their own. */
static void
make_unnamed(struct making *m, const struct build *build, const char *name)
{
    if (!make(m, text_from(m->work, build, 0, 0)))
        return;
    m->fresh->name = keep(m->work, name);
    m->fresh->is_called = m->fresh->is_unnamed = true;
}

/* ---- other names ---- */

static void
make_renamed(struct making *m, const PgQuery__RenameStmt *rename)
{
    const char *before = rename->relation ? rename->relation->relname : NULL;

    if (rename->subname && rename->subname[0] && rename->relation)
        return; /* a column, a constraint */
    if (!before && rename->object &&
        rename->object->node_case == PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS)
        before = sql_last_name(rename->object->object_with_args->objname,
                               rename->object->object_with_args->n_objname);
    if (!before || !make(m, before))
        return;
    m->fresh->name = keep(m->work, rename->newname);
    m->fresh->is_called = !rename->relation;
    if (!rename->relation)
        return;
    m->fresh->on = m->fresh->name;
    m->fresh->is_link = true;
    add_fill(m, NULL, before);
}

/* ---- any statement ---- */

void
fresh_join(struct plan_statement *statement, const struct plan_statement *inner)
{
    const struct plan_fresh *last = inner->fresh;

    while (last && last->next)
        last = last->next;
    if (!last)
        return;
    ((struct plan_fresh *)(uintptr_t)last)->next = statement->fresh;
    statement->fresh = inner->fresh;
}

void
fresh_statement(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
                struct plan_statement *statement)
{
    struct making m = {.work = work, .statement = statement};

    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        make_function(&m, build, node->create_function_stmt, node);
        break;
    case PG_QUERY__NODE__NODE_DO_STMT:
        make_do(&m, node->do_stmt);
        break;
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        make_trigger(&m, build, node->create_trig_stmt);
        break;
    case PG_QUERY__NODE__NODE_RULE_STMT:
        make_rule(&m, build, node->rule_stmt);
        break;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        make_view(&m, build, node->view_stmt);
        break;
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        make_table(&m, build, node);
        break;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        make_altered(&m, build, node);
        break;
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        make_acting(&m, build, node, node->index_stmt->relation, false);
        break;
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        make_acting(&m, build, node, node->create_policy_stmt->table, false);
        break;
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
        make_acting(&m, build, node, node->alter_policy_stmt->table, false);
        break;
    case PG_QUERY__NODE__NODE_DEFINE_STMT:
        make_unnamed(&m, build,
                     sql_last_name(node->define_stmt->defnames, node->define_stmt->n_defnames));
        break;
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
        make_unnamed(&m, build,
                     sql_last_name(node->create_domain_stmt->domainname,
                                   node->create_domain_stmt->n_domainname));
        break;
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
    case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
    case PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT:
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_STATS_STMT:
        make_unnamed(&m, build, NULL);
        break;
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        make_renamed(&m, node->rename_stmt);
        break;
    default:
        break;
    }
}
