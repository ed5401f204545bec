/* SPDX-License-Identifier: Apache-2.0 */
/* What is a fault, where it is said to be, and what is advised. */
#include "config_text.h"

#define LIST_OF_RULE(when) GATEWAY "rules: [{name: r, verdict: block, when: " when "}]\n"

static void
all_faults_are_named_at_once_in_the_order_of_the_file(void **state PASU_UNUSED)
{
    assert_faults(
        "gateway:\n"
        "  listn: 127.0.0.1:6432\n"
        "  upstream: 127.0.0.1\n"
        "  tls: {mode: requier, certificate: a.pem}\n"
        "  workers: 65\n"
        "on_failure: open\n"
        "personal_data:\n"
        "  - {table: public.customers, subject: custmer, key: id, fields: {name: name}}\n"
        "subjects: {customer: {table: public.customers, key: id}}\n",
        "1:1: gateway.listen is missing | write listen: an address\n"
        "2:3: gateway.listn is not a known key | did you mean listen?\n"
        "3:13: gateway.upstream is \"127.0.0.1\", which is not an address with a port | write "
        "HOST:PORT, \"[IPV6]:PORT\", or /FOLDER:PORT for a Unix socket\n"
        "4:15: gateway.tls.mode is \"requier\", which is none of its values | one of: off, allow, "
        "require; did you mean require?\n"
        "4:24: gateway.tls.key is missing, but its certificate is there | a certificate and its "
        "key "
        "are written together\n"
        "5:12: gateway.workers is \"65\", which is out of range | from 1 to 64\n"
        "6:1: on_failure is not a known key | there is a key gateway.on_failure\n"
        "8:40: personal_data[0].subject is \"custmer\", which is not under subjects | did you mean "
        "customer?\n");
}

/* Persons whom several columns name together: as many in each table, and each once. */
static void
the_columns_of_a_key_fit_each_other(void **state PASU_UNUSED)
{
    static const char *const good =
        GATEWAY "subjects: {r: {table: t, key: [a, b]}, s: {table: t, key: [a]}}\n"
                "personal_data:\n"
                "  - {table: t, subject: r, key: [x, y], fields: {c: name}}\n"
                "  - {table: t, subject: s, key: x, fields: {c: name}}\n";

    assert_faults(good, "");
    assert_faults(
        GATEWAY "subjects:\n"
                "  r: {table: t, key: [a, b, a]}\n"
                "  s: {table: t, key: []}\n"
                "  u: {table: t, key: [a, b, c, d, e]}\n"
                "  v: {table: t, key: [a, {}]}\n"
                "personal_data:\n"
                "  - {table: t, subject: r, key: [x, x], fields: {c: name}}\n",
        "3:29: subjects.r.key has the column a twice | write each column once\n"
        "4:22: subjects.s.key is an empty list | write at least one value\n"
        "5:22: subjects.u.key has 5 columns, but 4 are the most | leave out what the others tell "
        "already\n"
        "6:26: subjects.v.key[1] is a map | write a single value\n"
        "8:37: personal_data[0].key has the column x twice | write each column once\n");
    assert_faults(
        GATEWAY "subjects:\n"
                "  r: {table: t, key: [a, b]}\n"
                "  s: {table: t, key: id}\n"
                "personal_data:\n"
                "  - {table: t, subject: r, key: x, fields: {c: name}}\n"
                "  - {table: t, subject: s, key: [x, y], fields: {c: name}}\n"
                "  - {table: t, subject: r, key: [x, y, z], fields: {c: name}}\n",
        "6:33: personal_data[0].key has 1 column, but subjects.r.key on line 3 has 2 | write a "
        "column for each of those, in their order\n"
        "7:33: personal_data[1].key has 2 columns, but subjects.s.key on line 4 has 1 | write a "
        "column for each of those, in their order\n"
        "8:33: personal_data[2].key has 3 columns, but subjects.r.key on line 3 has 2 | write a "
        "column for each of those, in their order\n");
}

static void
who_is_known_as_another_has_columns_and_a_kind_for_that(void **state PASU_UNUSED)
{
    static const char *const good =
        GATEWAY "subjects:\n"
                "  r: {table: t, known_as: {by: {b: phone, a: name}, subject: c}, key: [a, b]}\n"
                "  c: {table: u, key: id, directory: sealed}\n"
                "personal_data: []\n";

    assert_faults(good, "");
    assert_faults(
        GATEWAY "subjects:\n"
                "  c: {table: u, key: id}\n"
                "  d: {table: u, key: [x, y]}\n"
                "  r: {table: t, key: [a, b], known_as: {subject: c, by: {a: name, q: phone}}}\n"
                "  s: {table: t, key: a, known_as: {subject: s, by: {a: name}}}\n"
                "  t: {table: t, key: a, known_as: {subject: r, by: {a: name}}}\n"
                "  u: {table: t, key: a, known_as: {subject: d, by: {a: name}}}\n"
                "  v: {table: t, key: a, known_as: {subject: nobody, by: {}}}\n"
                "  w: {table: t, key: a, known_as: {by: {a: 1}}}\n"
                "personal_data: []\n",
        "5:67: subjects.r.known_as.by.q is no column of this kind's key | write columns of the key "
        "that stands above it\n"
        "6:0: subjects.s.known_as.subject is \"s\", which is the kind itself | name the kind whose "
        "table tells who they are, such as customer\n"
        "7:0: subjects.t.known_as.subject is \"r\", which is a kind that has known_as itself | "
        "name "
        "that kind's own known_as here, or leave one of them out\n"
        "8:0: subjects.u.known_as.subject is \"d\", which is a kind whose key is several columns | "
        "name a kind whose key is one column\n"
        "9:45: subjects.v.known_as.subject is \"nobody\", which is not under subjects | declare it "
        "under subjects, or correct the name\n"
        "9:57: subjects.v.known_as.by is an empty map | write {COLUMN: COLUMN, …}\n"
        "10:25: subjects.w.known_as.subject is missing | write subject: the name of a kind of "
        "subject\n");
}

static void
what_must_be_there_is_missed(void **state PASU_UNUSED)
{
    static const char *const missing = "1:1: gateway is missing | write gateway: {KEY: VALUE, …}\n";

    assert_faults("", missing);
    assert_faults("# nothing\n", missing);
    assert_faults("~\n", missing);
    assert_faults("log: {level: info}\n", missing);
    assert_faults("gateway: {}\n",
                  "1:1: gateway.listen is missing | write listen: an address\n"
                  "1:1: gateway.upstream is missing | write upstream: an address\n");
    assert_faults("gateway: []\n", "1:10: gateway is an empty list | write at least one item\n");
    assert_faults("gateway:\n", "1:1: gateway has no value | write one, or remove the key\n");
    assert_faults("gateway: {listen: [], upstream: a:1}\n",
                  "1:19: gateway.listen is an empty list | write at least one value\n");
    assert_faults(
        GATEWAY "budgets: [{}]\n",
        "2:11: budgets[0].window is missing | write window: one of minute, hour, day, 30d, "
        "180d\n"
        "2:11: budgets[0].subjects is missing | write subjects: a whole number\n"
        "2:11: budgets[0].verdict is missing | write verdict: one of alert, mask, hold, "
        "block\n");
    assert_faults(
        "gateway: {listen: a:2, upstream: a:1, tls: {}, upstream_tls: {}, inspector: {},\n"
        "  proxy_protocol: {}}\n",
        "1:39: gateway.tls.mode is missing | write mode: one of off, allow, require\n"
        "1:48: gateway.upstream_tls.mode is missing | write mode: one of disable, require, "
        "verify-full\n"
        "1:66: gateway.inspector.user is missing | write user: a role's name\n"
        "2:3: gateway.proxy_protocol.listen is missing | write listen: an address\n"
        "2:3: gateway.proxy_protocol.from is missing | write from: a network\n");
}

static void
an_endpoint_for_people_is_not_open_to_all(void **state PASU_UNUSED)
{
    assert_faults(GATEWAY "principals: {roster: r.csv, scim: {}}\n",
                  "2:29: principals.scim.listen is missing | write listen: an address\n"
                  "2:29: principals.scim.token_file is missing | write token_file: a file\n");
    assert_faults(
        GATEWAY "principals: {roster: r.csv, scim: {listen: 192.0.2.1:8443, token_file: t}}\n",
        "2:36: principals.scim.listen is no address of this machine's own, and there is no "
        "certificate | write certificate and key, or listen on 127.0.0.1 behind a proxy "
        "that has them\n");
    assert_faults(GATEWAY "principals: {scim: {listen: 127.0.0.1:8443, token_file: t}}\n",
                  "2:13: principals.roster is missing, but principals.scim is there | write "
                  "principals.roster: a CSV file; its header line is enough\n");
    assert_faults(GATEWAY
                  "principals: {roster: r.csv, scim: {listen: localhost:8443, token_file: t, "
                  "certificate: c}}\n",
                  "2:75: principals.scim.key is missing, but its certificate is there | a "
                  "certificate and its key are written together\n");
}

static void
a_page_for_persons_is_whole(void **state PASU_UNUSED)
{
    static const char contacts[] = GATEWAY "subjects: {s: {table: t, key: a}}\n"
                                           "incident: {contacts: [{subject: s, query: q}]}\n";
    char text[1024];

    snprintf(text, sizeof(text), "%saffected: {file: f}\n", contacts);
    assert_faults(text, "");
    snprintf(text, sizeof(text), "%saffected: {listen: 192.0.2.1:8444, file: f}\n", contacts);
    assert_faults(text,
                  "4:12: affected.listen is no address of this machine's own, and there is no "
                  "certificate | write certificate and key, or listen on 127.0.0.1 behind a proxy "
                  "that has them\n");
    snprintf(text, sizeof(text), "%saffected: {listen: 127.0.0.1:8444, certificate: c}\n",
             contacts);
    assert_faults(text,
                  "4:11: affected.file is missing, and so is webhook | write affected.webhook, or "
                  "affected.file\n"
                  "4:36: affected.key is missing, but its certificate is there | a certificate and "
                  "its key are written together\n");
    assert_faults(GATEWAY "affected: {file: f}\n",
                  "2:11: incident.contacts are missing, but affected is there | write "
                  "incident.contacts: a query that gives key and contacts of each person\n");
}

static void
keys_are_known_and_written_once(void **state PASU_UNUSED)
{
    assert_faults(GATEWAY "GATEWAY: 1\nlogg: 1\nfoo: 1\n",
                  "2:1: GATEWAY is not a known key | did you mean gateway?\n"
                  "3:1: logg is not a known key | did you mean log?\n"
                  "4:1: foo is not a known key | known here: gateway, ledger, control, user, log, "
                  "subjects, personal_data, never, identity, principals, sources, time_zone, "
                  "holidays, attribution, rules, "
                  "budgets, administrators, bypass, approvals, metrics, detectors, alerts, "
                  "incident, affected\n");
    assert_faults(GATEWAY "log: {level: info}\nlog: {level: warning}\n",
                  "3:1: log is written twice, first on line 2 | keep one of them\n");
    assert_faults(GATEWAY "log: {level: info, level: info, <<: x}\n",
                  "2:20: log.level is written twice, first on line 2 | keep one of them\n"
                  "2:33: log.<< is not a known key | known here: format, level\n");
    assert_faults(GATEWAY "subjects:\n  a: {table: t, key: k}\n  a: {table: t, key: k}\n",
                  "4:3: subjects.a is written twice, first on line 3 | keep one of them\n");
    assert_faults(GATEWAY "subjects: {a: {table: t, key: k}}\n"
                          "personal_data: [{table: t, subject: a, key: k, fields: {c: f, c: g}}]\n",
                  "3:63: personal_data[0].fields.c is written twice, first on line 3 | keep one of "
                  "them\n");
    assert_faults(
        LIST_OF_RULE("{kind: human, kind: admin}"),
        "2:55: rules[0].when.kind is written twice, first on line 2 | keep one of them\n");
}

static void
a_map_is_no_list_and_a_list_no_value(void **state PASU_UNUSED)
{
    assert_faults("- a\n", "1:1: is a list | write KEY: VALUE on each line\n");
    assert_faults("gateway\n", "1:1: is a single value | write KEY: VALUE on each line\n");
    assert_faults("gateway: x\n",
                  "1:10: gateway is a single value | write a map, or a list of maps\n");
    assert_faults("gateway: [x]\n",
                  "1:11: gateway[0] is a single value | write a map: {KEY: VALUE, …}\n");
    assert_faults(GATEWAY "log: [a]\n", "2:6: log is a list | write a map: {KEY: VALUE, …}\n");
    assert_faults(GATEWAY "user: {a: b}\n", "2:7: user is a map | write a single value\n");
    assert_faults(GATEWAY "user: \"\"\n",
                  "2:7: user is an empty text | write one, or remove the key\n");
    assert_faults(GATEWAY "never: {a: b}\n",
                  "2:8: never is a map | write a value, or a list of values\n");
    assert_faults(GATEWAY "never: [[a]]\n", "2:9: never[0] is a list | write a single value\n");
    assert_faults(GATEWAY "rules: {name: a}\n",
                  "2:8: rules is a map | write a list of maps: - {KEY: VALUE, …}\n");
    assert_faults(GATEWAY "subjects: [a]\n",
                  "2:11: subjects is a list | write a map: NAME: {KEY: VALUE, …}\n");
    assert_faults(GATEWAY "subjects: {a: b}\n",
                  "2:15: subjects.a is a single value | write a map: {table: …, key: …}\n");
}

static void
tls_needs_what_its_mode_says(void **state PASU_UNUSED)
{
    assert_faults(
        "gateway: {listen: a:2, upstream: a:1, tls: {mode: require}}\n",
        "1:45: gateway.tls.mode is require, but there is no certificate and no key | write "
        "gateway.tls.certificate and gateway.tls.key, or mode: off\n");
    assert_faults(
        "gateway: {listen: a:2, upstream: a:1, tls: {mode: allow, key: k}}\n",
        "1:58: gateway.tls.certificate is missing, but its key is there | a certificate and "
        "its key are written together\n");
    assert_faults(
        "gateway: {listen: a:2, upstream: a:1, tls: {mode: off, client_ca: k}}\n",
        "1:56: gateway.tls.client_ca is there, but gateway.tls.mode is off: no client would "
        "show a certificate | write mode: require, or remove client_ca\n");
    assert_faults(
        "gateway: {listen: a:2, upstream: a:1, upstream_tls: {mode: verify-full, key: k}}\n",
        "1:54: gateway.upstream_tls.mode is verify-full, but there is no ca to verify with | "
        "write gateway.upstream_tls.ca: a file with the certificates that sign the "
        "server's\n"
        "1:73: gateway.upstream_tls.certificate is missing, but its key is there | a "
        "certificate and its key are written together\n");
    assert_faults("gateway: {listen: a:2, upstream: /run/pg:1, upstream_tls: {mode: require}}\n",
                  "1:60: gateway.upstream_tls.mode asks for TLS, but PostgreSQL has none on Unix "
                  "sockets | write mode: disable, or an upstream HOST:PORT\n");
    config_free(
        model_of("gateway: {listen: a:2, upstream: a:1,\n"
                 "  tls: {mode: off, certificate: c, key: k}, upstream_tls: {mode: disable, ca: "
                 "c}}\n"));
}

static void
gateways_do_not_get_in_each_others_way(void **state PASU_UNUSED)
{
    assert_faults(
        "gateway:\n"
        "- {listen: \"127.0.0.1:1\", upstream: a:1}\n"
        "- {listen: [b:1, \"[::ffff:127.0.0.1]:1\"], upstream: a:1, name: gateway}\n"
        "- {listen: B:1, upstream: a:1, name: x,\n"
        "   proxy_protocol: {listen: b:1, from: 10.0.0.1}}\n",
        "3:18: gateway[1].listen[1] is an address that is listened on already: "
        "gateway[0].listen on line 2 | take another address or port\n"
        "3:64: gateway[1].name is \"gateway\", as is gateway[0].name on line 2 | take another "
        "name\n"
        "4:12: gateway[2].listen is an address that is listened on already: "
        "gateway[1].listen[0] on line 3 | take another address or port\n"
        "5:29: gateway[2].proxy_protocol.listen is an address that is listened on already: "
        "gateway[1].listen[0] on line 3 | take another address or port\n");
    assert_faults(
        "gateway: {listen: a:1, upstream: a:1, proxy_protocol: {listen: /run:1, from: ::1}}\n",
        "1:24: gateway.upstream is the address that the gateway listens on: it would connect "
        "to itself | write the address of the server itself\n"
        "1:56: gateway.proxy_protocol.listen is a Unix socket, but from lists the networks "
        "of its peers | write HOST:PORT\n");
    config_free(
        model_of("gateway:\n- {listen: [a:0, a:0], upstream: a:1}\n- {listen: a:0, upstream: "
                 "a:1}\n"));
}

static void
how_durable_a_record_is_to_be_is_one_of_three_words(void **state PASU_UNUSED)
{
    assert_faults(GATEWAY "rules: [{name: r, verdict: allow, durability: strickt}]\n",
                  "2:47: rules[0].durability is \"strickt\", which is none of its values | one of: "
                  "os, group, strict; did you mean strict?\n");
}

static void
names_that_are_used_are_declared(void **state PASU_UNUSED)
{
    assert_faults(
        GATEWAY
        "subjects: {customer: {table: shop.public.customers, key: id}}\n"
        "personal_data:\n"
        "- {table: public.orders, subject: nobody, key: c, fields: {item: order}}\n"
        "- {table: visits, subject: customer, key: c, fields: {note: order}}\n"
        "- {table: visits, subject: customer, key: c, fields: {note: order, x: phone}}\n"
        "- {table: visits, subject: customer, key: d, fields: {note: order}}\n"
        "identity: [public.customers.email, orders.phone, b.a.visits.x, stock.x, my_orders.x]\n"
        "rules: [{name: r, verdict: mask, when: {fields: [any, order, ordre, zzz]}}]\n",
        "4:35: personal_data[0].subject is \"nobody\", which is not under subjects | declare it "
        "under "
        "subjects, or correct the name\n"
        "6:55: personal_data[2].fields.note says the same of a column as "
        "personal_data[1].fields.note "
        "on line 5 does | keep one of them\n"
        "8:64: identity[3] is \"stock.x\", whose table is neither in subjects nor in personal_data "
        "| "
        "list its table there, so that it is known whose values these are\n"
        "8:73: identity[4] is \"my_orders.x\", whose table is neither in subjects nor in "
        "personal_data | list its table there, so that it is known whose values these are\n"
        "9:62: rules[0].when.fields[2] is \"ordre\", which is no field of personal_data | did you "
        "mean "
        "order?\n"
        "9:69: rules[0].when.fields[3] is \"zzz\", which is no field of personal_data | write any, "
        "or "
        "a field that personal_data names\n");
    assert_faults(
        GATEWAY "rules:\n- {name: a, verdict: hold}\n- {name: a, verdict: hold}\n",
        "4:10: rules[1].name is \"a\", as is rules[0].name on line 3 | take another name\n");
}

static void
a_budget_is_for_one_principal_or_one_kind(void **state PASU_UNUSED)
{
    assert_faults(
        GATEWAY
        "budgets: [{principal: a, kind: human, window: day, subjects: 1, verdict: allow}]\n",
        "2:26: budgets[0].kind is there, and so is principal: a budget is for one of them | "
        "write a budget for the principal, and another for the kind\n"
        "2:74: budgets[0].verdict is \"allow\", which is none of its values | one of: alert, "
        "mask, hold, block\n");
}

static void
the_ledger_keeps_what_a_budget_counts(void **state PASU_UNUSED)
{
    config_free(model_of(GATEWAY "ledger: {retention: 30d}\n"
                                 "budgets: [{window: 30d, subjects: 1, verdict: alert}]\n"));
    assert_faults(GATEWAY "ledger: {retention: 29d}\n"
                          "budgets:\n- {window: day, subjects: 1, verdict: alert}\n"
                          "- {window: 30d, subjects: 1, verdict: alert}\n",
                  "2:21: ledger.retention is shorter than the window of budgets[1], 30d: what it "
                  "counts would be forgotten when pasu starts | write a longer retention, or a "
                  "shorter window\n");
}

static void
a_condition_is_a_value_a_list_or_their_negation(void **state PASU_UNUSED)
{
    static const char *const shape =
        " | write a value, a list of values, or {not: a value or a list}\n";
    char wanted[300];

    config_free(model_of(LIST_OF_RULE("{}")));
    config_free(
        model_of(LIST_OF_RULE("{days: mon, kind: {not: [human, admin]}, asn: {not: AS4766}}")));
    snprintf(wanted, sizeof(wanted),
             "2:48: rules[0].when.kind is a map of something else than not%s", shape);
    assert_faults(LIST_OF_RULE("{kind: {nott: human}}"), wanted);
    assert_faults(LIST_OF_RULE("{kind: {not: human, x: y}}"), wanted);
    assert_faults(LIST_OF_RULE("{kind: []}"),
                  "2:48: rules[0].when.kind is an empty list | write at least one value\n");
    assert_faults(LIST_OF_RULE("{kind: {not: {not: human}}}"),
                  "2:54: rules[0].when.kind is a map | write a value, or a list of values\n");
    assert_faults(LIST_OF_RULE("{kin: human}"),
                  "2:42: rules[0].when.kin is not a known key | did you mean kind?\n");
    assert_faults(LIST_OF_RULE("{kind: ~}"),
                  "2:48: rules[0].when.kind has no value | write one, or remove the key\n");
}

static void
at_most_16_kinds_of_subjects_fit_into_a_set(void **state PASU_UNUSED)
{
    char text[2000];
    size_t used = (size_t)snprintf(text, sizeof(text), GATEWAY "subjects:\n");

    for (int i = 0; i < 16; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "  k%d: {table: t%d, key: k}\n",
                                 i, i);
    config_free(model_of(text));
    snprintf(text + used, sizeof(text) - used, "  z: {table: z, key: k}\n");
    assert_faults(text, "19:0: subjects has 17 kinds, but 16 are the most | let several kinds be "
                        "one\n");
}

static void
at_most_64_fields_fit_into_a_set(void **state PASU_UNUSED)
{
    char text[8000];
    size_t used =
        (size_t)snprintf(text, sizeof(text),
                         GATEWAY "subjects: {a: {table: t, key: k}}\n"
                                 "personal_data:\n"
                                 "- {table: u, subject: a, key: k, fields: {c: f0, d: f1}}\n"
                                 "- {table: t, subject: a, key: k, fields: {");

    for (int i = 0; i < 64; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "c%d: f%d, ", i, i);
    snprintf(text + used, sizeof(text) - used, "z: f1}}\n");
    config_free(model_of(text));
    snprintf(text + used, sizeof(text) - used, "z: f1, y: f64}}\n");
    assert_faults(text,
                  "5:0: personal_data[1].fields.y is \"f64\", the 65th different field, but 64 are "
                  "the most | let several columns be one field\n");
}

static void
a_socket_has_a_short_path(void **state PASU_UNUSED)
{
    char text[400];

    snprintf(text, sizeof(text), GATEWAY "control: /%0107d\n", 0);
    assert_faults(text,
                  "2:10: control is a path of 108 bytes, but a Unix socket's has at most 107 | "
                  "write control: a shorter path, such as /run/pasu/control.sock\n");
    snprintf(text, sizeof(text), GATEWAY "ledger: {directory: /%0100d}\n", 0);
    assert_faults(text,
                  "2:21: control is a path of 114 bytes, but a Unix socket's has at most 107 | "
                  "write control: a shorter path, such as /run/pasu/control.sock\n");
}

static void
a_long_value_is_not_shown_whole(void **state PASU_UNUSED)
{
    char text[700];
    char *all;

    snprintf(text, sizeof(text), GATEWAY "user: a%0200d\n", 0);
    all = faults_of(text);
    assert_non_null(strstr(all, "000…\", which is longer than any name"));
    assert_true(strlen(all) < 250);
    free(all);
}

static void
the_list_of_faults_has_an_end(void **state PASU_UNUSED)
{
    struct config_faults faults = {0};
    struct config *config;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    for (int i = 0; i < 3000; i++)
        fprintf(out, "k%d: 1\n", i);
    fclose(out);
    assert_int_equal(config_parse(&config, view_of_text(text), "f", &faults), PASU_E_CONFIG);
    assert_int_equal(faults.count, CONFIG_FAULTS_MAX + 1);
    assert_string_equal(faults.items[CONFIG_FAULTS_MAX].text, "2001 more faults are not listed");
    config_faults_release(&faults);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_faults_are_named_at_once_in_the_order_of_the_file),
        cmocka_unit_test(the_columns_of_a_key_fit_each_other),
        cmocka_unit_test(who_is_known_as_another_has_columns_and_a_kind_for_that),
        cmocka_unit_test(what_must_be_there_is_missed),
        cmocka_unit_test(an_endpoint_for_people_is_not_open_to_all),
        cmocka_unit_test(a_page_for_persons_is_whole),
        cmocka_unit_test(keys_are_known_and_written_once),
        cmocka_unit_test(a_map_is_no_list_and_a_list_no_value),
        cmocka_unit_test(tls_needs_what_its_mode_says),
        cmocka_unit_test(gateways_do_not_get_in_each_others_way),
        cmocka_unit_test(how_durable_a_record_is_to_be_is_one_of_three_words),
        cmocka_unit_test(names_that_are_used_are_declared),
        cmocka_unit_test(a_budget_is_for_one_principal_or_one_kind),
        cmocka_unit_test(the_ledger_keeps_what_a_budget_counts),
        cmocka_unit_test(a_condition_is_a_value_a_list_or_their_negation),
        cmocka_unit_test(at_most_16_kinds_of_subjects_fit_into_a_set),
        cmocka_unit_test(at_most_64_fields_fit_into_a_set),
        cmocka_unit_test(a_socket_has_a_short_path),
        cmocka_unit_test(a_long_value_is_not_shown_whole),
        cmocka_unit_test(the_list_of_faults_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
