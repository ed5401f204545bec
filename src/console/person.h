/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a contact is: a key of each kind of persons, at most. */
#ifndef PASU_CONSOLE_PERSON_H
#define PASU_CONSOLE_PERSON_H

#include "base/attributes.h"

enum { PERSON_KIND_SIZE = 64, PERSON_KEY_SIZE = 1024, PERSONS_MAX = 4 };

struct person {
    char kind[PERSON_KIND_SIZE]; /* as the configuration calls it */
    char key[PERSON_KEY_SIZE];   /* as the directory has it */
};

struct persons {
    size_t count;
    struct person items[PERSONS_MAX];
};

#endif
