/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/usage.h"

#include "base/memory.h"
#include "cli/password_set.h"

void
usages_release(struct usages *u)
{
    interner_release(&u->principals);
    interner_release(&u->texts);
    memory_free(u->items);
    u->items = NULL;
    u->count = u->space = 0;
}

static struct usage *
get(struct usages *u, const char *principal)
{
    uint32_t number = interner_number(&u->principals, view_of_text(principal));

    if (number == 0)
        return NULL;
    if (number <= u->count)
        return &u->items[number - 1];
    if (u->count == u->space) {
        size_t space = u->space ? 2 * u->space : 64;
        struct usage *more = memory_resize(u->items, space, sizeof(*more));

        if (!more)
            return NULL;
        u->items = more;
        u->space = space;
    }
    u->items[u->count] = (struct usage){0};
    snprintf(u->items[u->count].principal, NAME_SIZE, "%s", principal);
    return &u->items[u->count++];
}

static int
add_place(struct usages *u, struct usage_places *places, const char *text)
{
    uint32_t number = interner_number(&u->texts, view_of_text(text));

    if (number == 0)
        return PASU_E_NOMEM;
    for (unsigned i = 0; i < places->count; i++)
        if (places->numbers[i] == number)
            return 0;
    if (places->count < USAGE_PLACES_MAX)
        places->numbers[places->count++] = number;
    return 0;
}

static void
was_here(struct usage *usage, int64_t time)
{
    if (time > usage->last)
        usage->last = time;
}

/* ---- entries ---- */

static int
see_opened(struct usages *u, const struct message_session *session)
{
    struct usage *usage = get(u, session->principal);
    int result = usage ? 0 : PASU_E_NOMEM;

    if (result != 0)
        return result;
    was_here(usage, session->opened);
    if (session->opened < u->since)
        return 0;
    usage->sessions++;
    result = add_place(u, &usage->addresses, session->address);
    return result == 0 ? add_place(u, &usage->applications, session->application) : result;
}

static int
see_closed(struct usages *u, const struct message_closed *closed)
{
    const struct session_info *session =
        sessions_get(&u->evidence->book->sessions, closed->session);
    struct usage *usage = session ? get(u, session->principal) : NULL;

    if (!usage)
        return session ? PASU_E_NOMEM : 0;
    was_here(usage, closed->closed);
    return 0;
}

static int
see_refused(struct usages *u, const struct message_refused *refused)
{
    struct usage *usage;

    if (refused->error != PASU_E_LEFT || refused->at < u->since)
        return 0;
    usage = get(u, refused->principal);
    if (!usage)
        return PASU_E_NOMEM;
    usage->attempts++;
    if (refused->at > usage->attempted)
        usage->attempted = refused->at;
    return 0;
}

static int
see(void *arg, const struct ledger_entry *entry, const struct records_place *place PASU_UNUSED,
    bool is_in_ring PASU_UNUSED)
{
    struct usages *u = arg;

    if (u->first == 0)
        u->first = entry->time;
    switch (entry->type) {
    case LEDGER_OPENED:
        return see_opened(u, entry->u.opened);
    case LEDGER_CLOSED:
        return see_closed(u, entry->u.closed);
    case LEDGER_REFUSED:
        return see_refused(u, entry->u.refused);
    default:
        return 0;
    }
}

static int
add_fields(struct usages *u, struct usage *usage, struct lexicon *lexicon, uint64_t bits)
{
    for (unsigned bit = 0; bit < EXPOSURE_FIELDS_MAX; bit++) {
        int at;

        if ((bits >> bit & 1) == 0)
            continue;
        at = names_field(&u->evidence->book->names, lexicon, bit);
        if (at < 0)
            return at;
        if (at < 64)
            usage->fields |= UINT64_C(1) << at;
        else
            usage->has_more_fields = true;
    }
    return 0;
}

/* The statement is recorded before it is sent: that the server has refused it is not known. */
static int
see_password(struct usages *u, const struct statement *statement)
{
    const char *sql = shapes_get(&u->evidence->book->shapes, statement->shape);
    char role[CATALOG_NAME_SIZE];
    struct usage *usage;

    if ((statement->flags & FLAG_BIT(ROLE)) == 0 || statement->verdict == VERDICT_OF_BLOCK ||
        !sql || !password_set(sql, statement->session.principal, role))
        return 0;
    usage = get(u, role);
    if (!usage)
        return PASU_E_NOMEM;
    usage->has_password = true;
    return 0;
}

/* Of whom nothing was shown, because all was null, was shown that. */
static int
take(void *arg, const struct statement *statement)
{
    struct usages *u = arg;
    struct usage *usage;
    uint64_t fields = 0;
    int result;

    if (!statement->is_session_known)
        return 0;
    usage = get(u, statement->session.principal);
    if (!usage)
        return PASU_E_NOMEM;
    was_here(usage, statement->time);
    for (size_t i = 0; i < statement->part_count; i++)
        fields |= statement->parts[i].clear | statement->parts[i].masked | statement->parts[i].null;
    result = add_fields(u, usage, statement->lexicon, fields);
    return result == 0 ? see_password(u, statement) : result;
}

/* A session that has not ended is still here. */
static int
see_session(void *arg, const struct session_info *session, int64_t closed)
{
    struct usages *u = arg;
    struct usage *usage = closed == 0 ? get(u, session->principal) : NULL;

    if (closed != 0)
        return 0;
    if (!usage)
        return PASU_E_NOMEM;
    was_here(usage, os_realtime(&os_real));
    return 0;
}

int
usages_read(struct usages *u, struct evidence *evidence, int64_t since)
{
    int status;

    *u = (struct usages){.since = since, .evidence = evidence};
    evidence->filter.from = since;
    evidence->watch = see;
    evidence->watch_arg = u;
    status = evidence_read(evidence, take, u);
    if (status == 0 && sessions_each(&evidence->book->sessions, see_session, u) != 0)
        status = 2;
    return status;
}

const struct usage *
usages_find(const struct usages *u, const char *principal)
{
    uint32_t number = interner_find(&u->principals, view_of_text(principal));

    return number > 0 && number <= u->count ? &u->items[number - 1] : NULL;
}

bool
usage_has_field(const struct usage *usage, const struct usages *u, const char *field)
{
    int at = name_list_find(&u->evidence->book->names.fields, field);

    if (at < 0)
        return false;
    return at >= 64 ? usage->has_more_fields : usage->fields >> at & 1;
}
