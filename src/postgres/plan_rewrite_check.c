/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_rewrite_check.h"

#include "postgres/sql_json.h"

/* ---- the check ---- */

/* Where a byte of the client's text stands in the new one: behind what is inserted there. */
static uint32_t
new_place(const struct rewrite *rewrite, uint32_t at)
{
    uint32_t place = at;

    for (const struct edit *e = rewrite->edits; e; e = e->next)
        if (e->at < at || (e->at == at && e->removed == 0))
            place += (uint32_t)strlen(rewrite_stands_for(e)) - e->removed;
    return place;
}

/* Where the target is in the new text that columns were put behind: of a star, the last column. */
static uint32_t
place_of_last(const struct rewrite *rewrite, uint32_t at)
{
    for (const struct edit *e = rewrite->edits; e; e = e->next)
        if (e->at == at && e->removed > 0)
            return new_place(rewrite, at) + e->last;
    return new_place(rewrite, at);
}

/* Whether the items [at, end) stand before or behind the target that they were put beside. */
static bool
is_beside(const char *json, const char *at, const char *end, const struct rewrite *rewrite,
          const struct insertion *insertion)
{
    static const char target[] = "{\"ResTarget\":";

    if (insertion->is_first)
        return at[-1] == '[' && *end == ',' && strncmp(end + 1, target, strlen(target)) == 0 &&
               json_place(json, json_item_end(end + 1)) == new_place(rewrite, insertion->beside);
    return at[-1] == ',' && *end == ']' &&
           json_place(json, at - 1) == place_of_last(rewrite, insertion->beside);
}

/* The columns by themselves, as a list of items. */
static const char *
parse_columns(struct plan_work *work, const char *columns, const char **end)
{
    static const char key[] = "\"targetList\":[";
    const char *text = rewrite_join(work, "SELECT ", columns);
    const char *json = text ? sql_parse_json(&work->memory, text) : NULL;
    const char *list = json ? strstr(json, key) : NULL;

    if (!list)
        return NULL;
    list += strlen(key) - 1;
    *end = json_item_end(list) - 1;
    return list + 1;
}

/* Takes the columns out of the new tree; false where they are not there. */
static bool
take_back(struct plan_work *work, char *json, const struct rewrite *rewrite,
          const struct insertion *insertion)
{
    static const char name[] = "{\"ResTarget\":{\"name\":\"";
    const char *list_end, *list = parse_columns(work, insertion->columns, &list_end);

    for (char *at = list ? strstr(json + 1, name) : NULL; at; at = strstr(at + 1, name)) {
        const char *end = json_compare(list, list_end, at);

        if (!end || !is_beside(json, at, end, rewrite, insertion))
            continue;
        if (insertion->is_first)
            end++;
        else
            at--;
        memmove(at, end, strlen(end) + 1);
        return true;
    }
    return false;
}

static const char targets_key[] = "\"targetList\":[", group_key[] = ",\"groupClause\":[";

/* GROUP BY by itself, as a list of a SELECT behind others. */
static const char *
parse_group(struct plan_work *work, const char *group, const char **end)
{
    const char *text = rewrite_join(work, "SELECT 1 FROM t ", group);
    const char *json = text ? sql_parse_json(&work->memory, text) : NULL;
    const char *list = json ? strstr(json, group_key) : NULL;

    if (list)
        *end = json_item_end(list + strlen(group_key) - 1);
    return list;
}

/* The list of GROUP BY of the SELECT whose list of targets begins there; NULL: it has none. */
static char *
find_group(char *targets)
{
    char *at = (char *)(uintptr_t)json_item_end(targets + strlen(targets_key) - 1);

    while (*at == ',' && strncmp(at, group_key, strlen(group_key)) != 0) {
        char *value = strchr(at, ':');

        if (!value || (value[1] != '[' && value[1] != '{'))
            return NULL;
        at = (char *)(uintptr_t)json_item_end(value + 1);
    }
    return *at == ',' ? at : NULL;
}

/* Puts DISTINCT back in the place of GROUP BY; false where that is not there, or something is that
 * goes before the targets. */
static bool
take_back_group(struct plan_work *work, char *json, const struct rewrite *rewrite,
                const struct regrouping *regrouping)
{
    static const char distinct[] = "\"distinctClause\":[{}],";
    uint32_t first = new_place(rewrite, regrouping->first);
    const char *group_end, *group = parse_group(work, regrouping->group, &group_end);

    for (char *at = group ? strstr(json + 1, targets_key) : NULL; at;
         at = strstr(at + 1, targets_key)) {
        const char *end;
        char *own;

        if (at[-1] != '{' || json_place(json, json_item_end(at + strlen(targets_key))) != first)
            continue;
        own = find_group(at);
        end = own ? json_compare(group, group_end, own) : NULL;
        if (!end || end - own < (ptrdiff_t)strlen(distinct))
            return false;
        memmove(own, end, strlen(end) + 1);
        memmove(at + strlen(distinct), at, strlen(at) + 1);
        memcpy(at, distinct, strlen(distinct));
        return true;
    }
    return false;
}

bool
rewrite_take_back(struct plan_work *work, const struct rewrite *rewrite, char *tree)
{
    for (const struct insertion *i = rewrite->insertions; i; i = i->next)
        if (!take_back(work, tree, rewrite, i))
            return false;
    for (const struct regrouping *r = rewrite->regroupings; r; r = r->next)
        if (!take_back_group(work, tree, rewrite, r))
            return false;
    return true;
}

bool
rewrite_is_as_meant(struct plan_work *work, const struct rewrite *rewrite, const char *replaced,
                    const char *rewritten)
{
    const char *old_tree = sql_parse_json(&work->memory, replaced), *end;
    char *new_tree = sql_parse_json(&work->memory, rewritten);

    if (!old_tree || !new_tree || !rewrite_take_back(work, rewrite, new_tree))
        return false;
    end = json_compare(old_tree, old_tree + strlen(old_tree), new_tree);
    return end && *end == '\0';
}
