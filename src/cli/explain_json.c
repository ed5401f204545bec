/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/explain_view.h"

static void
put_fields(struct json_out *out, const struct vocabulary *vocabulary, uint64_t fields)
{
    json_out_open(out, '[');
    for (uint32_t i = 0; i < vocabulary->field_count; i++)
        if ((fields >> i & 1) != 0)
            json_out_text(out, vocabulary->fields[i]);
    json_out_close(out, ']');
}

static void
put_named(struct json_out *out, const struct explained *e, const char *key, uint32_t relation,
          int16_t attribute)
{
    char name[EXPLAIN_NAME_SIZE];

    explain_name(name, e->catalog, relation, attribute);
    json_put_text(out, key, name[0] != '\0' ? name : NULL);
}

static void
put_column(struct json_out *out, const struct explained *e, const struct plan_statement *statement,
           unsigned column)
{
    const struct plan_output *output = &statement->outputs[column];

    json_out_open(out, '{');
    json_put_text(out, "name", output->name);
    json_put_open(out, "fields", '{');
    for (unsigned kind = 0; kind < e->vocabulary->kind_count; kind++) {
        uint64_t fields = explain_column_fields(statement, column, kind);

        if (fields == 0)
            continue;
        json_out_key(out, e->vocabulary->kinds[kind]);
        put_fields(out, e->vocabulary, fields);
    }
    json_out_close(out, '}');
    put_named(out, e, "from", output->relation, output->attribute);
    json_out_close(out, '}');
}

static void
put_part(struct json_out *out, const struct explained *e, const struct plan_statement *statement,
         const struct plan_part *part)
{
    char why[EXPLAIN_WHY_SIZE], columns[EXPLAIN_NAME_SIZE];
    const char *other = explain_known(e, part, columns);

    json_out_open(out, '{');
    json_put_text(out, "subject", e->vocabulary->kinds[part->kind]);
    if (other != NULL)
        json_put_text(out, "known_as", other);
    json_put_text(out, "attribution",
                  exposure_attribution_text(explain_attribution(e, statement, part)));
    explain_why(why, e, statement, part);
    json_put_text(out, "why", why);
    json_out_key(out, "fields");
    put_fields(out, e->vocabulary, part->fields);
    put_named(out, e, "table", part->relation, 0);
    json_out_key(out, "one_per_row");
    json_out_bool(out, part->is_one_per_row);
    json_out_close(out, '}');
}

static void
put_marks(struct json_out *out, const struct explained *e, const struct plan_statement *statement)
{
    const struct plan_mark *mark = NULL;

    json_put_open(out, "marks", '[');
    while ((mark = explain_mark(statement, mark)) != NULL) {
        char name[EXPLAIN_NAME_SIZE];

        snprintf(name, sizeof(name), "%s%s%s", mark->schema != NULL ? mark->schema : "",
                 mark->schema != NULL ? "." : "", mark->name != NULL ? mark->name : "?");
        json_out_open(out, '{');
        json_put_text(out, "table", name);
        json_out_key(out, "fields");
        put_fields(out, e->vocabulary, mark->fields);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void
put_refusal(struct json_out *out, const struct plan *plan)
{
    json_out_key(out, "refused");
    if (plan->refusal == NULL) {
        json_out_text(out, NULL);
        return;
    }
    json_out_open(out, '{');
    json_put_text(out, "text", plan->refusal);
    json_put_text(out, "hint", plan->refusal_hint);
    json_out_close(out, '}');
}

static void
put_sent(struct json_out *out, const struct plan *plan)
{
    struct view sent = plan->rewritten.bytes != NULL ? plan->rewritten : plan->text;
    char *text = plan->refusal == NULL ? memory_dup(sent.bytes, sent.length) : NULL;

    json_put_text(out, "sent", text);
    memory_free(text);
}

static void
put_statement(struct json_out *out, const struct explained *e,
              const struct plan_statement *statement)
{
    const struct plan_statement *inner = explain_inner(statement);
    uint64_t flags = explain_flags(e->plan, statement);

    json_out_open(out, '{');
    json_put_text(out, "verb", explain_verb(statement));
    json_out_key(out, "understood");
    json_out_bool(out, statement->is_understood);
    put_refusal(out, e->plan);
    json_put_open(out, "columns", '[');
    for (unsigned i = 0; inner->outputs != NULL && i < inner->column_count; i++)
        put_column(out, e, inner, i);
    json_out_close(out, ']');
    json_put_open(out, "parts", '[');
    for (size_t i = 0; i < inner->part_count; i++)
        put_part(out, e, inner, &inner->parts[i]);
    json_out_close(out, ']');
    json_put_count(out, "hidden", inner->hidden_count);
    put_sent(out, e->plan);
    put_marks(out, e, statement);
    json_out_key(out, "most");
    put_fields(out, e->vocabulary, statement->most_fields);
    json_put_open(out, "flags", '[');
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if ((flags >> flag & 1) != 0)
            json_out_text(out, exposure_flag_text((enum exposure_flag)flag));
    json_out_close(out, ']');
    json_out_close(out, '}');
}

void
explain_print_json(FILE *file, const struct explained *e)
{
    struct json_out out = {.file = file};

    json_out_open(&out, '{');
    json_put_text(&out, "gateway", e->gateway);
    json_put_text(&out, "database", e->database);
    json_put_text(&out, "role", e->role[0] != '\0' ? e->role : NULL);
    json_out_key(&out, "marks_known");
    json_out_bool(&out, e->has_marks);
    json_put_open(&out, "statements", '[');
    for (size_t i = 0; i < e->plan->statement_count; i++)
        put_statement(&out, e, &e->plan->statements[i]);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    json_out_end(&out);
}
