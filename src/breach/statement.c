/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/statement.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/sums.h"

enum { FIRST_SPACE = 64, FIRST_PARTS = 2 };

struct held_statement {
    struct statement statement;
    struct list link; /* in `order` while it is held */
    uint64_t persons;
    uint32_t next_free;
};

void
statements_init(struct statements *s, struct book *book, statement_fn *give, void *arg)
{
    *s = (struct statements){.book = book, .give = give, .arg = arg};
    s->places.seed = book->sessions.places.seed;
    list_init(&s->order);
}

static void
parts_release(struct statement *statement)
{
    for (size_t p = 0; p < statement->part_count; p++) {
        persons_free(statement->parts[p].shown);
        persons_free(statement->parts[p].missed);
    }
    memory_free(statement->parts);
    statement->parts = NULL;
    statement->part_count = statement->part_space = 0;
}

void
statements_release(struct statements *s)
{
    for (size_t i = 0; i < s->count; i++) {
        parts_release(&s->held[i]->statement);
        memory_free(s->held[i]);
    }
    memory_free(s->held);
    map_release(&s->places);
    *s = (struct statements){0};
    list_init(&s->order);
}

/* A free place's number, from 0, or PASU_E_NOMEM. */
static int64_t
take_place(struct statements *s)
{
    uint32_t place = s->free_list;

    if (place != 0) {
        s->free_list = s->held[place - 1]->next_free;
        return place - 1;
    }
    if (s->count == s->space) {
        size_t space = s->space == 0 ? FIRST_SPACE : s->space * 2;
        struct held_statement **held =
            memory_resize(s->held, space, sizeof(struct held_statement *));

        if (held == NULL)
            return PASU_E_NOMEM;
        s->held = held;
        s->space = space;
    }
    s->held[s->count] = memory_new(1, sizeof(**s->held));
    if (s->held[s->count] == NULL)
        return PASU_E_NOMEM;
    list_init(&s->held[s->count]->link);
    return (int64_t)s->count++;
}

static void
free_place(struct statements *s, uint32_t place)
{
    struct held_statement *held = s->held[place];

    list_remove(&held->link);
    map_remove(&s->places, held->statement.session_id);
    s->persons -= held->persons;
    parts_release(&held->statement);
    held->next_free = s->free_list;
    s->free_list = place + 1;
}

static int
give(struct statements *s, uint32_t place)
{
    int result = s->give(s->arg, &s->held[place]->statement);

    free_place(s, place);
    return result < 0 ? result : 0;
}

/* The part that is like this one; a new one where there is none. NULL without memory. */
static struct statement_part *
part_like(struct statement *statement, const struct exposure_part *like)
{
    for (size_t p = 0; p < statement->part_count; p++) {
        struct statement_part *part = &statement->parts[p];

        if (part->kind == like->kind && part->attribution == like->attribution &&
            part->is_text == like->is_text && part->clear == like->clear &&
            part->masked == like->masked && part->null == like->null)
            return part;
    }
    if (statement->part_count == statement->part_space) {
        size_t space = statement->part_space == 0 ? FIRST_PARTS : statement->part_space * 2;
        struct statement_part *parts = memory_resize(statement->parts, space, sizeof(*parts));

        if (parts == NULL)
            return NULL;
        statement->parts = parts;
        statement->part_space = space;
    }
    statement->parts[statement->part_count] = (struct statement_part){
        .kind = like->kind,
        .attribution = like->attribution,
        .is_text = like->is_text,
        .clear = like->clear,
        .masked = like->masked,
        .null = like->null,
    };
    return &statement->parts[statement->part_count++];
}

static int
take_part(struct held_statement *held, const struct exposure_part *from)
{
    struct statement_part *part = part_like(&held->statement, from);

    if (part == NULL || persons_add(&part->shown, from->ordinals, from->ordinal_count) != 0 ||
        persons_add(&part->missed, from->missed, from->missed_count) != 0)
        return PASU_E_NOMEM;
    held->persons += from->ordinal_count + from->missed_count + STATEMENT_PART_COST;
    part->unknown = sum_of(part->unknown, from->unknown);
    return 0;
}

static int
take_record(struct held_statement *held, const struct exposure *exposure)
{
    struct statement *statement = &held->statement;

    statement->statements = sum_of(statement->statements, exposure->statements);
    statement->rows = sum_of(statement->rows, exposure->rows);
    statement->misses = sum_of(statement->misses, exposure->misses);
    statement->flags |= exposure->flags;
    /* A rule in shadow is told though the statement was allowed. */
    if (exposure->verdict > statement->verdict ||
        (exposure->verdict == statement->verdict && statement->rule[0] == '\0')) {
        statement->verdict = exposure->verdict;
        memcpy(statement->rule, exposure->rule, sizeof(statement->rule));
    }
    for (size_t p = 0; p < exposure->part_count && p < EXPOSURE_PARTS_MAX; p++) {
        int result = take_part(held, &exposure->parts[p]);

        if (result != 0)
            return result;
    }
    return 0;
}

/* A new held statement that begins with the record; its place, or an error. */
static int64_t
begin(struct statements *s, uint64_t seq, const struct exposure *exposure)
{
    const struct session_info *session = sessions_get(&s->book->sessions, exposure->session);
    struct lexicon *lexicon;
    struct held_statement *held;
    int result = names_lexicon(&s->book->names, exposure->vocabulary, &lexicon);
    int64_t place = result == 0 ? take_place(s) : result;

    if (place < 0)
        return place;
    held = s->held[place];
    held->persons = 0;
    held->statement = (struct statement){.seq = seq,
                                         .time = exposure->time,
                                         .session_id = exposure->session,
                                         .shape = exposure->shape,
                                         .lexicon = lexicon};
    if (session != NULL) {
        held->statement.is_session_known = true;
        held->statement.session = *session;
    }
    memcpy(held->statement.actor, exposure->actor, sizeof(exposure->actor));
    held->statement.claims = exposure->claims;
    list_append(&s->order, &held->link);
    if (map_put(&s->places, exposure->session, (uint32_t)place) == 0)
        return place;
    free_place(s, (uint32_t)place);
    return PASU_E_NOMEM;
}

static bool
is_continued(const struct statements *s, const struct statement *statement,
             const struct exposure *exposure)
{
    bool is_known = sessions_get(&s->book->sessions, exposure->session) != NULL;

    return exposure->statements == 0 && statement->shape == exposure->shape &&
           statement->lexicon->id == exposure->vocabulary &&
           statement->is_session_known == is_known &&
           day_of(statement->time) == day_of(exposure->time) &&
           strncmp(statement->actor, exposure->actor, sizeof(statement->actor)) == 0;
}

int
statements_add(struct statements *s, uint64_t seq, const struct exposure *exposure)
{
    uint32_t known;
    int64_t place = -1;
    uint64_t before;
    int result;

    if (map_get(&s->places, exposure->session, &known)) {
        if (is_continued(s, &s->held[known]->statement, exposure)) {
            place = known;
        } else {
            result = give(s, known);
            if (result != 0)
                return result;
        }
    }
    if (place < 0)
        place = begin(s, seq, exposure);
    if (place < 0)
        return (int)place;
    before = s->held[place]->persons;
    result = take_record(s->held[place], exposure);
    s->persons += s->held[place]->persons - before;
    if (result == 0 && s->held[place]->persons > STATEMENT_PERSONS_MAX)
        return give(s, (uint32_t)place);
    if (result == 0 && s->persons > STATEMENTS_HELD_MAX)
        result = statements_end(s);
    return result;
}

int
statements_close(struct statements *s, uint64_t session)
{
    uint32_t place;

    return map_get(&s->places, session, &place) ? give(s, place) : 0;
}

int
statements_end(struct statements *s)
{
    while (!list_is_empty(&s->order)) {
        const struct held_statement *held = LIST_ENTRY(s->order.next, struct held_statement, link);
        uint32_t place = 0;
        int result = 0;

        if (map_get(&s->places, held->statement.session_id, &place))
            result = give(s, place);
        if (result != 0)
            return result;
    }
    return 0;
}

int
statements_settle(struct statements *s, bool (*keeps)(void *arg, uint64_t session), void *arg)
{
    for (size_t i = 0; i < s->count; i++) {
        uint64_t session = s->held[i]->statement.session_id;
        uint32_t place;
        int result;

        if (!map_get(&s->places, session, &place) || place != i || keeps(arg, session))
            continue;
        result = give(s, place);
        if (result != 0)
            return result;
    }
    return 0;
}

int
statements_resume(struct statements *s, uint64_t seq, const struct exposure *exposures,
                  size_t count, uint64_t executions, const struct session_info *session,
                  uint64_t persons)
{
    int64_t place = begin(s, seq, &exposures[0]);
    struct statement *statement;
    int result = 0;

    if (place < 0)
        return (int)place;
    statement = &s->held[place]->statement;
    statement->is_session_known = session != NULL;
    statement->session = session != NULL ? *session : (struct session_info){0};
    statement->statements = executions;
    for (size_t i = 0; result == 0 && i < count; i++)
        result = take_record(s->held[place], &exposures[i]);
    s->held[place]->persons = persons;
    s->persons += persons;
    return result; /* the record before it was within the limits */
}

bool
statement_is_notable(const struct statement *statement)
{
    return statement->part_count > 0 || statement->misses > 0 || statement->flags != 0 ||
           statement->verdict != VERDICT_OF_ALLOW || statement->rule[0] != '\0';
}

enum attribution
attribution_weaker(enum attribution a, unsigned b)
{
    enum attribution other = b < ATTRIBUTION_COUNT ? (enum attribution)b : ATTRIBUTION_BOUND;

    return other > a ? other : a;
}

enum attribution
statement_attribution(const struct statement *statement)
{
    enum attribution weakest = ATTRIBUTION_NONE;

    for (size_t p = 0; p < statement->part_count; p++)
        weakest = attribution_weaker(weakest, statement->parts[p].attribution);
    return weakest;
}

bool
part_has_shown(const struct statement_part *part)
{
    return part->shown != NULL || part->unknown > 0 || part->missed == NULL;
}

bool
part_has_named(const struct statement_part *part)
{
    return part->shown != NULL || part->missed != NULL;
}
