/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/actor.h"

#include "base/memory.h"
#include "gate/result.h"
#include "gate/session.h"

#include <assert.h>

static_assert((int)CLAIM_TEXT_MAX == (int)EXPOSURE_TEXT_MAX, "claims are copied as they are");

/* The lists of sources: of actors, and of where they are. */
enum { LISTS = 2 };

static const char setting_mark[] = "setting:";

static const struct config_texts *
sources_of(const struct session *s)
{
    return &s->settings->config->principals.actor_from;
}

static const struct config_texts *
list_of(const struct session *s, unsigned list)
{
    return list == 0 ? sources_of(s) : &s->settings->config->sources.claimed_from;
}

/* The setting's name, or NULL. */
static const char *
setting_of(const char *source)
{
    size_t length = sizeof(setting_mark) - 1;

    return strncmp(source, setting_mark, length) == 0 ? source + length : NULL;
}

/* ---- life ---- */

/* The settings of a list; how many. `to` NULL: they are only counted. */
static size_t
collect(const struct config_texts *sources, struct actor_setting *to)
{
    size_t count = 0;

    for (size_t i = 0; i < sources->count; i++) {
        const char *name = setting_of(sources->items[i]);

        if (name && to)
            to[count].name = name;
        count += name != NULL;
    }
    return count;
}

int
actor_init(struct session *s)
{
    struct actor *a = &s->observer->actor;
    size_t count = 0;

    actor_report(a, view_of_text(s->application));
    for (unsigned list = 0; list < LISTS; list++)
        count += collect(list_of(s, list), NULL);
    if (count == 0)
        return 0;
    a->settings = memory_new(count, sizeof(*a->settings));
    if (!a->settings)
        return PASU_E_NOMEM;
    for (unsigned list = 0; list < LISTS; list++)
        a->count += collect(list_of(s, list), a->settings + a->count);
    return 0;
}

void
actor_release(struct actor *a)
{
    memory_free(a->settings);
    a->settings = NULL;
    a->count = 0;
}

void
actor_report(struct actor *a, struct view application)
{
    claim_put(a->application, sizeof(a->application), application);
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
    plan = result_plan(o, request, &statement);
    return plan ? plan->claim : NULL;
}

static const char *
value_of(const struct actor *a, const char *name)
{
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->settings[i].name, name) == 0)
            return a->settings[i].now;
    return "";
}

/* What a source says; of a comment the member that is asked for. */
static const char *
said_by(const struct session *s, const char *source, unsigned list)
{
    const struct actor *a = &s->observer->actor;
    const char *name = setting_of(source);
    const struct claim *claim;

    if (name)
        return value_of(a, name);
    if (strcmp(source, "application_name") == 0)
        return a->application;
    claim = claim_of(s->observer);
    if (!claim)
        return "";
    return list == 0 ? claim->actor : claim->source;
}

static const char *
first_of(const struct session *s, const struct config_texts *sources, unsigned list)
{
    const char *said = "";

    for (size_t i = 0; i < sources->count && said[0] == '\0'; i++)
        said = said_by(s, sources->items[i], list);
    return said;
}

void
actor_now(const struct session *s, char actor[EXPOSURE_TEXT_MAX])
{
    claim_put(actor, EXPOSURE_TEXT_MAX, view_of_text(first_of(s, sources_of(s), 0)));
}

const char *
actor_purpose(const struct session *s)
{
    const struct claim *claim = claim_of(s->observer);

    return claim ? claim->purpose : "";
}

const char *
actor_source(const struct session *s, const struct config_texts *sources)
{
    return first_of(s, sources, 1);
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
    for (size_t i = 0; i < a->count; i++) {
        struct actor_setting *own = &a->settings[i];

        if (is_rolled_back)
            memcpy(own->later, own->before, sizeof(own->later));
        memcpy(own->before, own->later, sizeof(own->before));
        memcpy(own->now, own->later, sizeof(own->now));
    }
}
