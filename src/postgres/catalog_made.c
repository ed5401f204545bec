/* SPDX-License-Identifier: Apache-2.0 */
/* SQL that functions make at run time: read like their own text, where its shape can be told. */
#include "base/memory.h"
#include "postgres/catalog_part.h"
#include "postgres/made.h"

int
catalog_made_read(struct catalog_builder *b, size_t node, struct view text)
{
    char *space = memory_new(made_size(text.length), 1);
    enum made_kind kind;
    struct made made;
    bool is_made = false;
    int result = 0;

    if (!space)
        return PASU_E_NOMEM;
    made_begin(&made, text, space);
    while ((kind = made_next(&made)) == MADE_TEXT && result == 0) {
        is_made = true;
        b->taints[node].keeps |= made.has_values;
        if (!made_is_plain(&made))
            break;
        result = catalog_body_read_made(b, node, view_of(made.text, made.length), true);
    }
    if (result == 0 &&
        (kind != MADE_END || (is_made && (made_is_own(b->catalog) || b->has_own_concatenation)))) {
        catalog_taint_everything(b, &b->taints[node]);
        b->taints[node].keeps = true;
    }
    memory_free(space);
    return result;
}
