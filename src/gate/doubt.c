/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/doubt.h"

#include "exposure/directory.h"
#include "gate/session.h"

/* ---- statements that were prepared ---- */

bool
doubt_is_same(const struct plan *one, const struct plan_statement *a, const struct plan *other,
              const struct plan_statement *b)
{
    if (one == other)
        return a == b;
    return one && other && view_equal(one->text, other->text) &&
           one->is_plain_dialect == other->is_plain_dialect &&
           view_equal(one->rewritten, other->rewritten) && plan_counterpart(other, one, a) == b;
}

static bool
is_same_pin(const struct plan_pin *one, const struct plan_pin *other)
{
    return one->parameter == other->parameter && one->is_array == other->is_array &&
           one->is_cast == other->is_cast && one->is_shared == other->is_shared &&
           view_equal(one->literal, other->literal);
}

bool
doubt_has_same_keys(const struct plan_statement *one, const struct plan_statement *other)
{
    one = plan_pinning(one);
    other = plan_pinning(other);
    if (one->part_count != other->part_count)
        return false;
    for (size_t p = 0; p < one->part_count; p++) {
        const struct plan_part *a = &one->parts[p], *b = &other->parts[p];

        if (a->kind != b->kind || a->key_type != b->key_type || a->pin_count != b->pin_count ||
            a->are_pins_parts != b->are_pins_parts)
            return false;
        for (size_t i = 0; i < a->pin_count; i++)
            if (!is_same_pin(&a->pins[i], &b->pins[i]))
                return false;
    }
    return true;
}

int
doubt_renew(struct session *s, struct plan *was, const struct plan_statement *statement,
            struct plan **plan, const struct plan_statement **renewed)
{
    struct plan_environment environment = {
        .catalog = s->observer->catalog, /* else as it was when the server read the text */
        .role = was->role,
        .is_plain_dialect = was->is_plain_dialect,
        .may_inject = was->may_inject,
        .may_shadow = was->may_shadow,
        .shadow_persons = was->shadow_persons,
        .refuses_unknown = was->refuses_unknown,
        .has_foreign_parameters = was->has_foreign_parameters,
        .shape_key = directory_shape_key(s->worker->shared->directory),
    };
    int result;

    *renewed = statement;
    if (PASU_LIKELY(was->catalog == environment.catalog || !statement)) {
        *plan = plan_hold(was);
        return 0;
    }
    result = plan_cache_get(s->worker->shared->plans, was->text, &environment, plan);
    if (result != 0)
        return result;
    *renewed = plan_counterpart(*plan, was, statement);
    if (*renewed && view_equal((*plan)->rewritten, was->rewritten) && !(*plan)->refusal)
        return 0;
    result = (*plan)->refusal ? DOUBT_REFUSED : DOUBT_CHANGED;
    plan_release(*plan);
    *plan = plan_hold(was);
    *renewed = statement;
    return result;
}

/* ---- what changes ---- */

void
doubt_filled(struct session *s, uint64_t fields, uint64_t kinds)
{
    struct observer *o = s->observer;

    o->unseen_fields |= fields;
    o->unseen_kinds |= kinds;
    catalog_store_open(s->worker->shared->catalogs, o->place, &o->marking);
    catalog_store_shift(o->place);
    o->shifts++;
}

/* Whether it runs code of which nothing is known: such code can run any SQL. */
static bool
runs_anything(const struct session *s, const struct plan_statement *statement)
{
    uint64_t fields, kinds;

    observer_all(s, &fields, &kinds);
    return (statement->flags & PLAN_OPAQUE) && (fields & ~statement->most_fields) == 0;
}

/* EXECUTE in code runs COMMIT AND CHAIN, too, where a message has prepared it: ROLLBACK then undoes
 * only what came behind that. */
static void
remember_end(struct observer *o, const struct plan_statement *statement)
{
    bool can_run = (statement->flags & PLAN_OPAQUE) || statement->verb == VERB_DO ||
                   statement->verb == VERB_CALL || !o->catalog ||
                   catalog_may_run_prepared(o->catalog);

    if (PASU_UNLIKELY(can_run))
        o->may_be_committed |= exchange_names_end(&o->exchange);
}

void
doubt_done(struct session *s, const struct plan_statement *statement)
{
    struct observer *o = s->observer;
    uint64_t fields, kinds;
    bool is_anything = runs_anything(s, statement);

    remember_end(o, statement);
    if (is_anything || (statement->flags & PLAN_RENAMES))
        exchange_doubt(&o->exchange);
    if (!is_anything && !statement->twists)
        return;
    observer_all(s, &fields, &kinds);
    if (statement->special == SPECIAL_DDL || statement->verb == VERB_DO) {
        doubt_filled(s, fields, kinds);
    } else { /* a function: that it changes others' views is too rare to doubt all sessions */
        o->unseen_fields |= fields;
        o->unseen_kinds |= kinds;
    }
}

void
doubt_called(struct session *s, uint32_t oid)
{
    const struct catalog *catalog = s->observer->catalog;
    const struct catalog_function *function = catalog ? catalog_function(catalog, oid) : NULL;

    if (!function || function->is_opaque) {
        exchange_doubt(&s->observer->exchange);
        s->observer->may_be_committed |= exchange_names_end(&s->observer->exchange);
    }
}

void
doubt_committed(struct session *s)
{
    catalog_store_shift(s->observer->place);
    s->observer->shifts++;
}

/* ---- the present ---- */

void
doubt_settle(struct session *s)
{
    struct observer *o = s->observer;
    /* Before the look at is_stale: what shifts later makes it stale before. */
    uint32_t shifts = catalog_store_shifts(o->place);

    if (PASU_LIKELY(shifts == o->shifts && o->unseen_fields == 0 && !o->blank.is_spoiled))
        return;
    if (s->transaction != 'I' || o->exchange.count > 0 || observer_is_stale(s))
        return;
    o->blank.is_spoiled = false;
    o->unseen_fields = o->unseen_kinds = 0;
    o->shifts = shifts;
}

bool
doubt_is_none(const struct session *s, const struct plan *plan)
{
    uint64_t fields, kinds;

    doubt_of(s, &fields, &kinds);
    return fields == 0 && s->observer->change == TOUCH_NONE && plan->catalog &&
           !catalog_is_superseded(plan->catalog) && !observer_is_stale(s);
}

void
doubt_of(const struct session *s, uint64_t *fields, uint64_t *kinds)
{
    const struct observer *o = s->observer;

    catalog_store_hanging(o->place, fields, kinds);
    *fields |= o->unseen_fields;
    *kinds |= o->unseen_kinds;
    if (PASU_UNLIKELY(catalog_store_shifts(o->place) != o->shifts))
        observer_all(s, fields, kinds);
}
