/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/finding.h"
#include "base/memory.h"
#include "cli/colour.h"
#include "cli/complain.h"
#include "cli/json_text.h"
#include "cli/text.h"

#include <stdarg.h>

static const char *const state_names[] = {
    [FINDING_OK] = "ok",
    [FINDING_INFO] = "info",
    [FINDING_WARNING] = "warning",
    [FINDING_MISSING] = "missing",
};

enum { TEXT_SIZE = 1024, NAME_WIDTH_MAX = 40 };

static void
finding_release(struct finding *finding)
{
    memory_free(finding->gateway);
    memory_free(finding->name);
    memory_free(finding->text);
    memory_free(finding->hint);
}

void
findings_release(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        finding_release(&findings->items[i]);
    memory_free(findings->items);
    *findings = (struct findings){0};
}

static bool
findings_grow(struct findings *findings)
{
    size_t space = findings->space == 0 ? 32 : findings->space * 2;
    struct finding *items;

    if (findings->count < findings->space)
        return true;
    items = memory_resize(findings->items, space, sizeof(*items));
    if (items == NULL)
        return false;
    findings->items = items;
    findings->space = space;
    return true;
}

void
findings_add(struct findings *findings, const char *gateway, const char *name,
             enum finding_state state, const char *hint, const char *format, ...)
{
    struct finding finding = {.state = state};
    char text[TEXT_SIZE];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    finding.gateway = memory_dup(gateway, strlen(gateway));
    finding.name = memory_dup(name, strlen(name));
    finding.text = memory_dup(text, strlen(text));
    finding.hint = memory_dup(hint, strlen(hint));
    if (finding.gateway == NULL || finding.name == NULL || finding.text == NULL ||
        finding.hint == NULL || !findings_grow(findings)) {
        finding_release(&finding);
        findings->out_of_memory = true;
        return;
    }
    findings->items[findings->count++] = finding;
}

size_t
findings_count(const struct findings *findings, enum finding_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < findings->count; i++)
        n += findings->items[i].state == state;
    return n;
}

size_t
findings_missing(const struct findings *findings)
{
    return findings_count(findings, FINDING_MISSING);
}

static void
print_state(enum finding_state state, FILE *file)
{
    static const enum colour colours[] = {
        [FINDING_OK] = COLOUR_GOOD,
        [FINDING_INFO] = COLOUR_QUIET,
        [FINDING_WARNING] = COLOUR_WARN,
        [FINDING_MISSING] = COLOUR_BAD,
    };
    char padded[16];

    snprintf(padded, sizeof(padded), "%-7s", state_names[state]);
    fputs("  ", file);
    colour_print(file, colour_is_wanted(file), colours[state], padded);
}

static void
print_one(const struct finding *finding, size_t width, FILE *file)
{
    char text[TEXT_SIZE * 4 + 1], name[512];
    size_t columns;

    text_escape(name, sizeof(name), view_of_text(finding->name));
    columns = text_columns(name);
    text_escape(text, sizeof(text), view_of_text(finding->text));
    print_state(finding->state, file);
    fprintf(file, "  %s%*s  %s\n", name, columns < width ? (int)(width - columns) : 0, "", text);
    if (finding->hint[0] != '\0') {
        text_escape(text, sizeof(text), view_of_text(finding->hint));
        fprintf(file, "           %*s  hint: %s\n", (int)width, "", text);
    }
}

void
findings_print(const struct findings *findings, FILE *file)
{
    size_t width = 0;

    for (size_t i = 0; i < findings->count; i++) {
        char name[512];
        size_t columns;

        text_escape(name, sizeof(name), view_of_text(findings->items[i].name));
        columns = text_columns(name);
        width = columns > width ? columns : width;
    }
    width = width < NAME_WIDTH_MAX ? width : NAME_WIDTH_MAX;
    for (size_t i = 0; i < findings->count; i++) {
        const char *gateway = findings->items[i].gateway;

        if (i == 0 || strcmp(gateway, findings->items[i - 1].gateway) != 0)
            fprintf(file, gateway[0] != '\0' ? "gateway %s\n" : "every gateway%s\n", gateway);
        print_one(&findings->items[i], width, file);
    }
}

json_t *
findings_json(const struct findings *findings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->items[i];
        json_t *one = json_pack("{so so ss so so}", "gateway", json_text(f->gateway), "name",
                                json_text(f->name), "state", state_names[f->state], "text",
                                json_text(f->text), "hint", json_text(f->hint));

        if (one == NULL || json_array_append_new(array, one) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

int
findings_tell(const struct findings *findings, bool is_json, const char *what, json_t *controls)
{
    size_t found = findings_count(findings, FINDING_WARNING) + findings_missing(findings);

    if (findings->out_of_memory)
        return complain_error(PASU_E_NOMEM, "%s", what);
    if (is_json) {
        json_t *document = json_pack("{sb so sO*}", "ok", found == 0, "findings",
                                     findings_json(findings), "controls", controls);

        if (document == NULL)
            return complain_error(PASU_E_NOMEM, "%s", what);
        (void)json_dumpf(document, stdout, JSON_COMPACT); /* output_end finds a failed write */
        putchar('\n');
        json_decref(document);
    } else {
        findings_print(findings, stdout);
        if (found > 0)
            printf("%zu thing%s to look at\n", found, found == 1 ? "" : "s");
        else
            puts("all is well");
    }
    return found > 0 ? 1 : 0;
}
