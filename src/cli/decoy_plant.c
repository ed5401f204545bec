/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/decoy.h"
#include "cli/decoy_connect.h"
#include "cli/decoy_sql.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum { PERSONS = 20, LINE_SIZE = 768 };

struct planting {
    const struct arguments *arguments;
    struct decoy_table table;
    struct decoy_style style;
    unsigned count;
};

/* ---- what is asked for ---- */

static int
complain_of(const char *hint, const char *text)
{
    complain(hint, "%s", text);
    return 2;
}

static int
read_count(struct planting *p)
{
    const char *text = p->arguments->operand_count == 2 ? p->arguments->operands[1] : NULL;
    unsigned long count = PERSONS;
    char *end = NULL;

    if (text != NULL)
        count = strtoul(text, &end, 10);
    if (text != NULL &&
        (*text < '0' || *text > '9' || *end != '\0' || count == 0 || count > DECOY_PERSONS_MAX)) {
        complain("a number from 1 to 256", "\"%.64s\" is no number of persons", text);
        return 2;
    }
    p->count = (unsigned)count;
    return 0;
}

static int
read_style(struct planting *p)
{
    const char *domain = p->arguments->values[OPTION_domain];
    const char *phone = p->arguments->values[OPTION_phone];

    p->style = (struct decoy_style){.is_english = arguments_given(p->arguments, OPTION_english),
                                    .domain = domain ? domain : "",
                                    .phone = phone ? phone : ""};
    if (domain != NULL && !decoy_domain_is_well(domain))
        return complain_of("as mail.example.com", "--domain is no domain");
    if (phone != NULL && !decoy_phone_is_well(phone))
        return complain_of("digits, + - ( ) . and blanks, and at least two #: +44 7700 900###",
                           "--phone is no range of telephone numbers");
    if (phone != NULL && decoy_phone_numbers(phone) < p->count) {
        complain("no two persons get the same number: give --phone more #, or plant fewer",
                 "--phone has only %" PRIu32 " numbers, for %u persons", decoy_phone_numbers(phone),
                 p->count);
        return 2;
    }
    return 0;
}

static int
read_given(struct planting *p)
{
    for (size_t i = 0; i < p->arguments->more_count; i++) {
        const struct argument_more *more = &p->arguments->more[i];
        /* It is cut in two where it stands: argv is ours. */
        int result = more->option == OPTION_set
                         ? decoy_table_give(&p->table, (char *)(uintptr_t)more->value)
                         : 0;

        if (result == PASU_E_MALFORMED)
            return complain_of("as --set grade=3", "--set has no COLUMN=VALUE");
        if (result != 0)
            return complain_error(result, "--set");
    }
    return 0;
}

static int
read_table(struct planting *p, const struct config *config, const struct config_subject *subject)
{
    int result = decoy_table_of(&p->table, config, subject);

    if (result == PASU_E_CONFIG)
        return complain_of("plant persons of the other kind",
                           "rows of this kind's table are about persons of another kind, too");
    if (result == PASU_E_RANGE)
        return complain_of("plant persons of another kind",
                           "this kind's persons are named by several columns, or have too many");
    return result != 0 ? complain_error(result, "decoy") : read_given(p);
}

static int
check(struct planting *p)
{
    switch (decoy_table_check(&p->table, &p->style)) {
    case DECOY_NO_DOMAIN:
        return complain_of("a domain of yours: nobody else should get what is sent there",
                           "say where their e-mail addresses are: --domain NAME");
    case DECOY_NO_PHONE:
        return complain_of("of a range of yours, or one that is kept for fiction: +44 7700 900###",
                           "say what their telephone numbers are: --phone PATTERN");
    default:
        return 0;
    }
}

/* ---- the SQL ---- */

static int
print_persons(const struct planting *p, FILE *file)
{
    struct decoy_people people;
    int result = 0;

    decoy_people_init(&people, &p->style, &os_real);
    decoy_sql_begin(file, &p->table);
    for (unsigned i = 0; i < p->count && result == 0; i++) {
        struct decoy_person person;

        result = decoy_person_make(&person, &people);
        if (result == 0)
            result = decoy_sql_person(file, &p->table, &p->style, &person);
    }
    return result;
}

static int
print_sql(const struct planting *p)
{
    int result;

    fputs("-- psql -qAtX -v ON_ERROR_STOP=1 -f THIS > planted.json; then: pasu decoy register "
          "planted.json\n",
          stdout);
    result = print_persons(p, stdout);
    if (result != 0)
        return complain_error(result, "decoy");
    decoy_sql_end(stdout);
    return 0;
}

/* ---- done here ---- */

static const char *
field(const PGresult *rows, int code)
{
    const char *text = rows != NULL ? PQresultErrorField(rows, code) : NULL;

    return text != NULL ? text : "";
}

/* What the server, or the library, has said, on one line. */
static void
write_line(char line[LINE_SIZE], const PGconn *connection, const PGresult *rows)
{
    const char *text = field(rows, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = field(rows, PG_DIAG_MESSAGE_DETAIL);
    size_t length;

    snprintf(line, LINE_SIZE, "%s%s%s", *text != '\0' ? text : PQerrorMessage(connection),
             *detail != '\0' ? ": " : "", detail);
    for (length = strlen(line); length > 0 && line[length - 1] == '\n'; length--)
        line[length - 1] = '\0';
    for (char *at = line; *at != '\0'; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
}

/* `rows`: NULL where the connection is what failed. */
static int
complain_server(const PGconn *connection, const PGresult *rows)
{
    static const char unique_violation[] = "23505";
    const char *what_to_do = field(rows, PG_DIAG_MESSAGE_HINT);
    char line[LINE_SIZE], hint[LINE_SIZE];

    if (strcmp(field(rows, PG_DIAG_SQLSTATE), unique_violation) == 0)
        what_to_do = "a row of before has that value: try again, or give --phone more #, or "
                     "another range";
    snprintf(hint, sizeof(hint), "nothing was planted%s%s", *what_to_do != '\0' ? "; " : "",
             what_to_do);
    write_line(line, connection, rows);
    complain(hint, "the server: %s", line);
    return 2;
}

/* Each answer is a person; the last rows of others have one column, too, but no such line. */
static int
take_answers(PGconn *connection, struct decoy_batch *batch)
{
    PGresult *rows;
    unsigned number = 0;
    int status = 0;

    while ((rows = PQgetResult(connection)) != NULL) {
        ExecStatusType is = PQresultStatus(rows);

        if (status == 0 && is != PGRES_TUPLES_OK && is != PGRES_COMMAND_OK)
            status = complain_server(connection, rows);
        if (status == 0 && is == PGRES_TUPLES_OK && PQntuples(rows) == 1)
            status = decoy_batch_take(batch, PQgetvalue(rows, 0, 0),
                                      (size_t)PQgetlength(rows, 0, 0), ++number);
        PQclear(rows);
    }
    return status;
}

static int
execute(PGconn *connection, const char *sql)
{
    PGresult *done = PQexec(connection, sql);
    int status = PQresultStatus(done) == PGRES_COMMAND_OK ? 0 : complain_server(connection, done);

    PQclear(done);
    return status;
}

/* They are registered before anybody can see them. */
static int
run_sql(const struct planting *p, PGconn *connection, struct decoy_batch *batch)
{
    char *sql = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&sql, &size);
    int result = file != NULL ? print_persons(p, file) : PASU_E_NOMEM, status;

    if (file != NULL && fclose(file) != 0 && result == 0)
        result = PASU_E_NOMEM;
    status = result != 0 ? complain_error(result, "decoy")
                         : execute(connection, "SET standard_conforming_strings = on");
    if (status == 0 && PQsendQuery(connection, sql) != 1)
        status = complain_server(connection, NULL);
    else if (status == 0)
        status = take_answers(connection, batch);
    free(sql);
    if (status == 0)
        status = decoy_batch_register(batch);
    if (status == 0 && execute(connection, "COMMIT") != 0) {
        complain("retire the sets above", "they are registered, and are not in the table");
        status = 2;
    }
    return status;
}

static int
do_it(const struct planting *p, struct evidence *e, const struct config_subject *subject)
{
    struct decoy_batch batch = {0};
    PGconn *connection;
    int status;

    if (!asked_has_reason(p->arguments))
        return 2;
    connection = decoy_connect(e->ask.config, p->arguments->values[OPTION_dsn]);
    status = PQstatus(connection) == CONNECTION_OK ? 0 : complain_server(connection, NULL);
    if (status == 0)
        status = decoy_batch_init(&batch, e, p->arguments, subject);
    if (status == 0)
        status = run_sql(p, connection, &batch);
    decoy_batch_release(&batch);
    PQfinish(connection);
    return status;
}

int
decoy_plant(const struct ask *ask, struct evidence *e, const struct arguments *arguments)
{
    struct planting planting = {.arguments = arguments};
    const struct config_subject *subject = decoy_subject(ask, arguments);
    int status = subject != NULL ? read_count(&planting) : 2;

    if (status == 0)
        status = read_style(&planting);
    if (status == 0)
        status = read_table(&planting, ask->config, subject);
    planting.table.role = arguments->values[OPTION_principal];
    if (status == 0)
        status = check(&planting);
    if (status != 0)
        return status;
    return e != NULL ? do_it(&planting, e, subject) : print_sql(&planting);
}

int
decoy_view(const struct ask *ask, const struct arguments *arguments)
{
    struct planting planting = {.arguments = arguments};
    const struct config_subject *subject = decoy_subject(ask, arguments);
    int status = subject != NULL ? read_table(&planting, ask->config, subject) : 2;

    if (status == 0)
        decoy_sql_view(stdout, &planting.table);
    return status;
}
