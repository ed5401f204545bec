/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of expose.h have in common: one exposure at a time, the recorder's, is begun,
 * filled and put into the ring. Results are 0 or an error, as expose.h says.
 */
#ifndef PASU_GATE_EXPOSE_PART_H
#define PASU_GATE_EXPOSE_PART_H

#include "gate/expose.h"
#include "gate/session.h"

/* A record for the present moment, with nothing in it. */
struct exposure *expose_begin(struct session *s, const struct plan_statement *statement);
/* Another part, to be filled; there is room for all that a statement has. */
struct exposure_part *expose_add_part(struct exposure *e, uint8_t kind,
                                      enum attribution attribution);
/* Into the ring, or held until there is room for it; before what it is of leaves. */
PASU_MUST_USE int expose_put(struct session *s, struct exposure *e,
                             const struct plan_statement *statement);
/* The same of one that can be an administrator's, and then is an alert, if nothing else is. What a
 * rule in shadow would do has a record of its own then. */
PASU_MUST_USE int expose_put_act(struct session *s, struct exposure *e,
                                 const struct plan_statement *statement);
/* `is_moved`: they are under others' keys already, whatever a budget says. */
PASU_MUST_USE int expose_take_unknown(struct session *s, uint32_t now, uint8_t kind, uint64_t count,
                                      bool is_moved, struct exposure *e,
                                      struct judgement *judgement);
/* Kinds that the vocabulary does not name are those of a plan without a snapshot, which takes all
 * that a number can be. */
bool expose_is_kind(const struct session *s, uint8_t kind);

#endif
