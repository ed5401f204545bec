/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_pin.h"

/* ---- which conditions ---- */

static bool
is_and(const PgQuery__Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
           node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
}

/* PostgreSQL's own "=" between two operands. */
static bool
is_equal_sign(const struct plan_work *work, const PgQuery__AExpr *expression)
{
    const char *name = sql_last_name(expression->name, expression->n_name);

    return name && work->catalog && strcmp(name, "=") == 0 &&
           !catalog_has_own_equality(work->catalog) &&
           !names_is_foreign_operator(work, expression->name, expression->n_name);
}

static const struct output *
exact_column(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node)
{
    struct found found;

    if (!node || node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return NULL;
    scope_find(work, scope, node->column_ref, &found);
    if (!found.output)
        return NULL;
    /* It may be a column of a query further out. */
    for (const struct entry *e = scope->entries; e; e = e->next)
        if (e == found.output->entry)
            return found.output;
    return NULL;
}

static void
learn(struct plan_work *work, struct scope *scope, const PgQuery__Node *node)
{
    const struct output *left, *right;

    if (!node || !work_spend(work, 1))
        return;
    if (is_and(node)) {
        for (size_t i = 0; i < node->bool_expr->n_args; i++)
            learn(work, scope, node->bool_expr->args[i]);
        return;
    }
    if (node->node_case != PG_QUERY__NODE__NODE_A_EXPR ||
        node->a_expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP ||
        !is_equal_sign(work, node->a_expr))
        return;
    left = exact_column(work, scope, node->a_expr->lexpr);
    right = exact_column(work, scope, node->a_expr->rexpr);
    if (left && right)
        scope_note_equal(scope, left, right);
}

void
pins_learn(struct plan_work *work, struct scope *scope)
{
    for (const struct condition *c = scope->conditions; c; c = c->next) {
        if (!c->holds)
            continue;
        scope_enter(scope, c);
        learn(work, scope, c->node);
        scope_leave(scope, c);
    }
}

/* ---- what they pin ---- */

struct search {
    struct plan_work *work;
    const struct scope *scope;
    const struct direct *direct;
    int16_t attribute; /* of the key, or the part of it that is looked for */
    uint8_t key_type;
};

static bool
is_key(const struct search *search, const PgQuery__Node *node)
{
    const struct output *column = exact_column(search->work, search->scope, node);

    return column && scope_is_equal(search->scope, column->entry, column->attribute,
                                    search->direct->entry, search->attribute);
}

/* Pins are gathered in a list that is sized at the first. */
static bool
add_pin(struct plan_work *work, struct pins *pins, size_t limit, const struct plan_pin *pin)
{
    if (limit > PLAN_PINS_MAX || pins->count >= limit)
        return false;
    if (!pins->pins)
        pins->pins = arena_new(work->keep, limit, sizeof(*pins->pins));
    if (!pins->pins)
        return false;
    pins->pins[pins->count++] = *pin;
    return true;
}

static bool
add_constants(const struct search *search, PgQuery__Node *const *nodes, size_t count,
              struct pins *pins)
{
    struct plan_pin pin;

    for (size_t i = 0; i < count; i++)
        if (!pin_is_null(nodes[i]) && (!pin_read(search->work, nodes[i], search->key_type, &pin) ||
                                       !add_pin(search->work, pins, count, &pin)))
            return false;
    return pins->count > 0;
}

/* "{100007,100014}" of numbers: its parts are keys. Whatever else stands there is read when it is
 * asked for (gate/pins.h), as an array that comes by Bind. */
static bool
add_array_text(const struct search *search, const char *text, struct pins *pins)
{
    size_t length = strlen(text), commas = 0;

    if (length < 3 || text[0] != '{' || text[length - 1] != '}')
        return false;
    for (size_t i = 0; i < length; i++)
        commas += text[i] == ',';
    for (size_t i = 1; i < length; i++) {
        size_t end = i + strcspn(text + i, ",}");
        const char *part = arena_text(&search->work->memory, text + i, end - i);
        struct plan_pin pin;

        if (!part || search->key_type == CATALOG_KEY_TEXT ||
            !pin_read_text(search->work, part, search->key_type, &pin) ||
            !add_pin(search->work, pins, commas + 1, &pin))
            return false;
        i = end;
    }
    return true;
}

static bool
is_array_of(const PgQuery__TypeName *type, uint8_t key_type)
{
    return type && type->n_array_bounds == 1 && type->n_typmods == 0 && pin_is_type(type, key_type);
}

/* = ANY($1), = ANY('{1,2}'), = ANY(ARRAY[1, 2]), the first two also with a cast. */
static bool
add_array(const struct search *search, const PgQuery__Node *node, struct pins *pins)
{
    uint8_t key_type = search->key_type;
    bool is_cast = node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST;
    struct plan_pin whole;

    if (!node)
        return false;
    if (is_cast) {
        if (!is_array_of(node->type_cast->type_name, key_type))
            return false;
        node = node->type_cast->arg;
    }
    if (!node)
        return false;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_PARAM_REF:
        return pin_read_parameter(search->work, node, key_type, true, is_cast, &whole) &&
               add_pin(search->work, pins, 1, &whole);
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return add_constants(search, node->a_array_expr->elements, node->a_array_expr->n_elements,
                             pins);
    case PG_QUERY__NODE__NODE_A_CONST:
        if (node->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
            return false;
        if (add_array_text(search, node->a_const->sval->sval, pins))
            return true;
        *pins = (struct pins){0};
        return pin_read_array_text(search->work, node->a_const->sval->sval, &whole) &&
               add_pin(search->work, pins, 1, &whole);
    default:
        return false;
    }
}

static bool
read_comparison(const struct search *search, const PgQuery__AExpr *expression, struct pins *pins)
{
    PgQuery__Node *left = expression->lexpr, *right = expression->rexpr;

    if (!is_equal_sign(search->work, expression))
        return false;
    switch (expression->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
        if (is_key(search, left))
            return add_constants(search, &right, 1, pins);
        return is_key(search, right) && add_constants(search, &left, 1, pins);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
        return is_key(search, left) && right && right->node_case == PG_QUERY__NODE__NODE_LIST &&
               add_constants(search, right->list->items, right->list->n_items, pins);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
        return is_key(search, left) && add_array(search, right, pins);
    default:
        return false;
    }
}

static bool read_condition(const struct search *search, const PgQuery__Node *node,
                           struct pins *pins);

/* id = 1 OR id = 2: every branch pins the same key. */
static bool
read_or(const struct search *search, const PgQuery__BoolExpr *either, struct pins *pins)
{
    struct pins all = {0};
    size_t room = either->n_args;

    for (size_t i = 0; i < either->n_args; i++) {
        struct pins one = {0};

        if (!read_condition(search, either->args[i], &one))
            return false;
        if (i == 0)
            room = room > 1 ? (one.count > 1 ? PLAN_PINS_MAX : room) : 1;
        for (size_t k = 0; k < one.count; k++)
            if (!add_pin(search->work, &all, room, &one.pins[k]))
                return false;
    }
    *pins = all;
    return all.count > 0;
}

static void
read_and(const struct search *search, const PgQuery__BoolExpr *both, struct pins *best)
{
    for (size_t i = 0; i < both->n_args && !pins_are_one(best); i++) {
        struct pins one = {0};

        if (read_condition(search, both->args[i], &one) &&
            (best->count == 0 || pins_are_one(&one) ||
             (one.count < best->count && !one.pins[0].is_array)))
            *best = one;
    }
}

static bool
read_condition(const struct search *search, const PgQuery__Node *node, struct pins *pins)
{
    if (!node || !work_spend(search->work, 1))
        return false;
    if (node->node_case == PG_QUERY__NODE__NODE_A_EXPR)
        return read_comparison(search, node->a_expr, pins);
    if (node->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR)
        return false;
    if (node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR)
        return read_or(search, node->bool_expr, pins);
    if (is_and(node))
        read_and(search, node->bool_expr, pins);
    return pins->count > 0;
}

/* The best of the conditions on one column. */
static struct pins
pins_of_column(const struct search *search)
{
    struct pins best = {0};

    for (const struct condition *c = search->scope->conditions; c && !pins_are_one(&best);
         c = c->next) {
        struct pins one = {0};
        bool is_pin;

        if (!c->holds)
            continue;
        scope_enter(search->scope, c);
        is_pin = read_condition(search, c->node, &one);
        scope_leave(search->scope, c);
        if (is_pin && (best.count == 0 || pins_are_one(&one)))
            best = one;
    }
    return best;
}

/* A constant or parameter for each part of the key, or none. */
static struct pins
pins_of_parts(struct plan_work *work, const struct scope *scope, const struct direct *direct)
{
    const struct catalog_show *show = direct->show;
    struct pins all = {.are_parts = true};

    for (size_t i = 0; i < show->key_part_count; i++) {
        struct search search = {work, scope, direct, show->key_parts[i], show->key_part_types[i]};
        struct pins one = pins_of_column(&search);

        if (!pins_are_one(&one) || !add_pin(work, &all, show->key_part_count, &one.pins[0]))
            return (struct pins){0};
    }
    return all;
}

struct pins
pins_of(struct plan_work *work, const struct scope *scope, const struct direct *direct)
{
    const struct catalog_show *show = direct->show;
    struct search search = {work, scope, direct, show->key_column, show->key_type};

    if (show->key_type == CATALOG_KEY_NONE || show->is_key_loose)
        return (struct pins){0};
    return show->key_part_count > 0 ? pins_of_parts(work, scope, direct) : pins_of_column(&search);
}

/* ---- what a query further out fixes ---- */

static const struct output *
outer_column(const struct search *search, const PgQuery__Node *node, const struct scope *outer)
{
    bool had_stray = search->work->has_stray;
    struct found found = {.output = NULL};

    if (!node || node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return NULL;
    scope_find(search->work, search->scope, node->column_ref, &found);
    search->work->has_stray = had_stray;
    for (const struct entry *e = outer->entries; found.output && e; e = e->next)
        if (e == found.output->entry && !found.output->is_written)
            return found.output;
    return NULL;
}

static const struct output *
read_outer(const struct search *search, const PgQuery__Node *node, const struct scope *outer)
{
    const struct output *found = NULL;

    if (!node || !work_spend(search->work, 1))
        return NULL;
    for (size_t i = 0; is_and(node) && !found && i < node->bool_expr->n_args; i++)
        found = read_outer(search, node->bool_expr->args[i], outer);
    if (node->node_case != PG_QUERY__NODE__NODE_A_EXPR ||
        node->a_expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP ||
        !is_equal_sign(search->work, node->a_expr))
        return found;
    for (size_t i = 0; !found && i < 2; i++) {
        const PgQuery__Node *own = i == 0 ? node->a_expr->lexpr : node->a_expr->rexpr;
        const PgQuery__Node *other = i == 0 ? node->a_expr->rexpr : node->a_expr->lexpr;

        if (!is_key(search, own))
            continue;
        found = outer_column(search, other, outer);
        if (found && !scope_is_exact(exact_column(search->work, search->scope, own), found))
            found = NULL;
    }
    return found;
}

const struct output *
pins_outer(struct plan_work *work, const struct scope *scope, const struct direct *direct,
           const struct scope *outer)
{
    const struct catalog_show *show = direct->show;
    struct search search = {work, scope, direct, show->key_column, show->key_type};
    const struct output *found = NULL;

    if (show->key_type == CATALOG_KEY_NONE || show->key_part_count > 0)
        return NULL;
    for (const struct condition *c = scope->conditions; c && !found; c = c->next) {
        if (!c->holds)
            continue;
        scope_enter(scope, c);
        found = read_outer(&search, c->node, outer);
        scope_leave(scope, c);
    }
    return found;
}
