/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_print.h"

struct print {
    char *at, *end;
};

PASU_PRINTF(2, 3)
static void
put(struct print *p, const char *format, ...)
{
    size_t room = (size_t)(p->end - p->at);
    __builtin_va_list arguments;
    int n;

    __builtin_va_start(arguments, format);
    n = vsnprintf(p->at, room, format, arguments);
    __builtin_va_end(arguments);
    p->at += n > 0 && (size_t)n < room ? (size_t)n : 0;
}

static void
put_fields(struct print *p, uint64_t fields)
{
    static const char *const names[] = {"name", "phone", "email", "address", "order", "door_code"};
    const char *between = "";

    if (fields == 63) {
        put(p, "all");
        return;
    }
    for (size_t i = 0; i < 64; i++)
        if (fields >> i & 1) {
            put(p, "%s%s", between, i < COUNT_OF(names) ? names[i] : "?");
            between = "+";
        }
}

static void
put_pins(struct print *p, const struct plan_pin *pins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(p, "%s", i > 0 ? "," : "");
        if (pins[i].literal.bytes)
            put(p, "%.*s", (int)pins[i].literal.length, (const char *)pins[i].literal.bytes);
        else
            put(p, "$%u", pins[i].parameter);
        put(p, "%s", pins[i].is_array ? "[]" : "");
    }
}

static void
put_part(struct print *p, const struct plan_part *part)
{
    static const char *const kinds[] = {"customer", "recipient"};

    put(p, "%s ", part->kind < COUNT_OF(kinds) ? kinds[part->kind] : "?");
    switch (part->source) {
    case SOURCE_OUTPUT:
        put(p, "key@%u", part->column);
        break;
    case SOURCE_HIDDEN:
        put(p, "hidden@%u", part->column);
        break;
    case SOURCE_PINNED:
        put(p, "pinned");
        break;
    case SOURCE_SHADOW:
        put(p, "shadow@%u", part->shadows);
        break;
    default:
        put(p, "bound");
        if (part->is_one_per_row || part->most_per_row > 0)
            put(p, "%u", part->is_one_per_row ? 1u : (unsigned)part->most_per_row);
    }
    if (part->pin_count > 0) {
        put(p, "%s", part->source == SOURCE_PINNED ? " " : " pins ");
        put_pins(p, part->pins, part->pin_count);
    }
    put(p, ":");
    for (size_t i = 0; i < part->column_count; i++) {
        put(p, " %u=", part->columns[i].column);
        put_fields(p, part->columns[i].fields);
    }
    if (part->column_count == 0) {
        put(p, " *=");
        put_fields(p, part->fields);
    }
}

static void
put_special(struct print *p, const struct plan_statement *s)
{
    static const char *const names[] = {"",        "PREPARE", "EXECUTE",  "DEALLOCATE", "DECLARE",
                                        "FETCH",   "CLOSE",   "COPY_OUT", "COPY_IN",    "ROLE",
                                        "DISCARD", "DDL",     "END",      "LAY_BY",     "TAKE_UP"};

    if (s->special == SPECIAL_NONE)
        return;
    put(p, " %s", names[s->special]);
    if (s->name)
        put(p, "(%s)", s->name);
    if (s->argument_count > 0) {
        put(p, "(");
        put_pins(p, s->arguments, s->argument_count);
        put(p, ")");
    }
    if (s->special == SPECIAL_COPY_OUT) {
        put(p, "(%c%s%s", s->copy.format.kind, s->copy.is_readable ? "" : ",unreadable",
            s->copy.is_certain ? ",certain" : "");
        for (size_t i = 0; i < s->asked_count; i++)
            put(p, ",%u", s->asked[i]);
        put(p, ")");
    }
}

static void
put_flags(struct print *p, uint32_t flags)
{
    static const char *const names[] = {"unparsed",      "opaque",     "dialect",
                                        "unknown_table", "statistics", "exit",
                                        "probe",         "marks",      "unattributed"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (flags >> i & 1)
            put(p, " !%s", names[i]);
}

static void
put_statement(struct print *p, const struct plan_statement *s)
{
    static const char *const moved[] = {" of one", " of one a row", ""};

    for (size_t i = 0; i < s->part_count; i++) {
        put(p, "%s", i > 0 ? "; " : "");
        put_part(p, &s->parts[i]);
    }
    if (s->part_count == 0)
        put(p, "-");
    put_special(p, s);
    put_flags(p, s->flags);
    for (const struct plan_mark *m = s->mark.fields ? &s->mark : NULL; m; m = m->next) {
        put(p, " mark(%s%s%s", m->schema ? m->schema : "", m->schema ? "." : "", m->name);
        if (m->column != 0)
            put(p, "#%d", m->column);
        put(p, "=");
        put_fields(p, m->fields);
        put(p, ")");
    }
    if (s->moved_fields) {
        put(p, " moved(");
        put_fields(p, s->moved_fields);
        put(p, "%s)", moved[s->moved_most]);
    }
    if (s->inner) {
        put(p, " [");
        put_statement(p, s->inner);
        put(p, "]");
    }
}

void
plan_print(const struct plan *plan, char *text, size_t size)
{
    struct print p = {text, text + size};

    text[0] = '\0';
    for (size_t i = 0; i < plan->statement_count; i++) {
        put(&p, "%s", i > 0 ? " | " : "");
        put_statement(&p, &plan->statements[i]);
    }
    if (plan->refusal)
        put(&p, " REFUSED");
}
