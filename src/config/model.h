/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as the program sees it: checked, complete (defaults filled in), read only.
 *
 * A model is made by config_load (config/load.h) from one YAML file and lives until config_free.
 * Texts and arrays belong to the model. Times are nanoseconds, sizes bytes. Relative paths have
 * been made relative to the configuration file's folder. Nobody sees a model that has faults.
 */
#ifndef PASU_CONFIG_MODEL_H
#define PASU_CONFIG_MODEL_H

#include "base/address.h"
#include "base/log.h"
#include "config/durability.h"

enum tls_mode { TLS_OFF, TLS_ALLOW, TLS_REQUIRE };
enum upstream_tls_mode { UPSTREAM_TLS_DISABLE, UPSTREAM_TLS_REQUIRE, UPSTREAM_TLS_VERIFY_FULL };
enum failure_mode { FAILURE_UNSET, FAILURE_CLOSED, FAILURE_OPEN };
enum attribution_identity { IDENTITY_AUTO, IDENTITY_MANUAL };
enum principals_ownerless { OWNERLESS_ALERT, OWNERLESS_BLOCK };
enum principals_scim_principal {
    SCIM_BY_USER_NAME,
    SCIM_BY_LOCAL_PART,
    SCIM_BY_EXTERNAL_ID,
    SCIM_BY_NICK_NAME
};
enum attribution_unknown { UNKNOWN_BOUND, UNKNOWN_BLOCK };
enum attribution_texts { TEXTS_COUNT, TEXTS_SCRUB };
enum config_verdict { VERDICT_ALLOW, VERDICT_ALERT, VERDICT_MASK, VERDICT_HOLD, VERDICT_BLOCK };
enum config_session { CONFIG_SESSION_KEEP, CONFIG_SESSION_CLOSE };
enum config_window { WINDOW_MINUTE, WINDOW_HOUR, WINDOW_DAY, WINDOW_30D, WINDOW_180D };
enum config_alert_format { CONFIG_ALERT_JSON, CONFIG_ALERT_OCSF };
enum config_mail_tls { CONFIG_MAIL_CLEAR, CONFIG_MAIL_TLS };
enum config_log_format { CONFIG_LOG_AUTO, CONFIG_LOG_LOGFMT, CONFIG_LOG_JSON };

enum {
    CONFIG_WORKERS_MAX = 64,
    CONFIG_FIELDS_MAX = 64,
    CONFIG_SUBJECTS_MAX = 16, /* kinds */
    CONFIG_KEY_PARTS_MAX = 4, /* columns that name a person together */
    CONFIG_GATEWAYS_MAX = 64,
    CONFIG_LISTEN_MAX = 64, /* addresses of one gateway */
    CONFIG_LEDGER_KEYS_MAX = 16,
};

/* A file named by the configuration. The loader of a process that may open files fills in `bytes`
 * (config_load_files); the gate gets the bytes from the supervisor and never opens a path. */
struct config_file {
    const char *path;      /* NULL where not configured */
    uint32_t line, column; /* in the configuration, for messages */
    bool is_secret;        /* wiped on release */
    struct view bytes;
};

struct config_texts {
    const char **items;
    size_t count;
};

struct config_gateway {
    const char *name;
    uint32_t line;
    struct endpoint *listen;
    size_t listen_count;
    struct endpoint upstream;
    struct {
        enum tls_mode mode;
        struct config_file certificate, key, client_ca;
    } tls;
    struct {
        enum upstream_tls_mode mode;
        struct config_file ca, certificate, key;
    } upstream_tls;
    struct {
        const char *user; /* NULL: no inspector */
        const char *database;
        struct config_file password_file;
    } inspector;
    const char *control; /* as of the whole, for who has only the gateway */
    struct {
        bool enabled;
        struct endpoint listen;
        struct network *from;
        size_t from_count;
    } proxy_protocol;
    struct config_texts replication; /* principals that may open replication connections */
    unsigned workers;                /* 1..CONFIG_WORKERS_MAX; "auto" is the number of processors */
    enum failure_mode on_failure;
    struct {
        enum failure_mode human, service, admin, unknown;
    } on_failure_for; /* FAILURE_UNSET: as on_failure */
    struct {
        int64_t handshake_time;
        uint32_t connections_per_address;
        uint32_t message_size;
        int64_t drain_time;
    } limits;
};

struct config_field {
    const char *column, *field;
};

/* Persons of one kind who can be of another, too: who has the values of one of those alone. */
struct config_known {
    bool is_there;
    const char *subject;     /* the other kind */
    struct config_field *by; /* a column of the key, and the one of the other kind's table */
    size_t by_count;
    uint32_t line;
};

struct config_subject {
    const char *name, *table;
    struct config_texts key; /* one column, or several that name the person together */
    bool is_sealed;
    struct config_known known_as;
    uint32_t line;
};

struct config_personal {
    const char *table, *subject;
    struct config_texts key; /* as many columns as the subject's */
    struct config_field *fields;
    size_t field_count;
    uint32_t line;
};

/* One condition of a rule: the value is (or, negated, is not) among `values`. */
struct config_condition {
    const char *name; /* principal, actor, kind, address, country, asn, application, hours, days,
                         fields, purpose, verbs, first_use, flags */
    bool is_negated;
    struct config_texts values;
};

struct config_rule {
    const char *name, *reason;
    struct config_condition *conditions;
    size_t condition_count;
    enum config_verdict verdict;
    enum config_session session; /* close: with VERDICT_BLOCK alone */
    enum durability durability;
    bool shadow; /* it judges and records, and does nothing */
    uint32_t line;
};

/* Who may reach a server around its gateway; what is not said holds for all. */
struct config_bypass {
    const char *principal, *application; /* NULL: any */
    struct network *address;             /* one, or none: address_count */
    size_t address_count;
    bool is_local; /* through a Unix socket of the server's machine */
    uint32_t line;
};

struct config_budget {
    const char *principal, *kind; /* one of both, or both NULL: everybody */
    enum config_window window;
    uint64_t subjects;
    enum config_verdict verdict;
    enum config_session session; /* close: with VERDICT_BLOCK alone */
    uint32_t line;
};

struct config_escalation {
    const char *to;
    struct config_texts email; /* instead of that of alerts.email; or none */
    int64_t within;
};

/* Where the contacts of a kind of subjects are, for notices. */
struct config_contacts {
    const char *subject;
    const char *gateway, *database; /* NULL: the only one, the inspector's */
    const char *query;
};

struct config_witness {
    const char *url, *key; /* as written; respond/publish.h checks them */
    uint32_t line;
};

/* Where checkpoints go; NULL: not there. */
struct config_publish {
    const char *file, *syslog, *webhook;
    struct config_file ca; /* no path: those that the system trusts */
    struct config_witness *witnesses;
    size_t witness_count;
};

/* Where an identity provider tells who is there. */
struct config_scim {
    bool enabled;
    struct endpoint listen;
    struct config_file token_file, certificate, key;
    enum principals_scim_principal principal;
    const char *file; /* what it was told, in the ledger's folder: the registrar's alone */
};

/* The page on which persons ask what of theirs was shown. */
struct config_affected {
    bool enabled;
    struct endpoint listen;
    struct config_file certificate, key; /* none: HTTP */
    struct network *forwarded_from;
    size_t forwarded_from_count;
    const char *file, *webhook; /* NULL: not so */
    struct config_file webhook_secret_file, ca;
    int64_t answer_time, code_time, session_time;  /* ns */
    uint64_t codes_per_contact, codes_per_address; /* an hour */
};

struct config {
    const char *path; /* of the file it was read from */
    struct config_gateway *gateways;
    size_t gateway_count;
    struct {
        const char *directory;
        enum durability durability;
        int64_t retention;        /* 0: for ever */
        struct config_file *keys; /* the first one encrypts; see config/ledger_key.h */
        size_t key_count;
        struct config_publish publish;
    } ledger;
    const char *control; /* path of the control socket; default LEDGER/control.sock */
    const char *user;    /* NULL: "pasu" if there is such an account, else "nobody" */
    struct {
        enum config_log_format format;
        enum log_level level;
    } log;
    struct config_subject *subjects;
    size_t subject_count;
    struct config_personal *personal;
    size_t personal_count;
    struct config_texts never, identity;
    struct {
        struct config_file roster;
        enum principals_ownerless ownerless;
        struct config_scim scim;
        struct config_texts actor_from;
    } principals;
    struct {
        struct config_file country_db, asn_db;
        struct config_texts claimed_from;
        struct config_file claim_key_file;
        int64_t claim_age;
    } sources;
    const char *time_zone; /* NULL: the machine's */
    uint32_t time_zone_line;
    struct {
        uint64_t *years; /* that are known */
        size_t year_count;
        uint32_t *dates; /* days since 1970-01-01, in no order */
        size_t date_count;
    } holidays;
    struct {
        bool inject, shadow;
        uint32_t shadow_persons; /* 0: any number */
        enum attribution_unknown unknown;
        enum attribution_texts texts;
        enum attribution_identity identity;
    } attribution;
    struct config_rule *rules;
    size_t rule_count;
    struct config_budget *budgets;
    size_t budget_count;
    struct {
        enum config_verdict verdict; /* VERDICT_ALLOW, VERDICT_ALERT */
        struct config_texts except;
    } administrators;
    struct {
        enum config_verdict verdict; /* VERDICT_ALLOW, VERDICT_ALERT, VERDICT_BLOCK */
        struct config_bypass *except;
        size_t except_count;
    } bypass;
    struct {
        int64_t within; /* ns */
        struct config_texts approvers;
    } approvals;
    struct {
        struct endpoint listen; /* host "": nobody is told */
    } metrics;
    struct {
        bool coverage, growth, successor, drift, fanout, orphan, misses, tiling, novelty, waking;
        uint64_t false_weekly;
        uint32_t memory; /* bytes */
    } detectors;
    struct {
        const char *webhook, *syslog;
        struct config_file webhook_secret_file, ca;
        struct {
            const char *server; /* URL; NULL: there is no e-mail */
            enum config_mail_tls tls;
            const char *from, *user; /* user NULL: nobody logs in */
            struct config_texts to;
            struct config_file password_file;
        } email;
        enum config_alert_format format;
        struct config_escalation *escalation;
        size_t escalation_count;
    } alerts;
    struct {
        const char *clocks, *notices; /* files; NULL: what pasu carries */
        struct config_contacts *contacts;
        size_t contact_count;
    } incident;
    struct config_affected affected;
};

#endif
