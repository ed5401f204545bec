/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/incident_clocks.h"

#include "cli/carried_file.h"
#include "cli/complain.h"

bool
incident_clocks_is_law(const char *laws, const char *law)
{
    size_t length = strlen(law);

    for (const char *at = laws; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, law, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return !laws;
}

static bool
has_law(const struct clock_table *table, struct view law)
{
    for (size_t i = 0; i < table->count; i++)
        if (view_equal(law, view_of_text(table->rules[i].law)))
            return true;
    return false;
}

/* Each of the list is one that the table has. */
static int
check_laws(const struct clock_table *table, const char *laws)
{
    char known[512] = "";

    for (const char *at = laws; at && *at != '\0';) {
        size_t length = strcspn(at, ",");

        if (!has_law(table, view_of((const uint8_t *)at, length))) {
            for (size_t i = 0; i < table->count; i++)
                if (!strstr(known, table->rules[i].law))
                    snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s",
                             table->rules[i].law);
            complain("incident.clocks in the configuration names the table",
                     "the table of deadlines has no law \"%.*s\", but%s", (int)length, at, known);
            return 2;
        }
        at += length + (at[length] == ',');
    }
    return 0;
}

static int
parse(void *made, struct view text, const char *path, struct config_faults *faults)
{
    return clock_table_parse(made, text, path, faults);
}

int
incident_clocks_load(struct clock_table *table, const struct config *config, const char *laws)
{
    int status = carried_load(CARRIED_CLOCKS, config->incident.clocks, parse, table);

    return status != 0 ? status : check_laws(table, laws);
}

static int
start(const struct ask *ask, const struct clock_rule *rule, uint64_t number, int64_t since)
{
    struct payload_clock body = {.number = number, .since = since};
    int result = clock_rule_due(&body.due, rule, since);

    if (result != 0)
        return complain_error(result, "the deadline %s", rule->name);
    snprintf(body.name, sizeof(body.name), "%s", rule->name);
    snprintf(body.law, sizeof(body.law), "%s; to %s", rule->source, rule->to);
    return incident_add_clock(ask, &body);
}

int
incident_clocks_start(const struct ask *ask, const struct clock_table *table, const char *laws,
                      const struct incidents *own, uint64_t number, bool is_material, int64_t since,
                      size_t *started)
{
    int status = 0;

    for (size_t i = 0; i < table->count && status == 0; i++) {
        const struct clock_rule *rule = &table->rules[i];

        if (rule->is_material != is_material || !incident_clocks_is_law(laws, rule->law) ||
            (own && incidents_clock(own, number, rule->name)))
            continue;
        status = start(ask, rule, number, since);
        *started += status == 0;
    }
    return status;
}
