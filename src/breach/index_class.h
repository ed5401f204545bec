/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A class of statements, to the index: all that have the same vocabulary and the same parts but for
 * the persons in them. Whether a question's field takes a statement, and which of its parts, is the
 * same for all of a class, so sums of classes can be added up. As bytes it is an index_class_head
 * and its parts, as they stand here.
 */
#ifndef PASU_BREACH_INDEX_CLASS_H
#define PASU_BREACH_INDEX_CLASS_H

#include "breach/interner.h"

enum {
    INDEX_PARTS_MAX = 64, /* of a class: no statement of ours has nearly as many */
    INDEX_PART_TEXT = 1,  /* the keys are texts */
    INDEX_PART_SHOWN = 2, /* somebody was shown, or can have been */
    INDEX_PART_BOUND = 4, /* there are unknown persons */
};

struct index_class_head {
    uint32_t vocabulary;
    uint8_t is_known; /* the ledger had explained it when the statement was given out */
    uint8_t part_count;
    uint8_t zero[2];
};

struct index_class_part {
    uint64_t clear, masked, null;
    uint8_t kind, attribution, bits;
    uint8_t zero[5];
};

struct index_class {
    struct index_class_head head;
    struct index_class_part parts[INDEX_PARTS_MAX];
};

static inline struct view
index_class_bytes(const struct index_class *class)
{
    return view_of(class, sizeof(class->head) + class->head.part_count * sizeof(class->parts[0]));
}

/* PASU_E_CORRUPT where it is none. */
PASU_MUST_USE int index_class_check(struct view bytes);
/* Of bytes that are one; only its head and parts are there. */
static inline const struct index_class *
index_class_of(const struct interner *classes, uint32_t number)
{
    return (const struct index_class *)(const void *)interner_string(classes, number).bytes;
}

#endif
