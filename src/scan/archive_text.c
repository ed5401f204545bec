/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/archive_text.h"

#include "base/memory.h"

#include <expat.h>
#include <limits.h>

/* What the parser remembers for good, or for as long as it is in it, is bounded by us. */
enum { NAMES_MAX = 1024, NAME_SLOTS = 4 * NAMES_MAX, DEPTH_MAX = 256 };

struct archive_text {
    XML_Parser parser;
    archive_fn *fn;
    void *arg;
    int result;       /* of fn, or ours */
    bool is_shared;   /* the cell's value is the number of a text */
    unsigned skipped; /* elements deep, in what is no text */
    unsigned depth;
    uint64_t quiet; /* bytes since something of it was whole */
    size_t name_count;
    uint32_t names[NAME_SLOTS]; /* hashes of all that elements and attributes are called; 0: free */
};

static void
stop(struct archive_text *t, int result)
{
    t->result = result;
    (void)XML_StopParser(t->parser, XML_FALSE);
}

static void
give(struct archive_text *t, struct view text)
{
    int result = t->result == 0 ? t->fn(t->arg, text) : 0;

    if (result != 0)
        stop(t, result);
}

static void
note_name(struct archive_text *t, const char *name)
{
    uint32_t hash = 2166136261;

    if (t->result != 0) /* a tag goes on behind the one too many, and the table has an end */
        return;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619;
    hash += hash == 0;
    for (size_t at = hash % NAME_SLOTS;; at = (at + 1) % NAME_SLOTS) {
        if (t->names[at] == hash)
            return;
        if (t->names[at] == 0) {
            t->names[at] = hash;
            break;
        }
    }
    if (++t->name_count > NAMES_MAX)
        stop(t, PASU_E_CORRUPT);
}

/* Behind the name's prefix. */
static const char *
bare(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon != NULL ? colon + 1 : name;
}

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void XMLCALL
begin(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    static const char *const others[] = {"f", "rPr"}; /* formulas, and what letters look like */
    struct archive_text *t = arg;

    t->quiet = 0;
    if (t->result != 0 || ++t->depth > DEPTH_MAX) {
        stop(t, t->result != 0 ? t->result : PASU_E_CORRUPT);
        return;
    }
    note_name(t, name);
    for (size_t i = 0; attributes[i] != NULL; i += 2)
        note_name(t, attributes[i]);
    name = bare(name);
    if (strcmp(name, "c") == 0) {
        t->is_shared = false;
        for (size_t i = 0; attributes[i] != NULL; i += 2)
            t->is_shared |= strcmp(attributes[i], "t") == 0 && strcmp(attributes[i + 1], "s") == 0;
    }
    if (t->skipped > 0 || is_one_of(name, others, COUNT_OF(others)) ||
        (strcmp(name, "v") == 0 && t->is_shared))
        t->skipped++;
}

/* What is of one text goes on: runs of characters in other letters, and marks between them. */
static void XMLCALL
end(void *arg, const XML_Char *name)
{
    static const char *const inside[] = {"t",          "r", "span", "proofErr", "bookmarkStart",
                                         "bookmarkEnd"};
    struct archive_text *t = arg;

    t->quiet = 0;
    t->depth--;
    name = bare(name);
    if (t->skipped > 0)
        t->skipped--;
    else if (strcmp(name, "row") == 0 || strcmp(name, "table-row") == 0 || strcmp(name, "si") == 0)
        give(t, VIEW("\n"));
    else if (!is_one_of(name, inside, COUNT_OF(inside)))
        give(t, VIEW("\t"));
}

static void XMLCALL
take_characters(void *arg, const XML_Char *characters, int length)
{
    struct archive_text *t = arg;

    t->quiet = 0;
    if (t->skipped == 0)
        give(t, view_of(characters, (size_t)length));
}

static void XMLCALL
take_other(void *arg, const XML_Char *characters PASU_UNUSED, int length PASU_UNUSED)
{
    struct archive_text *t = arg;

    t->quiet = 0;
}

static void XMLCALL
refuse(void *arg, const XML_Char *name PASU_UNUSED, const XML_Char *system PASU_UNUSED,
       const XML_Char *public PASU_UNUSED, int has_subset PASU_UNUSED)
{
    stop(arg, PASU_E_CORRUPT);
}

int
archive_text_new(struct archive_text **text, archive_fn *fn, void *arg)
{
    struct archive_text *t = memory_new(1, sizeof(*t));

    *text = t;
    if (t == NULL)
        return PASU_E_NOMEM;
    t->fn = fn;
    t->arg = arg;
    t->parser = XML_ParserCreate(NULL);
    if (t->parser == NULL)
        return PASU_E_NOMEM;
    XML_SetUserData(t->parser, t);
    XML_SetElementHandler(t->parser, begin, end);
    XML_SetCharacterDataHandler(t->parser, take_characters);
    XML_SetDefaultHandler(t->parser, take_other);
    XML_SetStartDoctypeDeclHandler(t->parser, refuse);
    return 0;
}

void
archive_text_free(struct archive_text *t)
{
    if (t != NULL && t->parser != NULL)
        XML_ParserFree(t->parser);
    memory_free(t);
}

int
archive_text_take(struct archive_text *t, struct view bytes, bool is_last)
{
    enum XML_Status status;

    if (bytes.length > INT_MAX)
        return PASU_E_RANGE;
    t->quiet += bytes.length;
    status = XML_Parse(t->parser, (const char *)bytes.bytes, (int)bytes.length, is_last);
    if (t->result != 0)
        return t->result;
    if (status != XML_STATUS_OK)
        return XML_GetErrorCode(t->parser) == XML_ERROR_NO_MEMORY ? PASU_E_NOMEM : PASU_E_CORRUPT;
    return t->quiet > ARCHIVE_TOKEN_MAX ? PASU_E_CORRUPT : 0;
}
