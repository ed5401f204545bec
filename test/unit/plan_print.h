/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as one line, for tests to compare:
 *
 *   statements are separated by " | ", parts by "; "; "-" is one that shows nothing
 *   part      customer key@1: 0=name 2=phone+email       the key is output column 1
 *             customer hidden@0 pins 5,$1,$2[]: …        hidden column 0; pins are known as well
 *             customer pinned 100007: …
 *             customer bound: …    bound2: two per row   *=… of no column in particular
 *   then      DDL, END, COPY(c,1000), ROLE(app), …       what is special
 *             !opaque !probe …                           flags
 *             [inner]                                    of PREPARE, DECLARE
 *   REFUSED at the end of the line
 */
#ifndef PASU_TEST_PLAN_PRINT_H
#define PASU_TEST_PLAN_PRINT_H

#include "postgres/plan.h"

void plan_print(const struct plan *plan, char *text, size_t size);

#endif
