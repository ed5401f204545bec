/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile roster parses, or has a fault that can be shown; and so do changes of it, behind a line
 * "=". What it comes to can be written, and read again. */
#include "base/memory.h"
#include "policy/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_written(const struct roster *roster)
{
    struct roster_fault fault = {0};
    struct roster *again = NULL;
    uint8_t *bytes = NULL;
    size_t length = 0;

    if (roster_write(&bytes, &length, roster) != 0)
        return;
    if (roster_parse_changes(&again, view_of(bytes, length), NULL, &fault) != 0 ||
        roster_count(again) != roster_count(roster))
        __builtin_trap();
    for (size_t i = 0; i < roster_count(roster); i++) {
        const struct roster_entry *entry = roster_at(roster, i);
        const struct roster_entry *found = roster_find(again, entry->principal);

        if (!found || found->kind != entry->kind || found->left_at != entry->left_at ||
            found->is_left != entry->is_left)
            __builtin_trap();
    }
    roster_free(again);
    memory_free(bytes);
}

static struct roster *
parse(struct view bytes, const struct roster *base, bool is_changes)
{
    struct roster_fault fault = {0};
    struct roster *roster = NULL;
    int result = is_changes ? roster_parse_changes(&roster, bytes, base, &fault)
                            : roster_parse(&roster, bytes, &fault);

    if (result != 0) {
        if (fault.line == 0 || fault.text[0] == '\0')
            __builtin_trap();
        return NULL;
    }
    (void)roster_kind(roster, "analyst");
    (void)roster_standing(roster, "analyst", 0, OWNERLESS_BLOCK);
    (void)roster_next(roster, 0);
    return roster;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size > 0 ? memmem(data, size, "\n=\n", 3) : NULL;
    struct view first = view_of(data, cut ? (size_t)(cut - data) + 1 : size);
    struct roster *roster = parse(first, NULL, false), *changed = NULL;

    if (cut)
        changed = parse(view_of(cut + 3, size - first.length - 2), roster, true);
    if (changed)
        check_written(changed);
    roster_free(roster);
    roster_free(changed);
    return 0;
}
