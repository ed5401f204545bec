/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/selection.h"

#include "base/memory.h"

void
selection_init(struct selection *s, struct book *book, const struct filter *filter,
               statement_fn *give, void *arg)
{
    *s = (struct selection){.book = book, .filter = filter};
    s->rights.seed = s->unrecorded.seed = book->sessions.places.seed;
    statements_init(&s->statements, book, give, arg);
}

void
selection_release(struct selection *s)
{
    statements_release(&s->statements);
    map_release(&s->unrecorded);
    map_release(&s->rights);
    memory_free(s->in_force);
    *s = (struct selection){0};
}

int
selection_note(struct selection *s, uint32_t id, int64_t time)
{
    struct lexicon *lexicon, **all;
    int result = names_lexicon(&s->book->names, id, &lexicon);

    if (result != 0 || (s->filter->to != 0 && time >= s->filter->to))
        return result;
    if (time < s->filter->from) {
        s->before = lexicon;
        return 0;
    }
    if (lexicon->is_in_force)
        return 0;
    all = memory_resize(s->in_force, s->in_force_count + 1, sizeof(struct lexicon *));
    if (all == NULL)
        return PASU_E_NOMEM;
    s->in_force = all;
    s->in_force[s->in_force_count++] = lexicon;
    lexicon->is_in_force = true;
    return 0;
}

int
selection_expose(struct selection *s, uint64_t seq, const struct exposure *exposure)
{
    const struct session_info *session = sessions_get(&s->book->sessions, exposure->session);
    enum filter_answer answer = filter_test(s->filter, exposure, session);
    int result = selection_note(s, exposure->vocabulary, exposure->time);

    if (result != 0)
        return result;
    if (!filter_has_time(s->filter, exposure->time))
        return statements_close(&s->statements, exposure->session);
    if (answer == FILTER_NO)
        return 0;
    if (session == NULL) {
        result = map_put(&s->unrecorded, exposure->session, 0);
        if (result != 0)
            return result;
    }
    if (answer == FILTER_YES)
        return statements_add(&s->statements, seq, exposure);
    s->untestable += exposure->statements;
    return 0;
}

/* Nothing goes on of a session that is not known any more. */
static int
forget_sessions(struct selection *s, int64_t now)
{
    uint64_t session;
    int result = 0;

    while (result == 0 && sessions_forget_one(&s->book->sessions, now, &session))
        result = statements_close(&s->statements, session);
    return result;
}

int
selection_add(struct selection *s, const struct ledger_entry *entry)
{
    int result = forget_sessions(s, entry->time);

    if (result == 0)
        result = book_note(s->book, entry);
    if (result != 0)
        return result;
    switch (entry->type) {
    case LEDGER_EXPOSURE:
        return selection_expose(s, entry->seq, entry->u.exposure);
    case LEDGER_CLOSED:
        return statements_close(&s->statements, entry->u.closed->session);
    case LEDGER_VOCABULARY:
        return selection_note(s, entry->u.vocabulary->id, entry->time);
    default:
        return 0;
    }
}

/* The session is known as long as it was, or for this statement alone. */
int
selection_right(struct selection *s, const struct ledger_entry *entry)
{
    const struct right *right = entry->u.right;
    struct sessions *sessions = &s->book->sessions;
    uint64_t session = right->exposure.session;
    bool is_known = sessions_get(sessions, session) != NULL;
    uint32_t seen;
    int result = map_get(&s->rights, entry->seq, &seen) ? 1 : map_put(&s->rights, entry->seq, 0);

    if (result == 0 && !is_known && right->opened_of.index != 0)
        result = sessions_open(sessions, right->opened_of.index, &right->opened);
    if (result == 0 && right->has_shape)
        result = shapes_add(&s->book->shapes, right->shape.fingerprint, right->shape.sql);
    if (result == 0)
        result = selection_expose(s, entry->seq, &right->exposure);
    if (result == 0)
        result = statements_close(&s->statements, session);
    if (result == 0 && !is_known)
        sessions_close(sessions, session, entry->time);
    return result < 0 ? result : 0;
}

int
selection_end(struct selection *s)
{
    return statements_end(&s->statements);
}

bool
selection_has_watched(const struct selection *s, int field)
{
    if (s->before == NULL && s->in_force_count == 0)
        return false;
    if (s->before != NULL && lexicon_field_bit(s->before, field) == 0)
        return false;
    for (size_t i = 0; i < s->in_force_count; i++)
        if (lexicon_field_bit(s->in_force[i], field) == 0)
            return false;
    return true;
}

uint64_t
selection_fields(const struct selection *s, const struct lexicon *lexicon, uint64_t fields)
{
    if (s->filter->field == NULL)
        return fields;
    return fields &
           lexicon_field_bit(lexicon, name_list_find(&s->book->names.fields, s->filter->field));
}
