/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages from templates (web/), which are ours, and values, which are anybody's:
 *
 *      {{name}}                the value: a text, escaped, or a whole number
 *      {{%name}}               a text that is a template itself, such as a sentence with a number
 *      {{#name}} … {{/name}}   for each item of a list, with its members; once for an object, with
 *                              its members, and for what is true: a text or number other than "", 0
 *      {{^name}} … {{/name}}   where the other would give nothing
 *      {{>name}}               another template
 *
 * A name is looked for in the innermost item, then further out. Nothing that a value holds is ever
 * read as a template (but by %), or gets into the page without being escaped.
 */
#ifndef PASU_CONSOLE_TEMPLATE_H
#define PASU_CONSOLE_TEMPLATE_H

#include "base/bytes.h"
#include "base/error.h"

#include <jansson.h>

enum { TEMPLATE_DEPTH_MAX = 16 };

/* The text of a template, by its name; empty: there is none. */
typedef struct view template_find_fn(const char *name);

/* Renders `text` with values of these objects, the first one outermost. PASU_E_MALFORMED: the
 * template is (what was written until then is of no use); PASU_E_RANGE: too deep. */
PASU_MUST_USE int template_render(FILE *file, struct view text, template_find_fn *find,
                                  const json_t *const *values, size_t count);

#endif
