/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands for persons in observations: SipHash (scan/siphash.h) of the kind and the ordinal,
 * four bytes each as this machine has them. A result names persons by the thousand, and with
 * AVX-512 eight are hashed at once, in a fifth of the time; the hashes are the same. Pure.
 */
#ifndef PASU_BREACH_PERSON_HASHES_H
#define PASU_BREACH_PERSON_HASHES_H

#include "base/attributes.h"

/* Of `count` ordinals as many hashes, none of them 0: what is 0 is written as 1. */
void person_hashes(const uint8_t key[16], uint32_t kind, const uint32_t *ordinals, size_t count,
                   uint64_t *hashes);
/* The same, on every machine. */
void person_hashes_one_by_one(const uint8_t key[16], uint32_t kind, const uint32_t *ordinals,
                              size_t count, uint64_t *hashes);

#endif
