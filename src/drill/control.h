/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controls of a drill (drill/control.def), and a configuration in which only some of them are
 * in force.
 *
 * Rules with the verdict allow are exceptions to others, and stay. A rule belongs to each control
 * that one of its conditions is of, one that holds to approval, too, and one that is of none of
 * them to other_rules. What is in shadow does nothing, and belongs to none.
 */
#ifndef PASU_DRILL_CONTROL_H
#define PASU_DRILL_CONTROL_H

#include "config/model.h"

enum drill_control {
#define X(id, name, what) DRILL_##id,
#include "drill/control.def"
#undef X
    DRILL_CONTROLS,
};
#define DRILL_BIT(id) (1u << DRILL_##id)

/* "leaver", …, and what it is. */
const char *drill_control_name(enum drill_control control);
const char *drill_control_text(enum drill_control control);
/* DRILL_CONTROLS: there is none of that name. */
enum drill_control drill_control_find(const char *name);

/* Which of them a configuration has at all. */
unsigned controls_of(const struct config *config);
/* The bits of those that a rule, or a budget, belongs to. */
unsigned control_of_rule(const struct config_rule *rule);
unsigned control_of_budget(const struct config_budget *budget);

/* A configuration whose rules and budgets are only some of another's, from which all else is
 * borrowed. */
struct controlled {
    struct config config;
    unsigned on; /* bits: what else than rules and budgets is in force */
};
/* `on`: bits of those in force; what belongs to one of `off` is not, whatever else it belongs to.
 * PASU_E_NOMEM. */
PASU_MUST_USE int controlled_init(struct controlled *controlled, const struct config *config,
                                  unsigned on, unsigned off);
void controlled_release(struct controlled *controlled);

#endif
