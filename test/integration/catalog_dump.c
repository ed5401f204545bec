/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows what the catalog store makes of a database: usage: catalog_dump CONFIG DATABASE. It reads
 * commands from standard input, a line each, and ends every answer with a line ".":
 *
 *     wait                     for the next snapshot or failure: "result VERSION ERROR"
 *     get                      the snapshot
 *     touch                    as if DDL had been seen
 *     mark NAME FIELD KIND     as if a table had been filled with that
 *     may ROLE TABLE COLUMN    whether the role may read that column: "yes" or "no"
 *     stale                    whether the snapshot is: "yes" or "no"
 *     time NAME                nanoseconds that a look-up of a relation's name takes
 *     config PATH              another configuration, as a reload has it
 *     plan ROLE SQL            what that role's statement is planned as (test/unit/plan_print.h),
 * and "sends TEXT" where another text goes to the server
 */
#include "config/load.h"
#include "exposure/vocabulary.h"
#include "gate/catalog_store.h"
#include "postgres/plan.h"

#include "../unit/plan_print.h"

#include <time.h>
#include <unistd.h>

enum { WAIT_SECONDS = 30, LOOKUPS = 1000000 };

struct dump {
    struct log log;
    struct catalog_store *store;
    struct settings *settings;
    struct vocabulary vocabulary;
    struct catalog_place *place;
    const char *database;
    uint64_t generation;
    pthread_mutex_t lock;
    pthread_cond_t told;
    uint64_t notices, seen;
    int result;
};

static PASU_NORETURN void
fail(const char *what, int result)
{
    fprintf(stderr, "catalog_dump: %s: %s\n", what, error_text(result));
    exit(2);
}

static void
notify(void *arg, const struct catalog_place *place, int result)
{
    struct dump *d = arg;

    pthread_mutex_lock(&d->lock);
    if (!d->place || place == d->place) {
        d->notices++;
        d->result = result;
        pthread_cond_signal(&d->told);
    }
    pthread_mutex_unlock(&d->lock);
}

/* ---- commands ---- */

static void
configure(struct dump *d, const char *path)
{
    struct config_faults faults = {0};
    struct config *config;
    struct address address;
    int result = config_load(&config, path, &faults);

    if (result == 0)
        result = config_load_files(config, &faults);
    if (result != 0)
        fail(faults.count > 0 ? faults.items[0].text : "configuration", result);
    if (d->place)
        catalog_store_leave(d->store, d->place);
    settings_release(d->settings);
    result = settings_new(&d->settings, config, ++d->generation);
    if (result == 0)
        result = vocabulary_of_config(&d->vocabulary, config);
    if (result == 0)
        result = endpoint_address(&address, &config->gateways[0].upstream);
    if (result != 0)
        fail("settings", result);
    catalog_store_configure(d->store, d->settings);
    settings_set_address(d->settings, 0, 0, 1, &address);
    catalog_store_warm(d->store, d->settings, 0, NULL);
    pthread_mutex_lock(&d->lock);
    d->place = catalog_store_enter(d->store, d->settings, 0, d->database);
    pthread_mutex_unlock(&d->lock);
    if (!d->place)
        fail("place", PASU_E_NOMEM);
}

static void
await(struct dump *d)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_SECONDS;
    pthread_mutex_lock(&d->lock);
    while (d->notices == d->seen)
        if (pthread_cond_timedwait(&d->told, &d->lock, &until) != 0)
            fail("nothing came", PASU_E_TIMEOUT);
    d->seen = d->notices;
    printf("result %llu %s\n", (unsigned long long)catalog_store_version(d->place),
           d->result == 0 ? "ok" : error_text(d->result));
    pthread_mutex_unlock(&d->lock);
}

static void
print_names(const char *before, const char (*names)[VOCABULARY_NAME_SIZE], unsigned count,
            uint64_t bits)
{
    for (unsigned i = 0; i < count; i++)
        if (bits >> i & 1) {
            printf("%s%s", before, names[i]);
            before = ",";
        }
}

static void
print_set(const struct dump *d, uint64_t fields, uint64_t kinds)
{
    print_names(" fields=", d->vocabulary.fields, d->vocabulary.field_count, fields);
    print_names(" kinds=", d->vocabulary.kinds, d->vocabulary.kind_count, kinds);
}

static const char *
column_name(const struct catalog_relation *r, int16_t number)
{
    for (size_t i = 0; i < r->column_count; i++)
        if (r->columns[i].number == number)
            return r->columns[i].name;
    return "?";
}

static void
print_relation(const struct dump *d, const struct catalog_relation *r)
{
    printf("relation %s.%s %c", r->schema, r->name, r->kind);
    print_set(d, r->fields, r->kinds);
    print_names(" written=", d->vocabulary.fields, d->vocabulary.field_count, r->written_fields);
    printf("%s%s%s%s%s\n", r->is_never ? " never" : "", r->speaks_values ? " speaks" : "",
           r->is_exit ? " exit" : "", r->has_rules ? " rules" : "",
           r->definition ? " defined" : "");
    for (size_t i = 0; i < r->show_count; i++) {
        const struct catalog_show *show = &r->shows[i];

        printf("show %s.%s %s key=%s", r->schema, r->name, d->vocabulary.kinds[show->kind],
               column_name(r, catalog_show_column(show)));
        for (size_t k = 1; k < show->key_part_count; k++)
            printf(",%s", column_name(r, show->key_parts[k]));
        printf(" type=%d%s", show->key_type, show->is_key_unique ? " unique" : "");
        for (int16_t n = 1; n <= r->column_limit; n++)
            if (show->column_fields[n] != 0) {
                printf(" %s", column_name(r, n));
                print_names("=", d->vocabulary.fields, d->vocabulary.field_count,
                            show->column_fields[n]);
            }
        printf("\n");
    }
}

static void
get(struct dump *d)
{
    struct catalog *c = catalog_store_get(d->store, d->place);
    const char *name;
    size_t at = 0;

    if (!c)
        return;
    for (size_t i = 0; i < catalog_relation_count(c); i++) {
        const struct catalog_relation *r = catalog_relation_at(c, i);

        if (!r->is_system || r->fields != 0)
            print_relation(d, r);
    }
    for (size_t i = 0; i < catalog_function_count(c); i++) {
        const struct catalog_function *f = catalog_function_at(c, i);

        if (f->is_system && !f->is_opaque && !f->is_exit)
            continue;
        printf("function %s.%s%s", f->schema, f->name, f->is_opaque ? " opaque" : "");
        print_set(d, f->fields, f->kinds);
        printf("%s%s%s\n", f->is_exit ? " exit" : "", f->is_never ? " never" : "",
               f->returns_set ? " set" : "");
    }
    for (uint8_t i = 0; i < d->vocabulary.kind_count; i++)
        printf("population %s %llu %s\n", d->vocabulary.kinds[i],
               (unsigned long long)catalog_population(c, i),
               catalog_population_is_counted(c, i) ? "counted" : "estimated");
    while ((name = catalog_unresolved(c, &at)) != NULL)
        printf("unresolved %s\n", name);
    printf("casts %s\n", catalog_has_foreign_casts(c) ? "foreign" : "clean");
    for (const char *const *o = (const char *const[]){"=", "===", "~~~", NULL}; *o; o++)
        printf("operator %s %s\n", *o, catalog_operator_is_foreign(c, *o) ? "foreign" : "clean");
    printf("partial %s\n", catalog_is_partial(c) ? "yes" : "no");
    catalog_release(c);
}

static void
may(struct dump *d, const char *role, const char *table, const char *column)
{
    struct catalog *c = catalog_store_get(d->store, d->place);
    size_t at = 0;
    const struct catalog_relation *r = c ? catalog_relation_named(c, NULL, table, &at) : NULL;
    bool may_read = false;

    for (size_t i = 0; r && i < r->column_count; i++)
        if (strcmp(r->columns[i].name, column) == 0)
            may_read = catalog_role_may_read(c, role, r->oid, r->columns[i].number);
    printf("%s\n", may_read ? "yes" : "no");
    catalog_release(c);
}

static void
mark(struct dump *d, const char *name, const char *field, const char *kind)
{
    struct catalog_mark one = {
        .name = name,
        .fields = UINT64_C(1) << vocabulary_field(&d->vocabulary, field),
        .kinds = UINT64_C(1) << vocabulary_kind(&d->vocabulary, kind),
    };
    int result = catalog_store_mark(d->store, d->place, &one, d->vocabulary.id);

    if (result != 0)
        fail("mark", result);
}

static void
measure(struct dump *d, const char *name)
{
    struct catalog *c = catalog_store_get(d->store, d->place);
    int64_t begin = os_monotonic(&os_real);
    size_t found = 0;

    for (int i = 0; c && i < LOOKUPS; i++) {
        size_t at = 0;

        found += catalog_relation_named(c, NULL, name, &at) != NULL;
    }
    printf("%lld %zu\n", (long long)((os_monotonic(&os_real) - begin) / LOOKUPS), found);
    catalog_release(c);
}

/* The rest of the line is the text. Planning needs a larger stack than this for hostile texts only.
 */
static void
make_plan(struct dump *d, const char *role, const char *sql)
{
    struct catalog *c = catalog_store_get(d->store, d->place);
    struct plan_environment environment = {
        .catalog = c, .role = role, .is_plain_dialect = true, .may_inject = true};
    char text[8192];
    struct plan *plan;
    int result = plan_new(&plan, view_of_text(sql), &environment);

    if (result != 0)
        fail("plan", result);
    plan_print(plan, text, sizeof(text));
    printf("%s\n", text);
    if (plan->rewritten.bytes)
        printf("sends %.*s\n", (int)plan->rewritten.length, (const char *)plan->rewritten.bytes);
    plan_release(plan);
    catalog_release(c);
}

static void
obey(struct dump *d, char *line)
{
    char *rest = line, *words[4] = {NULL};

    if (strncmp(line, "plan ", 5) == 0) {
        rest = line + 5;
        words[0] = strsep(&rest, " ");
        make_plan(d, words[0], rest ? strsep(&rest, "\n") : "");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(words); i++)
        words[i] = strsep(&rest, " \n");
    if (strcmp(words[0], "wait") == 0)
        await(d);
    else if (strcmp(words[0], "get") == 0)
        get(d);
    else if (strcmp(words[0], "touch") == 0)
        (void)catalog_store_touch(d->store, d->place, TOUCH_ALL);
    else if (strcmp(words[0], "stale") == 0)
        printf("%s\n", catalog_store_is_stale(d->place) ? "yes" : "no");
    else if (strcmp(words[0], "config") == 0 && words[1])
        configure(d, words[1]);
    else if (strcmp(words[0], "time") == 0 && words[1])
        measure(d, words[1]);
    else if (strcmp(words[0], "mark") == 0 && words[3])
        mark(d, words[1], words[2], words[3]);
    else if (strcmp(words[0], "may") == 0 && words[3])
        may(d, words[1], words[2], words[3]);
    else
        fail(words[0], PASU_E_USAGE);
}

int
main(int count, char **arguments)
{
    struct dump d = {.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};
    char line[65536];
    int result;

    if (count != 3)
        fail("usage: catalog_dump CONFIG DATABASE", PASU_E_USAGE);
    d.log = (struct log){STDERR_FILENO, LOG_LOGFMT, LOG_DEBUG, "catalog_dump", &os_real};
    d.database = arguments[2];
    result = catalog_store_new(&d.store, &d.log, notify, &d);
    if (result != 0)
        fail("store", result);
    configure(&d, arguments[1]);
    while (fgets(line, sizeof(line), stdin)) {
        obey(&d, line);
        printf(".\n");
        fflush(stdout);
    }
    catalog_store_stop(d.store);
    catalog_store_leave(d.store, d.place);
    catalog_store_free(d.store);
    settings_release(d.settings);
    return 0;
}
