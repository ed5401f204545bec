/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/catalog_kin.h"

#include <string.h>

static bool
has_same_server(const struct catalog_whose *a, const struct catalog_whose *b)
{
    return a->system != 0 && a->system == b->system;
}

void
catalog_kin_see(struct catalog_family *family, const struct catalog_whose *new,
                const struct catalog_whose *other)
{
    if (!has_same_server(new, other))
        return;
    family->is_server = true;
    family->is_database |= new->database == other->database;
}

enum catalog_kin
catalog_kin_of(const struct catalog_family *family, const struct catalog_whose *new,
               const struct catalog_whose *other)
{
    if (has_same_server(new, other)) {
        if (new->database == other->database)
            return KIN_SAME;
        return family->is_database ? KIN_NONE : KIN_TEMPLATE;
    }
    if (strcmp(new->gateway, other->gateway) != 0 || strcmp(new->name, other->name) != 0)
        return KIN_NONE;
    if (new->system == 0 && other->system == 0)
        return KIN_SAME;
    return new->system == 0 || other->system == 0 || !family->is_server ? KIN_NAMES : KIN_NONE;
}
