/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration that a drill is of where none is given: rules and budgets that a shop can begin
 * with, of a YAML file that nobody has written. The files that it names are not read. */
#ifndef PASU_DRILL_USUAL_H
#define PASU_DRILL_USUAL_H

extern const char drill_usual[];

/* And so many decoys. */
enum { DRILL_USUAL_DECOYS = 20 };

#endif
