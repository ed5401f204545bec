/* SPDX-License-Identifier: Apache-2.0 */
#include "console/words.h"

#include "base/attributes.h"

const char *const words_languages[INQUIRY_LANGUAGES] = {
    [INQUIRY_KOREAN] = "ko", [INQUIRY_ENGLISH] = "en"};

#define FILES(X)                                                                                   \
    X(ask, "ask.html")                                                                             \
    X(code, "code.html")                                                                           \
    X(shown, "shown.html")                                                                         \
    X(note, "note.html")                                                                           \
    X(head, "head.html")                                                                           \
    X(foot, "foot.html")                                                                           \
    X(style, "style.css")                                                                          \
    X(ko, "ko.json")                                                                               \
    X(en, "en.json")

#define X(id, name) extern const uint8_t web_##id##_begin[], web_##id##_end[];
FILES(X)
#undef X

static const struct {
    const char *name;
    const uint8_t *begin, *end;
} files[] = {
#define X(id, name) {name, web_##id##_begin, web_##id##_end},
    FILES(X)
#undef X
};

struct view
words_file(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (strcmp(files[i].name, name) == 0)
            return view_of(files[i].begin, (size_t)(files[i].end - files[i].begin));
    return view_of(NULL, 0);
}

json_t *
words_load(enum inquiry_language language)
{
    struct view text = words_file(language == INQUIRY_KOREAN ? "ko.json" : "en.json");

    return json_loadb((const char *)text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
}
