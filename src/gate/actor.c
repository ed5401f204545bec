/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/actor.h"

#include "base/memory.h"
#include "gate/result.h"
#include "gate/session.h"

#include <assert.h>

static_assert((int)CLAIM_TEXT_MAX == (int)EXPOSURE_TEXT_MAX, "claims are copied as they are");

static const char setting_mark[] = "setting:";

static const struct config_texts *
list_of(const struct session *s, enum actor_list list)
{
    const struct config *config = s->settings->config;

    return list == ACTOR_WHO ? &config->principals.actor_from : &config->sources.claimed_from;
}

/* The setting's name, or NULL. */
static const char *
setting_of(const char *source)
{
    size_t length = sizeof(setting_mark) - 1;

    return strncmp(source, setting_mark, length) == 0 ? source + length : NULL;
}

/* ---- life ---- */

/* The place of a setting, which is a new one where no list has it yet. */
static size_t
place_of(struct actor *a, const char *name)
{
    size_t i = 0;

    while (i < a->count && strcmp(a->settings[i].name, name) != 0)
        i++;
    a->settings[i].name = name;
    a->count += i == a->count;
    return i;
}

static struct actor_source
source_of(struct actor *a, const char *source)
{
    const char *name = setting_of(source);

    if (name)
        return (struct actor_source){.kind = ACTOR_SETTING, .setting = place_of(a, name)};
    return (struct actor_source){.kind = strcmp(source, "application_name") == 0 ? ACTOR_APPLICATION
                                                                                 : ACTOR_COMMENT};
}

static int
set_sources(struct actor *a, enum actor_list list, const struct config_texts *texts)
{
    if (texts->count == 0)
        return 0;
    a->sources[list] = memory_new(texts->count, sizeof(*a->sources[list]));
    if (!a->sources[list])
        return PASU_E_NOMEM;
    for (size_t i = 0; i < texts->count; i++)
        a->sources[list][i] = source_of(a, texts->items[i]);
    a->source_counts[list] = texts->count;
    return 0;
}

static size_t
count_settings(const struct config_texts *texts)
{
    size_t count = 0;

    for (size_t i = 0; i < texts->count; i++)
        count += setting_of(texts->items[i]) != NULL;
    return count;
}

int
actor_init(struct session *s)
{
    struct actor *a = &s->observer->actor;
    size_t most = 0;
    int result = 0;

    actor_report(a, view_of_text(s->application));
    for (enum actor_list list = 0; list < ACTOR_LISTS; list++)
        most += count_settings(list_of(s, list));
    if (most > 0) {
        a->settings = memory_new(most, sizeof(*a->settings));
        if (!a->settings)
            return PASU_E_NOMEM;
    }
    for (enum actor_list list = 0; list < ACTOR_LISTS && result == 0; list++)
        result = set_sources(a, list, list_of(s, list));
    return result;
}

void
actor_release(struct actor *a)
{
    memory_free(a->settings);
    a->settings = NULL;
    a->count = 0;
    for (enum actor_list list = 0; list < ACTOR_LISTS; list++) {
        memory_free(a->sources[list]);
        a->sources[list] = NULL;
        a->source_counts[list] = 0;
    }
}

void
actor_report(struct actor *a, struct view application)
{
    claim_put(a->application, sizeof(a->application), application);
    a->version++;
}

/* ---- who it is ---- */

/* What the text that is being asked, or answered, says. */
static const struct claim *
claim_of(const struct observer *o)
{
    const struct exchange_request *request = exchange_first(&o->exchange);
    const struct plan_statement *statement;
    const struct plan *plan;

    if (o->actor.is_asking)
        return o->actor.asked;
    if (!request)
        return NULL;
    if (request->claim)
        return request->claim;
    plan = request->step != STEP_EXECUTE ? request->plan : result_plan(o, request, &statement);
    return plan ? plan->claim : NULL;
}

/* What the comment says of a list; "": nothing. */
static const char *
comment_of(const struct observer *o, enum actor_list list)
{
    const struct claim *claim = claim_of(o);

    if (!claim)
        return "";
    return list == ACTOR_WHO ? claim->actor : claim->source;
}

/* What the first source says that says anything. */
static const char *
first_of(const struct session *s, enum actor_list list)
{
    const struct actor *a = &s->observer->actor;
    const char *said = "";

    for (size_t i = 0; i < a->source_counts[list] && said[0] == '\0'; i++) {
        const struct actor_source *source = &a->sources[list][i];

        if (source->kind == ACTOR_SETTING)
            said = a->settings[source->setting].now;
        else if (source->kind == ACTOR_APPLICATION)
            said = a->application;
        else
            said = comment_of(s->observer, list);
    }
    return said;
}

void
actor_now(const struct session *s, char actor[EXPOSURE_TEXT_MAX])
{
    struct actor *a = &s->observer->actor;

    if (PASU_LIKELY(a->source_counts[ACTOR_WHO] == 0)) {
        actor[0] = '\0';
        return;
    }
    if (PASU_UNLIKELY(actor_is_claimed(s))) {
        claim_put(actor, EXPOSURE_TEXT_MAX, view_of_text(first_of(s, ACTOR_WHO)));
        return;
    }
    if (PASU_UNLIKELY(a->versions[ACTOR_WHO] != a->version)) {
        claim_put(a->who, sizeof(a->who), view_of_text(first_of(s, ACTOR_WHO)));
        a->versions[ACTOR_WHO] = a->version;
    }
    memcpy(actor, a->who, sizeof(a->who));
}

bool
actor_is_claimed(const struct session *s)
{
    return claim_of(s->observer) != NULL;
}

const char *
actor_purpose(const struct session *s)
{
    const struct claim *claim = claim_of(s->observer);

    return claim ? claim->purpose : "";
}

const char *
actor_source(const struct session *s)
{
    struct actor *a = &s->observer->actor;

    if (PASU_UNLIKELY(actor_is_claimed(s)))
        return first_of(s, ACTOR_WHERE);
    if (PASU_UNLIKELY(a->versions[ACTOR_WHERE] != a->version)) {
        a->where = first_of(s, ACTOR_WHERE);
        a->versions[ACTOR_WHERE] = a->version;
    }
    return a->where;
}

/* ---- what is set ---- */

static void
set(struct actor *a, const struct plan_setting *setting, struct view value)
{
    for (size_t i = 0; i < a->count; i++) {
        struct actor_setting *own = &a->settings[i];

        if (setting->name && strcasecmp(setting->name, own->name) != 0)
            continue;
        claim_put(own->now, sizeof(own->now), value);
        a->version++;
        if (!setting->is_local)
            memcpy(own->later, own->now, sizeof(own->later));
        a->is_changed = true;
    }
}

/* ROLLBACK TO: which of its settings that undoes is not known. */
static void
forget(struct actor *a)
{
    for (size_t i = 0; a->is_changed && i < a->count; i++)
        a->settings[i].now[0] = a->settings[i].later[0] = '\0';
    a->version++;
    a->is_failed = false;
}

void
actor_run(struct actor *a, const struct plan_statement *statement)
{
    if (PASU_LIKELY(a->count == 0))
        return;
    if (statement->special == SPECIAL_END) {
        actor_over(a, statement->verb == VERB_ROLLBACK);
        return;
    }
    if (statement->verb == VERB_ROLLBACK)
        forget(a);
    for (const struct plan_setting *p = statement->settings; p; p = p->next)
        if (p->column < 0)
            set(a, p, view_of_text(p->value ? p->value : ""));
}

void
actor_row(struct actor *a, const struct plan_statement *statement, uint8_t hidden, struct view row)
{
    struct reader r = reader_of(row);
    int count = (int)reader_u16(&r) - hidden;

    for (int column = -hidden; column < count; column++) {
        uint32_t length = reader_u32(&r);
        struct view value = view_of("", 0);

        if (length != UINT32_MAX)
            value = reader_bytes(&r, length);
        if (r.failed)
            return;
        for (const struct plan_setting *p = statement->settings; p; p = p->next)
            if (p->column == column)
                set(a, p, value);
    }
}

void
actor_over(struct actor *a, bool is_rolled_back)
{
    is_rolled_back |= a->is_failed;
    a->is_failed = false;
    if (PASU_LIKELY(!a->is_changed))
        return;
    a->is_changed = false;
    a->version++;
    for (size_t i = 0; i < a->count; i++) {
        struct actor_setting *own = &a->settings[i];

        if (is_rolled_back)
            memcpy(own->later, own->before, sizeof(own->later));
        memcpy(own->before, own->later, sizeof(own->before));
        memcpy(own->now, own->later, sizeof(own->now));
    }
}
