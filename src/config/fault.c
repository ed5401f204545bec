/* SPDX-License-Identifier: Apache-2.0 */
#include "config/fault.h"

#include "base/bytes.h"
#include "base/memory.h"

PASU_PRINTF(1, 0)
static char *
format_new(const char *format, va_list arguments)
{
    va_list again;
    char *text;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = length < 0 ? NULL : memory_new((size_t)length + 1, 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

PASU_PRINTF(1, 2)
static char *
text_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = format_new(format, arguments);
    va_end(arguments);
    return text;
}

static char *
text_new(const char *text)
{
    return memory_dup(text, strlen(text));
}

static void
fault_release(struct config_fault *fault)
{
    memory_free(fault->path);
    memory_free(fault->text);
    memory_free(fault->hint);
}

/* Takes the fault, or frees its texts where it cannot be kept. */
static void
take_fault(struct config_faults *faults, struct config_fault *fault)
{
    struct config_fault *items;

    if (fault->path == NULL || fault->text == NULL || fault->hint == NULL) {
        faults->out_of_memory = true;
        fault_release(fault);
        return;
    }
    items = memory_resize(faults->items, faults->count + 1, sizeof(*items));
    if (items == NULL) {
        faults->out_of_memory = true;
        fault_release(fault);
        return;
    }
    faults->items = items;
    items[faults->count++] = *fault;
}

void
config_fault_add_list(struct config_faults *faults, const char *path, uint32_t line,
                      uint32_t column, const char *hint, const char *format, va_list arguments)
{
    struct config_fault fault = {.line = line, .column = column};

    if (faults->count >= CONFIG_FAULTS_MAX) {
        faults->left_out++;
        return;
    }
    fault.path = text_new(path);
    fault.hint = text_new(hint);
    fault.text = format_new(format, arguments);
    take_fault(faults, &fault);
}

void
config_fault_add(struct config_faults *faults, const char *path, uint32_t line, uint32_t column,
                 const char *hint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    config_fault_add_list(faults, path, line, column, hint, format, arguments);
    va_end(arguments);
}

/* What is in the configuration itself comes before what is in a file that it names. */
static bool
is_before(const struct config_fault *a, const struct config_fault *b, const char *path)
{
    bool is_elsewhere = a->path != NULL && strcmp(a->path, path) != 0;

    if (is_elsewhere != (b->path != NULL && strcmp(b->path, path) != 0))
        return !is_elsewhere;
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Insertion keeps faults of one place in the order they were found; there are few, nearly sorted.
 */
static void
sort(struct config_faults *faults, size_t first, const char *path)
{
    for (size_t i = first + 1; i < faults->count; i++) {
        struct config_fault fault = faults->items[i];
        size_t at = i;

        for (; at > first && is_before(&fault, &faults->items[at - 1], path); at--)
            faults->items[at] = faults->items[at - 1];
        faults->items[at] = fault;
    }
}

int
config_faults_end(struct config_faults *faults, size_t first, const char *path)
{
    size_t left_out = faults->left_out;

    sort(faults, first, path);
    if (left_out > 0 && faults->count == CONFIG_FAULTS_MAX) {
        struct config_fault fault = {.path = text_new(path)};

        fault.text = text_format("%zu more faults are not listed", left_out);
        fault.hint = text_format("correct these first");
        take_fault(faults, &fault);
    }
    if (faults->count > first || left_out > 0)
        return PASU_E_CONFIG;
    return faults->out_of_memory ? PASU_E_NOMEM : 0;
}

void
config_faults_release(struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        fault_release(&faults->items[i]);
    memory_free(faults->items);
    *faults = (struct config_faults){0};
}
