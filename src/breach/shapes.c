/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/shapes.h"

#include "base/memory.h"

enum { FIRST_SPACE = 64 };

void
shapes_release(struct shapes *shapes)
{
    for (size_t i = 0; i < shapes->count; i++)
        memory_free(shapes->texts[i]);
    memory_free(shapes->texts);
    map_release(&shapes->places);
    *shapes = (struct shapes){0};
}

static bool
make_room(struct shapes *shapes)
{
    size_t space = shapes->space == 0 ? FIRST_SPACE : shapes->space * 2;
    char **texts;

    if (shapes->count < shapes->space)
        return true;
    texts = space < UINT32_MAX ? memory_resize(shapes->texts, space, sizeof(*texts)) : NULL;
    if (texts == NULL)
        return false;
    shapes->texts = texts;
    shapes->space = space;
    return true;
}

int
shapes_add(struct shapes *shapes, uint64_t fingerprint, struct view sql)
{
    uint32_t place;
    char *text;

    if (map_get(&shapes->places, fingerprint, &place))
        return 0;
    if (!make_room(shapes))
        return PASU_E_NOMEM;
    text = memory_new(sql.length + 1, 1);
    if (text == NULL || map_put(&shapes->places, fingerprint, (uint32_t)shapes->count) != 0) {
        memory_free(text);
        return PASU_E_NOMEM;
    }
    text_from_view(text, sql.length + 1, sql);
    shapes->texts[shapes->count++] = text;
    return 0;
}

const char *
shapes_get(const struct shapes *shapes, uint64_t fingerprint)
{
    uint32_t place;

    return map_get(&shapes->places, fingerprint, &place) ? shapes->texts[place] : NULL;
}
