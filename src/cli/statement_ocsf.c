/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The class is in https://github.com/ocsf/ocsf-schema, branch v1.8.0:
 * events/application/datastore_activity.json, the base event, and profiles/security_control.json.
 */
#include "cli/key_list.h"
#include "cli/statement_part.h"

#include <arpa/inet.h>
#include <inttypes.h>

enum { CATEGORY_APPLICATION = 6, CLASS_DATASTORE = 6005 };
enum { ACTIVITY_QUERY = 4, ACTIVITY_WRITE = 5 };
enum { STATUS_UNKNOWN, STATUS_SUCCESS, STATUS_FAILURE };
enum { OBSERVABLE_ADDRESS = 2, OBSERVABLE_USER = 4 };
enum { RELATIONAL = 1, MESSAGE_SIZE = 256 };

/* What is not known, where the schema demands a name. */
static const char unknown[] = "unknown";

/* What a verdict is there: how grave, what was done, how it ended. */
static const struct verdict_words {
    unsigned severity, action, disposition;
    const char *severity_text, *action_text, *disposition_text;
} verdict_words[] = {
    [VERDICT_OF_ALLOW] = {1, 1, 1, "Informational", "Allowed", "Allowed"},
    [VERDICT_OF_ALERT] = {3, 3, 19, "Medium", "Observed", "Alert"},
    [VERDICT_OF_MASK] = {2, 4, 11, "Low", "Modified", "Corrected"},
    [VERDICT_OF_HOLD] = {3, 4, 14, "Medium", "Modified", "Delayed"},
    [VERDICT_OF_BLOCK] = {3, 2, 2, "Medium", "Denied", "Blocked"},
};

static const struct verdict_words *
words_of(const struct statement *statement)
{
    return &verdict_words[statement->verdict < COUNT_OF(verdict_words) ? statement->verdict
                                                                       : VERDICT_OF_BLOCK];
}

/* A number of an enumeration, and its word. */
static void
put_id(struct json_out *out, const char *id_key, unsigned id, const char *key, const char *word)
{
    json_put_count(out, id_key, id);
    json_put_text(out, key, word);
}

static void
put_class(struct json_out *out, const struct statement *statement)
{
    const uint64_t writes = FLAG_BIT(MARKED) | FLAG_BIT(KEPT) | FLAG_BIT(MOVED);
    bool is_write = (statement->flags & writes) != 0;
    unsigned activity = is_write ? ACTIVITY_WRITE : ACTIVITY_QUERY;

    put_id(out, "category_uid", CATEGORY_APPLICATION, "category_name", "Application Activity");
    put_id(out, "class_uid", CLASS_DATASTORE, "class_name", "Datastore Activity");
    put_id(out, "activity_id", activity, "activity_name", is_write ? "Write" : "Query");
    put_id(out, "type_uid", CLASS_DATASTORE * 100 + activity, "type_name",
           is_write ? "Datastore Activity: Write" : "Datastore Activity: Query");
    json_out_key(out, "time");
    json_out_integer(out, statement->time / (NANOSECONDS_PER_SECOND / 1000));
}

/* The ledger knows what was answered, not how a statement ended at the server. */
static void
put_outcome(struct json_out *out, const struct statement *statement)
{
    static const char *const status_words[] = {"Unknown", "Success", "Failure"};
    const struct verdict_words *words = words_of(statement);
    bool is_denied =
        statement->verdict == VERDICT_OF_BLOCK || (statement->flags & FLAG_BIT(REFUSED)) != 0;
    unsigned status = is_denied                                      ? STATUS_FAILURE
                      : statement->rows > 0 || statement->misses > 0 ? STATUS_SUCCESS
                                                                     : STATUS_UNKNOWN;

    put_id(out, "severity_id", words->severity, "severity", words->severity_text);
    put_id(out, "status_id", status, "status", status_words[status]);
    put_id(out, "action_id", words->action, "action", words->action_text);
    put_id(out, "disposition_id", words->disposition, "disposition", words->disposition_text);
    json_out_key(out, "is_alert");
    json_out_bool(out, statement->verdict != VERDICT_OF_ALLOW);
    if (statement->rule[0] == '\0')
        return;
    json_put_open(out, "policy", '{');
    json_put_text(out, "name", statement->rule);
    json_out_close(out, '}');
}

static void
put_message(struct json_out *out, const struct statement *statement,
            const struct statement_sum *sum)
{
    char message[MESSAGE_SIZE];
    uint64_t least = 0, most = 0;
    int n;

    for (size_t k = 0; k < sum->count; k++) {
        least += persons_count(sum->kinds[k].shown);
        if (__builtin_add_overflow(most, kind_sum_most(&sum->kinds[k]), &most))
            most = UINT64_MAX;
    }
    n = snprintf(message, sizeof(message), "%" PRIu64, least);
    if (most > least)
        n += snprintf(message + n, sizeof(message) - (size_t)n, " to %" PRIu64, most);
    snprintf(message + n, sizeof(message) - (size_t)n, " person%s shown to %s",
             most == 1 ? "" : "s",
             statement->is_session_known ? statement->session.principal : "an unrecorded session");
    json_put_text(out, "message", message);
}

static void
put_metadata(struct json_out *out, const struct statement *statement)
{
    char seq[32];

    json_put_open(out, "metadata", '{');
    json_put_text(out, "version", "1.8.0");
    json_put_open(out, "product", '{');
    json_put_text(out, "name", "pasu");
    json_put_text(out, "vendor_name", "pasu");
    json_put_text(out, "version", PASU_VERSION);
    json_out_close(out, '}');
    json_put_open(out, "profiles", '[');
    json_out_text(out, "security_control");
    json_out_close(out, ']');
    json_put_text(out, "log_name", "ledger");
    if (statement->time > 0) {
        json_put_time(out, "original_time", statement->time);
    }
    snprintf(seq, sizeof(seq), "%" PRIu64, statement->seq);
    json_put_text(out, "original_event_uid", seq);
    json_out_close(out, '}');
}

static bool
is_address(const char *text)
{
    struct in6_addr any;

    return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static void
put_source(struct json_out *out, struct evidence *e, const char *address,
           const struct session_info *session)
{
    struct origin source = {0};

    if (session != NULL)
        places_look_up(&e->places, session, &source);
    json_put_open(out, "src_endpoint", '{');
    json_put_text(out, is_address(address) ? "ip" : "name", address);
    if (source.country[0] != '\0') {
        json_put_open(out, "location", '{');
        json_put_text(out, "country", source.country);
        json_out_close(out, '}');
    }
    if (source.system != 0) {
        json_put_open(out, "autonomous_system", '{');
        json_put_count(out, "number", source.system);
        json_out_close(out, '}');
    }
    json_out_close(out, '}');
}

static void
put_who(struct json_out *out, struct evidence *e, const struct statement *statement)
{
    const struct session_info *session = &statement->session;
    bool is_known = statement->is_session_known;
    const char *address = is_known && session->address[0] != '\0' ? session->address : unknown;

    json_put_open(out, "actor", '{');
    if (is_known) {
        json_put_open(out, "user", '{');
        json_put_text(out, "name", session->principal);
        json_out_close(out, '}');
    }
    if (is_known && session->application[0] != '\0')
        json_put_text(out, "app_name", session->application);
    json_put_open(out, "session", '{');
    json_put_hex(out, "uid", statement->session_id);
    json_out_close(out, '}');
    json_out_close(out, '}');
    put_source(out, e, address, is_known ? session : NULL);
}

static void
put_what(struct json_out *out, const struct evidence *e, const struct statement *statement)
{
    const char *sql = shapes_get(&e->book->shapes, statement->shape);
    bool is_known = statement->is_session_known && statement->session.database[0] != '\0';

    json_put_open(out, "database", '{');
    json_put_text(out, "name", is_known ? statement->session.database : unknown);
    put_id(out, "type_id", RELATIONAL, "type", "Relational");
    json_out_close(out, '}');
    if (sql == NULL)
        return;
    json_put_open(out, "query_info", '{');
    json_put_hex(out, "uid", statement->shape);
    json_put_text(out, "query_string", sql);
    json_out_close(out, '}');
}

static void
put_observable(struct json_out *out, const char *name, unsigned type, const char *word,
               const char *value)
{
    json_out_open(out, '{');
    json_put_text(out, "name", name);
    put_id(out, "type_id", type, "type", word);
    json_put_text(out, "value", value);
    json_out_close(out, '}');
}

static void
put_observables(struct json_out *out, const struct statement *statement)
{
    const struct session_info *session = &statement->session;

    json_put_open(out, "observables", '[');
    if (statement->is_session_known)
        put_observable(out, "actor.user.name", OBSERVABLE_USER, "User Name", session->principal);
    if (statement->is_session_known && is_address(session->address))
        put_observable(out, "src_endpoint.ip", OBSERVABLE_ADDRESS, "IP Address", session->address);
    if (statement->actor[0] != '\0')
        put_observable(out, "unmapped.actor", OBSERVABLE_USER, "User Name", statement->actor);
    json_out_close(out, ']');
}

static void
put_unmapped(struct json_out *out, struct evidence *e, const struct statement *statement,
             const struct statement_sum *sum, bool has_keys)
{
    json_put_open(out, "unmapped", '{');
    json_put_count(out, "seq", statement->seq);
    json_put_text(out, "actor", statement->actor[0] != '\0' ? statement->actor : NULL);
    json_put_text(out, "purpose",
                  statement->claims.purpose[0] != '\0' ? statement->claims.purpose : NULL);
    json_put_text(out, "claimed_source",
                  statement->claims.source[0] != '\0' ? statement->claims.source : NULL);
    json_put_hex(out, "fingerprint", statement->shape);
    statement_put_shown(out, e, statement, sum, has_keys);
    json_out_close(out, '}');
}

int
statement_view_ocsf(FILE *file, struct evidence *e, const struct statement *statement,
                    bool has_keys)
{
    struct json_out out = {.file = file};
    struct statement_sum sum;
    int result = statement_sum(&sum, e, statement);

    if (result == 0) {
        json_out_open(&out, '{');
        put_class(&out, statement);
        put_outcome(&out, statement);
        put_message(&out, statement, &sum);
        put_metadata(&out, statement);
        put_who(&out, e, statement);
        put_what(&out, e, statement);
        put_observables(&out, statement);
        put_unmapped(&out, e, statement, &sum, has_keys);
        json_out_close(&out, '}');
        json_out_end(&out);
    }
    statement_sum_release(&sum);
    return result;
}
