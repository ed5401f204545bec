/* SPDX-License-Identifier: Apache-2.0 */
/* What catalog_marks.c and catalog_marks_clear.c share. See catalog_marks.h. */
#ifndef PASU_GATE_CATALOG_MARKS_PART_H
#define PASU_GATE_CATALOG_MARKS_PART_H

#include "gate/catalog_marks.h"

struct marked {
    uint32_t relation, vocabulary;
    uint32_t loads; /* since it was given by name */
    bool is_late;   /* given while a load was under way, which does not serve it */
    int16_t column;
    bool is_adrift;
    bool is_unsure;   /* of a template, and no snapshot has shown it yet */
    bool is_clearing; /* somebody is taking it away: what is marked from here on is another one */
    uint64_t number;  /* when it was given */
    uint64_t horizon; /* adrift: the server's transactions before this one are waited for; 0: not
                         known yet */
    uint64_t fields, kinds;
    /* As of struct catalog_mark; the ledger does not have them, so that after a restart it is not
     * known any more. */
    bool is_one;
    uint64_t persons;
    uint64_t recorded_fields, recorded_kinds;                /* of these, what the ledger has */
    char schema[CATALOG_NAME_SIZE], name[CATALOG_NAME_SIZE]; /* schema "": any */
};

/* One more, or more of one that is there. As catalog_marks_add. */
PASU_MUST_USE int catalog_marks_put_in(struct catalog_marks *marks, const struct marked *mark);

#endif
