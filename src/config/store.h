/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that lives as long as one thing: a model, or the work of loading one. Pieces are handed
 * out of blocks and are never freed one by one; everything is wiped when the store is released,
 * because a model holds keys and passwords.
 *
 * Failure is sticky: after one piece could not be had, `failed` stays set, so that a loader may go
 * on to look for further faults and ask once at its end. One thread.
 */
#ifndef PASU_CONFIG_STORE_H
#define PASU_CONFIG_STORE_H

#include "base/bytes.h"

struct store_block;

struct store {
    struct store_block *blocks;
    bool failed;
};

/* `count` × `size` zeroed bytes, aligned for any type, or NULL. Zero bytes are a valid piece. */
PASU_MUST_USE void *store_new(struct store *store, size_t count, size_t size);
/* A zero-terminated copy, or NULL. */
PASU_MUST_USE char *store_dup(struct store *store, struct view v);
/* A formatted text, or NULL. */
PASU_MUST_USE char *store_format(struct store *store, const char *format, ...) PASU_PRINTF(2, 3);
/* Wipes and frees all pieces; the store is empty and usable again. */
void store_release(struct store *store);

#endif
