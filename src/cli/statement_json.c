/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_list.h"
#include "cli/statement_part.h"

/* Null where it is not known, or empty. */
static const char *
given(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void
put_source(struct json_out *out, struct evidence *e, const struct session_info *session)
{
    struct origin source = {0};

    if (session != NULL)
        places_look_up(&e->places, session, &source);
    json_put_open(out, "source", '{');
    json_put_text(out, "address", session != NULL ? session->address : NULL);
    json_put_text(out, "country", given(source.country));
    if (source.system != 0)
        json_put_count(out, "asn", source.system);
    else
        json_put_text(out, "asn", NULL);
    json_out_close(out, '}');
}

/* Where the application says that its user is. */
static void
put_claimed_source(struct json_out *out, const struct exposure_claims *claims)
{
    if (claims->source[0] == '\0') {
        json_put_text(out, "claimed_source", NULL);
        return;
    }
    json_put_open(out, "claimed_source", '{');
    json_put_text(out, "address", strcmp(claims->source, "?") != 0 ? claims->source : NULL);
    json_out_key(out, "signed");
    json_out_bool(out, claims->is_signed);
    json_out_close(out, '}');
}

static void
put_who(struct json_out *out, struct evidence *e, const struct statement *statement)
{
    const struct session_info *session = statement->is_session_known ? &statement->session : NULL;

    json_put_count(out, "seq", statement->seq);
    json_put_time(out, "time", statement->time);
    json_put_hex(out, "session", statement->session_id);
    json_put_text(out, "principal", session != NULL ? session->principal : NULL);
    json_put_text(out, "actor", given(statement->actor));
    json_put_text(out, "purpose", given(statement->claims.purpose));
    json_put_text(out, "database", session != NULL ? session->database : NULL);
    json_put_text(out, "application", session != NULL ? session->application : NULL);
    put_source(out, e, session);
    put_claimed_source(out, &statement->claims);
}

static void
put_shape(struct json_out *out, const struct evidence *e, const struct statement *statement)
{
    json_put_hex(out, "fingerprint", statement->shape);
    json_put_text(out, "sql", shapes_get(&e->book->shapes, statement->shape));
}

static void
put_fields(struct json_out *out, struct evidence *e, const struct statement *statement,
           uint64_t clear, uint64_t masked, uint64_t maybe, uint64_t null)
{
    json_put_open(out, "fields", '{');
    for (unsigned bit = 0; bit < EXPOSURE_FIELDS_MAX; bit++) {
        uint64_t is = UINT64_C(1) << bit;

        if (((clear | masked | maybe | null) & is) == 0)
            continue;
        json_put_text(out, statement_field_name(e, statement, bit),
                      (clear & is) != 0    ? "clear"
                      : (masked & is) != 0 ? "masked"
                      : (maybe & is) != 0  ? "maybe"
                                           : "null");
    }
    json_out_close(out, '}');
}

static void
put_subjects(struct json_out *out, struct evidence *e, const struct statement_sum *sum,
             bool has_keys)
{
    json_put_open(out, "subjects", '{');
    for (size_t k = 0; k < sum->count; k++) {
        const struct kind_sum *kind = &sum->kinds[k];
        uint64_t most = kind_sum_most(kind);

        if (most == 0)
            continue;
        json_put_open(out, kind->name, '{');
        json_put_count(out, "at_least", persons_count(kind->shown));
        json_put_count(out, "at_most", most);
        if (has_keys) {
            json_out_key(out, "keys");
            key_list_json(out, e, kind->shown, key_form_of(e, kind->name, kind->has_numbers));
        }
        json_out_close(out, '}');
    }
    json_out_close(out, '}');
}

static void
put_judgement(struct json_out *out, const struct statement *statement, enum attribution attribution)
{
    json_put_text(out, "attribution",
                  attribution != ATTRIBUTION_NONE ? exposure_attribution_text(attribution) : NULL);
    json_put_text(out, "verdict", exposure_verdict_text((enum verdict)statement->verdict));
    json_put_text(out, "rule", given(statement->rule));
    json_put_open(out, "flags", '[');
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if ((statement->flags >> flag & 1) != 0)
            json_out_text(out, exposure_flag_text((enum exposure_flag)flag));
    json_out_close(out, ']');
}

static void
put_missed(struct json_out *out, struct evidence *e, const struct statement_sum *sum)
{
    json_put_open(out, "missed", '{');
    for (size_t k = 0; k < sum->count; k++) {
        if (sum->kinds[k].missed == NULL)
            continue;
        json_out_key(out, sum->kinds[k].name);
        key_list_json(out, e, sum->kinds[k].missed,
                      key_form_of(e, sum->kinds[k].name, sum->kinds[k].has_numbers));
    }
    json_out_close(out, '}');
}

void
statement_put_shown(struct json_out *out, struct evidence *e, const struct statement *statement,
                    const struct statement_sum *sum, bool has_keys)
{
    json_put_count(out, "rows", statement->rows);
    json_put_count(out, "statements", statement->statements);
    put_subjects(out, e, sum, has_keys);
    put_fields(out, e, statement, sum->clear, sum->masked, 0, sum->null);
    put_judgement(out, statement, statement_attribution(statement));
    json_put_count(out, "misses", statement->misses);
    if (has_keys)
        put_missed(out, e, sum);
}

int
statement_view_json(FILE *file, struct evidence *e, const struct statement *statement,
                    bool has_keys)
{
    struct json_out out = {.file = file};
    struct statement_sum sum;
    int result = statement_sum(&sum, e, statement);

    if (result == 0) {
        json_out_open(&out, '{');
        put_who(&out, e, statement);
        put_shape(&out, e, statement);
        statement_put_shown(&out, e, statement, &sum, has_keys);
        json_out_close(&out, '}');
        json_out_end(&out);
    }
    statement_sum_release(&sum);
    return result;
}

void
sight_view_json(FILE *file, struct evidence *e, const struct sight *sight)
{
    struct json_out out = {.file = file};

    json_out_open(&out, '{');
    json_put_text(&out, "what", sight->is_shown ? "shown" : "missed");
    put_who(&out, e, sight->statement);
    put_shape(&out, e, sight->statement);
    put_fields(&out, e, sight->statement, sight->clear, sight->masked, sight->maybe, sight->null);
    put_judgement(&out, sight->statement, sight->attribution);
    json_out_close(&out, '}');
    json_out_end(&out);
}
