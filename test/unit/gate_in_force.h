/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations that are in force for a session of gate_stand.h. */
#ifndef PASU_TEST_GATE_IN_FORCE_H
#define PASU_TEST_GATE_IN_FORCE_H

#include "config_text.h"
#include "gate/standing.h"
#include "gate_stand.h"

#define MAPPING                                                                                    \
    GATEWAY "subjects: {customer: {table: public.customers, key: id}}\n"                           \
            "personal_data:\n"                                                                     \
            "  - {table: public.customers, subject: customer, key: id,\n"                          \
            "     fields: {name: name, address: address}}\n"

/* Puts a configuration in force, as a reload does. */
static inline void
put_in_force(struct stand *t, uint64_t generation, const char *text)
{
    struct settings *settings;

    assert_int_equal(settings_new(&settings, model_of(text), generation), 0);
    settings_current_set(&t->shared.current, settings, NULL);
    settings_release(settings);
    assert_non_null(worker_settings(&t->worker));
    standing_follow(&t->session);
}

static inline void
leave_force(struct stand *t)
{
    settings_release(t->observer.in_force);
    origins_release(t->observer.origins);
    settings_current_set(&t->shared.current, NULL, NULL);
    settings_release(t->worker.settings);
    session_rules_release(&t->observer.rules);
}

#endif
