/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What administrators do, told from words alone: of functions' texts, of DO, of what code runs, and
 * of what does not parse. Of statements that parse, see plan_administer.h.
 *
 * It errs to either side: a statement that code puts together of more than constants is not seen
 * (what it gives to roles is, where the census looks: gate/rights.h), and one behind a condition
 * that is never true is.
 */
#ifndef PASU_POSTGRES_ADMINISTER_H
#define PASU_POSTGRES_ADMINISTER_H

#include "base/bytes.h"

/* Which PLAN_ADMINISTERS bits its statements have, wherever one can begin in it. */
uint32_t administer_words(struct view text);
/* The same of a body of PL/pgSQL, with the texts that it runs by EXECUTE. `space` has
 * made_size(text.length) bytes and is borrowed. */
uint32_t administer_code(struct view text, char *space);
/* Which one a call of PostgreSQL's own function of that name has; 0: none. */
uint32_t administer_function(const char *name);

#endif
