/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that must fit each other. Where one of them was faulty already, nothing is said. */
#include "config/parse.h"

#include <stdlib.h>
#include <sys/un.h>

static const struct mark *
mark_of(const struct parse *parse, enum key_id id)
{
    return &parse->marks[id];
}

static bool
is_good(const struct parse *parse, enum key_id id)
{
    return mark_of(parse, id)->state == MARK_GOOD;
}

static bool
is_absent(const struct parse *parse, enum key_id id)
{
    return mark_of(parse, id)->state == MARK_ABSENT;
}

/* A fault of a key below the map that is being checked: at the place of `at`, which is written. */
static void
fault_key(struct parse *parse, const struct config_key *map, enum key_id id, enum key_id at,
          const char *hint, const char *text)
{
    size_t before = trail_push_name(parse, config_key_rest(map, config_key_at(id)));

    fault_here(parse, mark_of(parse, at)->node->key, hint, "%s", text);
    trail_pop(parse, before);
}

/* A certificate and its key belong together. */
static void
check_pair(struct parse *parse, const struct config_key *map, enum key_id certificate,
           enum key_id key)
{
    static const char *const hint = "a certificate and its key are written together";

    if (is_good(parse, certificate) && is_absent(parse, key))
        fault_key(parse, map, key, certificate, hint, "is missing, but its certificate is there");
    if (is_good(parse, key) && is_absent(parse, certificate))
        fault_key(parse, map, certificate, key, hint, "is missing, but its key is there");
}

static void
check_tls(struct parse *parse, const struct config_key *map, const struct config_gateway *gateway)
{
    bool is_off = gateway->tls.mode == TLS_OFF;

    check_pair(parse, map, KEY_gateway_tls_certificate, KEY_gateway_tls_key);
    if (!is_good(parse, KEY_gateway_tls_mode))
        return;
    if (!is_off && is_absent(parse, KEY_gateway_tls_certificate) &&
        is_absent(parse, KEY_gateway_tls_key))
        fault_key(parse, map, KEY_gateway_tls_mode, KEY_gateway_tls_mode,
                  "write gateway.tls.certificate and gateway.tls.key, or mode: off",
                  gateway->tls.mode == TLS_ALLOW
                      ? "is allow, but there is no certificate and no key"
                      : "is require, but there is no certificate and no key");
    if (is_off && is_good(parse, KEY_gateway_tls_client_ca))
        fault_key(parse, map, KEY_gateway_tls_client_ca, KEY_gateway_tls_client_ca,
                  "write mode: require, or remove client_ca",
                  "is there, but gateway.tls.mode is off: no client would show a certificate");
}

static void
check_upstream_tls(struct parse *parse, const struct config_key *map,
                   const struct config_gateway *gateway)
{
    check_pair(parse, map, KEY_gateway_upstream_tls_certificate, KEY_gateway_upstream_tls_key);
    if (!is_good(parse, KEY_gateway_upstream_tls_mode))
        return;
    if (gateway->upstream_tls.mode == UPSTREAM_TLS_VERIFY_FULL &&
        is_absent(parse, KEY_gateway_upstream_tls_ca))
        fault_key(
            parse, map, KEY_gateway_upstream_tls_mode, KEY_gateway_upstream_tls_mode,
            "write gateway.upstream_tls.ca: a file with the certificates that sign the server's",
            "is verify-full, but there is no ca to verify with");
    if (gateway->upstream_tls.mode != UPSTREAM_TLS_DISABLE && gateway->upstream.is_unix &&
        is_good(parse, KEY_gateway_upstream))
        fault_key(parse, map, KEY_gateway_upstream_tls_mode, KEY_gateway_upstream_tls_mode,
                  "write mode: disable, or an upstream HOST:PORT",
                  "asks for TLS, but PostgreSQL has none on Unix sockets");
}

static bool
is_same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->is_unix == b->is_unix && strcasecmp(a->host, b->host) == 0;
}

static void
check_addresses(struct parse *parse, const struct config_key *map,
                const struct config_gateway *gateway)
{
    if (is_good(parse, KEY_gateway_proxy_protocol_listen) && gateway->proxy_protocol.listen.is_unix)
        fault_key(parse, map, KEY_gateway_proxy_protocol_listen, KEY_gateway_proxy_protocol_listen,
                  "write HOST:PORT", "is a Unix socket, but from lists the networks of its peers");
    if (!is_good(parse, KEY_gateway_listen) || !is_good(parse, KEY_gateway_upstream))
        return;
    for (size_t i = 0; i < gateway->listen_count; i++)
        if (is_same_endpoint(&gateway->listen[i], &gateway->upstream))
            fault_key(parse, map, KEY_gateway_upstream, KEY_gateway_upstream,
                      "write the address of the server itself",
                      "is the address that the gateway listens on: it would connect to itself");
    if (gateway->listen_count > CONFIG_LISTEN_MAX)
        fault_key(parse, map, KEY_gateway_listen, KEY_gateway_listen, "write at most 64",
                  "has too many addresses");
}

static void
check_gateway(struct parse *parse, const struct config_key *map, void *base,
              const struct yaml_node *node)
{
    struct config_gateway *gateway = base;
    size_t index = (size_t)(gateway - parse->config->gateways);

    gateway->line = node->line;
    if (is_absent(parse, KEY_gateway_name))
        gateway->name = index == 0 ? store_format(parse->store, "gateway")
                                   : store_format(parse->store, "gateway%zu", index + 1);
    if (gateway->name != NULL) {
        size_t before = trail_push_name(parse, "name");

        note_add(parse, NOTE_GATEWAY, gateway->name,
                 is_good(parse, KEY_gateway_name) ? mark_of(parse, KEY_gateway_name)->node : node);
        trail_pop(parse, before);
    }
    check_tls(parse, map, gateway);
    check_upstream_tls(parse, map, gateway);
    check_addresses(parse, map, gateway);
}

/* The columns of a key: not too many, none twice. False where there is a fault. */
static bool
check_key(struct parse *parse, const struct config_texts *key, const struct yaml_node *node)
{
    const struct yaml_node *item = node->first;
    bool is_good = key->count <= CONFIG_KEY_PARTS_MAX;

    if (!is_good)
        fault_here(parse, node, "leave out what the others tell already",
                   "has %zu columns, but %d are the most", key->count, (int)CONFIG_KEY_PARTS_MAX);
    for (size_t i = 0; is_good && i < key->count; i++, item = item != NULL ? item->next : NULL)
        for (size_t k = 0; is_good && k < i; k++) {
            if (strcmp(key->items[i], key->items[k]) != 0)
                continue;
            fault_here(parse, item, "write each column once", "has the column %s twice",
                       shown(parse, key->items[i]));
            is_good = false;
        }
    return is_good;
}

static void
check_key_of(struct parse *parse, enum key_id id, const struct config_texts *key,
             const char *subject)
{
    size_t before;

    if (!is_good(parse, id))
        return;
    before = trail_push_name(parse, "key");
    if (check_key(parse, key, mark_of(parse, id)->node) && subject != NULL) {
        const char *text = store_format(parse->scratch, "%zu %s", key->count, subject);

        if (text != NULL)
            note_add(parse, NOTE_KEY_USE, text, mark_of(parse, id)->node);
    }
    trail_pop(parse, before);
}

static void
check_subject(struct parse *parse, const struct config_key *map PASU_UNUSED, void *base,
              const struct yaml_node *node)
{
    struct config_subject *subject = base;

    subject->line = node->line;
    check_key_of(parse, KEY_subjects_key, &subject->key, NULL);
    known_check_subject(parse, subject);
}

/* A key's columns as one text. */
static const char *
key_text(struct parse *parse, const struct config_texts *key)
{
    const char *text = key->items[0];

    for (size_t i = 1; i < key->count && text != NULL; i++)
        text = store_format(parse->scratch, "%s,%s", text, key->items[i]);
    return text;
}

/* The same may not be said twice: it would be counted twice. */
static void
check_personal(struct parse *parse, const struct config_key *map PASU_UNUSED, void *base,
               const struct yaml_node *node)
{
    struct config_personal *personal = base;
    const struct yaml_node *pair;
    const char *key;
    size_t before;

    personal->line = node->line;
    check_key_of(parse, KEY_personal_data_key, &personal->key,
                 is_good(parse, KEY_personal_data_subject) ? personal->subject : NULL);
    if (!is_good(parse, KEY_personal_data_table) || !is_good(parse, KEY_personal_data_subject) ||
        !is_good(parse, KEY_personal_data_key) || !is_good(parse, KEY_personal_data_fields))
        return;
    key = key_text(parse, &personal->key);
    if (key == NULL)
        return;
    before = trail_push_name(parse, "fields");
    pair = mark_of(parse, KEY_personal_data_fields)->node->first;
    for (size_t i = 0; i < personal->field_count; i++, pair = pair->next) {
        const char *text =
            store_format(parse->scratch, "%s\n%s\n%s\n%s\n%s", personal->table, personal->subject,
                         key, personal->fields[i].column, personal->fields[i].field);
        size_t inner = trail_push_name(parse, personal->fields[i].column);

        if (text != NULL)
            note_add(parse, NOTE_PERSONAL, text, pair->key);
        trail_pop(parse, inner);
    }
    trail_pop(parse, before);
}

static void
check_session(struct parse *parse, const struct config_key *map, enum key_id key,
              enum config_session session, enum config_verdict verdict)
{
    if (session == CONFIG_SESSION_CLOSE && verdict != VERDICT_BLOCK)
        fault_key(parse, map, key, key, "leave it out, or write verdict: block",
                  "is close, and the verdict is not block: nothing else ends a session");
}

static void
check_rule(struct parse *parse, const struct config_key *map, void *base,
           const struct yaml_node *node)
{
    struct config_rule *rule = base;
    size_t before = trail_push_name(parse, "name");

    rule->line = node->line;
    if (is_good(parse, KEY_rules_name))
        note_add(parse, NOTE_RULE, rule->name, mark_of(parse, KEY_rules_name)->node);
    trail_pop(parse, before);
    check_session(parse, map, KEY_rules_session, rule->session, rule->verdict);
}

static void
check_budget(struct parse *parse, const struct config_key *map, void *base,
             const struct yaml_node *node)
{
    ((struct config_budget *)base)->line = node->line;
    if (!is_absent(parse, KEY_budgets_principal) && !is_absent(parse, KEY_budgets_kind))
        fault_key(parse, map, KEY_budgets_kind, KEY_budgets_kind,
                  "write a budget for the principal, and another for the kind",
                  "is there, and so is principal: a budget is for one of them");
    check_session(parse, map, KEY_budgets_session, ((struct config_budget *)base)->session,
                  ((struct config_budget *)base)->verdict);
}

/* Who is meant must be more than what any client can say of itself. */
static void
check_bypass(struct parse *parse, const struct config_key *map PASU_UNUSED, void *base,
             const struct yaml_node *node)
{
    struct config_bypass *bypass = base;

    bypass->line = node->line;
    if (is_absent(parse, KEY_bypass_except_principal) &&
        is_absent(parse, KEY_bypass_except_address) && !bypass->is_local)
        config_fault_add(
            parse->faults, parse->path, node->line, node->column,
            "an application's name is what any client says: name whose it is, or where",
            "bypass.except has an item with none of principal, address and local");
}

/* A year is known as a whole: a date of another one is a slip, or half of something. */
static void
check_holidays(struct parse *parse, const struct config_key *map PASU_UNUSED, void *base,
               const struct yaml_node *node PASU_UNUSED)
{
    const struct config *config = base;
    const struct yaml_node *dates = mark_of(parse, KEY_holidays_dates)->node, *one;

    if (!is_good(parse, KEY_holidays_dates) || !is_good(parse, KEY_holidays_years))
        return;
    one = dates->kind == YAML_LIST ? dates->first : dates;
    for (size_t i = 0; i < config->holidays.date_count && one != NULL; i++, one = one->next) {
        uint64_t year = strtoull(one->text, NULL, 10);
        size_t before, y = 0;

        while (y < config->holidays.year_count && config->holidays.years[y] != year)
            y++;
        if (y < config->holidays.year_count)
            continue;
        before = trail_push_name(parse, "dates");
        fault_here(parse, one, "list the year there once all of its holidays are here",
                   "has %s, a day of a year that is not in holidays.years", one->text);
        trail_pop(parse, before);
    }
}

static void
check_witness(struct parse *parse PASU_UNUSED, const struct config_key *map PASU_UNUSED, void *base,
              const struct yaml_node *node)
{
    ((struct config_witness *)base)->line = node->line;
}

/* A listener of HTTP: without a certificate only for this machine, and never a Unix socket. */
static void
check_door(struct parse *parse, const struct config_key *map, enum key_id listen,
           enum key_id certificate, const struct endpoint *endpoint)
{
    struct address address;
    bool is_here = endpoint->is_unix || strcasecmp(endpoint->host, "localhost") == 0 ||
                   (endpoint_address(&address, endpoint) == 0 && address_is_loopback(&address));

    if (!is_here && is_absent(parse, certificate))
        fault_key(parse, map, listen, listen,
                  "write certificate and key, or listen on 127.0.0.1 behind a proxy that has them",
                  "is no address of this machine's own, and there is no certificate");
    if (endpoint->is_unix)
        fault_key(parse, map, listen, listen, "write HOST:PORT", "is a Unix socket");
}

/* Without a certificate the token, and who has left, would be for all to read who see the network.
 */
static void
check_scim(struct parse *parse, const struct config_key *map, void *base,
           const struct yaml_node *node PASU_UNUSED)
{
    check_pair(parse, map, KEY_principals_scim_certificate, KEY_principals_scim_key);
    if (is_good(parse, KEY_principals_scim_listen))
        check_door(parse, map, KEY_principals_scim_listen, KEY_principals_scim_certificate,
                   &((struct config *)base)->principals.scim.listen);
}

/* Codes, and what of persons was shown, would be for all to read who see the network. */
static void
check_affected(struct parse *parse, const struct config_key *map, void *base,
               const struct yaml_node *node)
{
    struct config_affected *affected = &((struct config *)base)->affected;
    size_t before;

    if (is_absent(parse, KEY_affected_listen))
        affected->listen = (struct endpoint){.host = "127.0.0.1", .port = 8444};
    check_pair(parse, map, KEY_affected_certificate, KEY_affected_key);
    if (is_absent(parse, KEY_affected_file) && is_absent(parse, KEY_affected_webhook)) {
        before = trail_push_name(parse, "file");
        fault_here(parse, node, "write affected.webhook, or affected.file",
                   "is missing, and so is webhook");
        trail_pop(parse, before);
    }
    if (is_good(parse, KEY_affected_listen))
        check_door(parse, map, KEY_affected_listen, KEY_affected_certificate, &affected->listen);
}

void
check_map(struct parse *parse, const struct config_key *key, void *base,
          const struct yaml_node *node)
{
    static const struct {
        enum key_id id;
        void (*check)(struct parse *parse, const struct config_key *map, void *base,
                      const struct yaml_node *node);
    } checks[] = {
        {KEY_gateway, check_gateway},        {KEY_subjects, check_subject},
        {KEY_personal_data, check_personal}, {KEY_rules, check_rule},
        {KEY_budgets, check_budget},         {KEY_ledger_publish_witnesses, check_witness},
        {KEY_bypass_except, check_bypass},   {KEY_principals_scim, check_scim},
        {KEY_holidays, check_holidays},      {KEY_affected, check_affected},
    };

    for (size_t i = 0; i < COUNT_OF(checks); i++)
        if (checks[i].id == key->id)
            checks[i].check(parse, key, base, node);
}

/* Adds a field to those known, once; false if it is one too many: a field is a bit of 64. */
static bool
field_add(struct parse *parse, const char *name)
{
    for (size_t i = 0; i < parse->field_count; i++)
        if (strcmp(parse->fields[i], name) == 0)
            return true;
    if (parse->field_count == CONFIG_FIELDS_MAX)
        return false;
    parse->fields[parse->field_count++] = name;
    return true;
}

static void
check_fields(struct parse *parse)
{
    for (size_t i = 0; i < parse->config->personal_count; i++) {
        const struct config_personal *personal = &parse->config->personal[i];

        for (size_t f = 0; f < personal->field_count; f++) {
            const struct config_field *field = &personal->fields[f];

            if (field->field == NULL || field->column == NULL || field_add(parse, field->field))
                continue;
            config_fault_add(
                parse->faults, parse->path, personal->line, 0, "let several columns be one field",
                "personal_data[%zu].fields.%s is \"%s\", the 65th different field, but "
                "64 are the most",
                i, shown(parse, field->column), shown(parse, field->field));
            return;
        }
    }
}

static void
check_subjects(struct parse *parse)
{
    const struct config *config = parse->config;

    if (config->subject_count > CONFIG_SUBJECTS_MAX)
        config_fault_add(parse->faults, parse->path, config->subjects[CONFIG_SUBJECTS_MAX].line, 0,
                         "let several kinds be one", "subjects has %zu kinds, but 16 are the most",
                         config->subject_count);
}

/* The control socket: where it is by default, and whether its path fits into a socket's address. */
static void
check_control(struct parse *parse)
{
    struct config *config = parse->config;
    const struct yaml_node *node = mark_of(parse, KEY_control)->node;
    size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1, length, before;

    if (mark_of(parse, KEY_control)->state == MARK_BAD ||
        mark_of(parse, KEY_ledger)->state == MARK_BAD ||
        mark_of(parse, KEY_ledger_directory)->state == MARK_BAD)
        return;
    if (config->control == NULL && config->ledger.directory != NULL)
        config->control = store_format(parse->store, "%s/control.sock", config->ledger.directory);
    for (size_t i = 0; i < config->gateway_count; i++)
        config->gateways[i].control = config->control;
    length = config->control != NULL ? strlen(config->control) : 0;
    if (length <= most)
        return;
    if (node == NULL)
        node = mark_of(parse, KEY_ledger_directory)->node;
    before = trail_push_name(parse, "control");
    fault_here(parse, node, "write control: a shorter path, such as /run/pasu/control.sock",
               "is a path of %zu bytes, but a Unix socket's has at most %zu", length, most);
    trail_pop(parse, before);
}

/* It stands beside the roster, of which the endpoint's people become a part. */
static void
check_people(struct parse *parse)
{
    struct config *config = parse->config;
    struct config_scim *scim = &config->principals.scim;
    size_t before;

    if (!scim->enabled || config->ledger.directory == NULL)
        return;
    scim->file = store_format(parse->store, "%s/people/scim.csv", config->ledger.directory);
    if (config->principals.roster.path != NULL)
        return;
    before = trail_push_name(parse, "principals.roster");
    fault_here(parse, mark_of(parse, KEY_principals)->node,
               "write principals.roster: a CSV file; its header line is enough",
               "is missing, but principals.scim is there");
    trail_pop(parse, before);
}

/* Whose a contact is, only a query can tell. */
static void
check_asking(struct parse *parse)
{
    size_t before;

    if (!parse->config->affected.enabled || parse->config->incident.contact_count > 0)
        return;
    before = trail_push_name(parse, "incident.contacts");
    fault_here(parse, mark_of(parse, KEY_affected)->node,
               "write incident.contacts: a query that gives key and contacts of each person",
               "are missing, but affected is there");
    trail_pop(parse, before);
}

static void
check_ledger_keys(struct parse *parse)
{
    const struct config *config = parse->config;

    if (config->ledger.key_count > CONFIG_LEDGER_KEYS_MAX)
        config_fault_add(parse->faults, parse->path,
                         config->ledger.keys[CONFIG_LEDGER_KEYS_MAX].line, 0,
                         "leave out keys that no segment has any more",
                         "ledger.key_file has %zu keys, but %d are the most",
                         config->ledger.key_count, (int)CONFIG_LEDGER_KEYS_MAX);
}

/* What a budget counts is in the ledger for as long as its window: pasu begins anew with what is
 * left of it. */
static void
check_retention(struct parse *parse)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } windows[] = {[WINDOW_MINUTE] = {60, "minute"},
                   [WINDOW_HOUR] = {3600, "hour"},
                   [WINDOW_DAY] = {86400, "day"},
                   [WINDOW_30D] = {30 * 86400, "30d"},
                   [WINDOW_180D] = {180 * 86400, "180d"}};
    const struct config *config = parse->config;
    const struct yaml_node *node = mark_of(parse, KEY_ledger_retention)->node;

    if (mark_of(parse, KEY_ledger)->state != MARK_GOOD || !is_good(parse, KEY_ledger_retention) ||
        config->ledger.retention == 0)
        return;
    for (size_t i = 0; i < config->budget_count; i++) {
        size_t before;

        if (config->ledger.retention >=
            windows[config->budgets[i].window].seconds * NANOSECONDS_PER_SECOND)
            continue;
        before = trail_push_name(parse, "ledger.retention");
        fault_here(parse, node, "write a longer retention, or a shorter window",
                   "is shorter than the window of budgets[%zu], %s: what it counts would be "
                   "forgotten when pasu starts",
                   i, windows[config->budgets[i].window].name);
        trail_pop(parse, before);
        return;
    }
}

void
check_all(struct parse *parse)
{
    check_retention(parse);
    check_ledger_keys(parse);
    check_fields(parse);
    check_subjects(parse);
    known_check(parse);
    check_people(parse);
    check_asking(parse);
    check_control(parse);
    if (is_good(parse, KEY_time_zone))
        parse->config->time_zone_line = mark_of(parse, KEY_time_zone)->node->line;
}
