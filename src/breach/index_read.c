/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_question.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_each.h"
#include "breach/index_events.h"

/* ---- days that are not whole ---- */

struct stretch {
    uint64_t from, to; /* records */
    int32_t day;       /* the one that it begins with */
    struct index_noted noted;
};

static int
compare_stretches(const void *a, const void *b)
{
    const struct stretch *one = a, *other = b;

    return (one->from > other->from) - (one->from < other->from);
}

/* Where the edges' records are, in the ledger's order, none twice. To be freed. */
static int
find_stretches(struct index_question *q, struct stretch **found, size_t *count)
{
    struct stretch *stretches = memory_new(q->edges.count + 1, sizeof(*stretches));
    size_t kept = 0, all = 0;
    int result = stretches == NULL ? PASU_E_NOMEM : 0;

    *found = stretches;
    for (size_t e = 0; result == 0 && e < q->edges.count; e++) {
        struct index_day day;

        result = index_day_load(&day, q->index, index_day_of(q->edges.items[e]));
        if (result == 0) {
            stretches[all++] = (struct stretch){day.from, day.to, day.day, day.noted};
            index_day_release(&day);
        }
        if (result == PASU_E_NOTFOUND)
            result = 0;
    }
    if (all > 0)
        qsort(stretches, all, sizeof(*stretches), compare_stretches);
    for (size_t s = 0; s < all; s++) {
        if (kept > 0 && stretches[s].from <= stretches[kept - 1].to) {
            if (stretches[s].to > stretches[kept - 1].to)
                stretches[kept - 1].to = stretches[s].to;
        } else {
            stretches[kept++] = stretches[s];
        }
    }
    *count = kept;
    return result;
}

/* The time is of an edge's day. The last vocabulary before the asked time is by place, not by when
 * we come to it. */
static void
note_before(struct index_question *q, uint64_t seq, uint32_t vocabulary, int64_t time)
{
    if (time >= q->selection->filter->from || (q->has_before && q->before_at > seq))
        return;
    q->has_before = true;
    q->before_at = seq;
    q->before = vocabulary;
}

static int
read_exposure(struct index_question *q, const struct ledger_entry *entry)
{
    const struct exposure *exposure = entry->u.exposure;

    if (!index_question_is_edge(q, day_of(exposure->time)))
        return statements_close(&q->selection->statements, exposure->session);
    note_before(q, entry->seq, exposure->vocabulary, exposure->time);
    return selection_expose(q->selection, entry->seq, exposure);
}

static int
read_entry(void *arg, const struct ledger_entry *entry)
{
    struct index_question *q = arg;
    struct sessions *sessions = &q->selection->book->sessions;

    sessions_forget(sessions, entry->time);
    switch (entry->type) {
    case LEDGER_OPENED:
        return sessions_open(sessions, entry->seq, entry->u.opened);
    case LEDGER_CLOSED:
        sessions_close(sessions, entry->u.closed->session, entry->time);
        return statements_close(&q->selection->statements, entry->u.closed->session);
    case LEDGER_EXPOSURE:
        return read_exposure(q, entry);
    case LEDGER_VOCABULARY:
        if (!index_question_is_edge(q, day_of(entry->time)))
            return 0;
        note_before(q, entry->seq, entry->u.vocabulary->id, entry->time);
        return selection_note(q->selection, entry->u.vocabulary->id, entry->time);
    default:
        return 0;
    }
}

static bool
is_of_edge(void *arg, uint64_t session)
{
    const struct index_question *q = arg;
    uint32_t place;

    return map_get(&q->of_edges, session, &place);
}

/* The next record. Of damage that came after the index was made its gaps say nothing: who reads all
 * tells of it. */
static int
next_record(struct index_question *q, struct ledger_entry *entry)
{
    for (;;) {
        int next = q->entries->next(q->entries->arg, entry);

        if (next == 1)
            return 0;
        if (next < 0 && next != PASU_E_CORRUPT)
            return next;
        if (next == 0 ||
            !gaps_have_damage(&q->selection->book->gaps, q->entries->damage(q->entries->arg)))
            return PASU_E_UNAVAILABLE;
    }
}

typedef int read_fn(void *arg, const struct ledger_entry *entry);

static int
read_and_tell(const struct index_question *q, const struct ledger_entry *entry, read_fn *read,
              void *arg)
{
    int result = read(arg, entry);

    return result == 0 ? entries_tell(q->entries, entry) : result;
}

/* The sessions that were known before the stretch: those of the principals (NULL: all). */
static int
load_known(struct index_question *q, const struct stretch *stretch,
           const struct ordinals *principals)
{
    return index_events_known(q->index, &q->names, stretch->noted, stretch->from, principals,
                              &q->selection->book->sessions);
}

/* Reads the stretch by `read`; the sessions that were known before it are there. */
static int
read_stretch(struct index_question *q, const struct stretch *stretch, read_fn *read, void *arg)
{
    struct ledger_entry entry = {0};
    int result = entries_find(q->entries, stretch->from, &entry);

    if (result == 0)
        result = read_and_tell(q, &entry, read, arg);
    while (result == 0 && entry.seq < stretch->to) {
        result = next_record(q, &entry);
        if (result == 0)
            result = read_and_tell(q, &entry, read, arg);
    }
    return result;
}

/* What is open, and who sees each. */
struct opening {
    struct index_question *question;
    int (*see)(struct index_question *question, struct index_group *group);
};

static int
see_open(void *arg, struct view key, struct view value)
{
    const struct opening *opening = arg;
    struct index_group group;
    int result =
        index_group_read(&group, index_key_session_of(key), value, &opening->question->names);

    if (result == 0)
        result = opening->see(opening->question, &group);
    index_group_release(&group);
    return result;
}

static int
each_open(struct index_question *q,
          int (*see)(struct index_question *question, struct index_group *group))
{
    struct opening opening = {q, see};

    return index_each_session(q->index, INDEX_OPEN, see_open, &opening);
}

static int
note_open(struct index_question *q, struct index_group *group)
{
    return index_question_is_edge(q, day_of(group->time)) ? map_put(&q->of_edges, group->session, 0)
                                                          : 0;
}

/* A session's open statement is its last: the rest is over. */
static int
read_edge(struct index_question *q, const struct stretch *stretch)
{
    int result = load_known(q, stretch, NULL);

    if (result == 0)
        result = read_stretch(q, stretch, read_entry, q);
    return result == 0 ? statements_settle(&q->selection->statements, is_of_edge, q) : result;
}

int
index_read_edges(struct index_question *q)
{
    struct stretch *stretches = NULL;
    size_t count = 0;
    int result = q->edges.count > 0 ? each_open(q, note_open) : 0;

    if (result == 0)
        result = find_stretches(q, &stretches, &count);
    for (size_t s = 0; result == 0 && s < count; s++)
        result = read_edge(q, &stretches[s]);
    memory_free(stretches);
    return result;
}

/* ---- what somebody's sessions did on a whole day ---- */

struct finding {
    struct index_question *question;
    struct stretch stretch; /* that is read, of records of these parts of the day */
    unsigned parts;
    const struct ordinals *principals;
    struct map
        closings; /* in it, by record: of sessions that were known, these principals' or not */
};

static bool
is_of_principals(const struct finding *f, uint64_t session)
{
    const struct index_question *q = f->question;
    const struct session_info *info = sessions_get(&q->selection->book->sessions, session);
    uint32_t number = info == NULL ? 0 : index_names_principal(&q->names, info->profile);

    for (size_t p = 0; p < f->principals->count; p++)
        if (f->principals->items[p] == number)
            return true;
    return false;
}

/* The first and the last record come in any case: by them we know where we are. What is passed over
 * is a moment of the ledger's time all the same, by which sessions are forgotten; but what is
 * before the stretch was so already, when its sessions were noted. */
static bool
takes(void *arg, uint64_t seq, int64_t time, uint64_t session)
{
    const struct finding *f = arg;

    if (seq <= f->stretch.from || seq >= f->stretch.to)
        return seq >= f->stretch.from;
    sessions_forget(&f->question->selection->book->sessions, time);
    return is_of_principals(f, session);
}

static bool
is_of_parts(const struct finding *f, int64_t time)
{
    return day_of(time) == f->stretch.day && (f->parts >> day_part_of(time) & 1) != 0;
}

static int
read_opened(struct finding *f, const struct ledger_entry *entry)
{
    struct sessions *sessions = &f->question->selection->book->sessions;
    uint64_t session = entry->u.opened->session;
    int result = sessions_open(sessions, entry->seq, entry->u.opened);
    const struct session_info *info = sessions_get(sessions, session);

    if (result == 0 && info != NULL && info->profile == 0)
        sessions_mark(sessions, session, index_names_profile(&f->question->names, info));
    return result;
}

static int
read_closed(struct finding *f, const struct ledger_entry *entry)
{
    struct selection *selection = f->question->selection;
    struct sessions *sessions = &selection->book->sessions;
    uint64_t session = entry->u.closed->session;
    uint32_t place;

    if (!sessions_close(sessions, session, entry->time) &&
        map_get(&f->closings, entry->seq, &place))
        sessions_close_other(sessions, entry->time);
    return statements_close(&selection->statements, session);
}

static int
read_found(void *arg, const struct ledger_entry *entry)
{
    struct finding *f = arg;
    struct selection *selection = f->question->selection;
    const struct exposure *exposure = entry->u.exposure;

    sessions_forget(&selection->book->sessions, entry->time);
    switch (entry->type) {
    case LEDGER_OPENED:
        return read_opened(f, entry);
    case LEDGER_CLOSED:
        return read_closed(f, entry);
    case LEDGER_EXPOSURE:
        if (!is_of_principals(f, exposure->session))
            return 0;
        return is_of_parts(f, exposure->time)
                   ? statements_add(&selection->statements, entry->seq, exposure)
                   : statements_close(&selection->statements, exposure->session);
    default:
        return 0;
    }
}

static int
add_open(struct index_question *q, struct index_group *group)
{
    return map_put(&q->open, group->seq, 0);
}

bool
index_question_is_open(const struct index_question *q, uint64_t seq)
{
    uint32_t place;

    return map_get(&q->open, seq, &place);
}

/* Takes out of the parts the one that begins the earliest. */
static int
take_part(const struct index_day *day, unsigned *parts)
{
    int found = -1;

    for (int p = 0; p < DAY_PARTS; p++)
        if ((*parts >> p & 1) != 0 && day->parts[p].from <= day->parts[p].to &&
            (found < 0 || day->parts[p].from < day->parts[found].from))
            found = p;
    if (found >= 0)
        *parts &= ~(1U << found);
    return found;
}

/* The next stretch of records of the parts, which are taken out of them; false where none is left.
 */
static bool
take_stretch(struct finding *f, const struct index_day *day, unsigned *parts)
{
    int next = take_part(day, parts);

    if (next < 0)
        return false;
    f->stretch = (struct stretch){day->parts[next].from, day->parts[next].to, day->day, day->noted};
    f->parts = 0;
    while (next >= 0) {
        unsigned left = *parts;

        f->parts |= 1U << next;
        if (day->parts[next].to > f->stretch.to)
            f->stretch.to = day->parts[next].to;
        next = take_part(day, &left);
        if (next < 0 || day->parts[next].from > f->stretch.to)
            break;
        *parts = left;
    }
    return true;
}

/* The stretch; the sessions are as they were before record *known (0: not known yet), and then as
 * behind it. */
static int
read_found_stretch(struct finding *f, uint64_t *known)
{
    struct index_question *q = f->question;
    int result = *known == 0 ? load_known(q, &f->stretch, f->principals)
                             : index_events_replay(q->index, &q->names, *known, f->stretch.from,
                                                   f->principals, &q->selection->book->sessions);

    map_release(&f->closings);
    if (result == 0)
        result = index_events_closings(q->index, f->stretch.from, f->stretch.to + 1, &f->closings);
    if (result == 0)
        result = read_stretch(q, &f->stretch, read_found, f);
    *known = f->stretch.to + 1;
    return result == 0 ? statements_end(&q->selection->statements) : result;
}

static int
read_found_day(struct finding *f, const struct index_day *day, unsigned parts)
{
    uint64_t known = 0;

    if ((parts >> DAY_PART_NONE & 1) != 0) {
        f->stretch = (struct stretch){day->from, day->to, day->day, day->noted};
        f->parts = (1 << DAY_PARTS) - 1;
        return read_found_stretch(f, &known);
    }
    while (take_stretch(f, day, &parts)) {
        int result = read_found_stretch(f, &known);

        if (result != 0)
            return result;
    }
    return parts == 0 ? 0 : PASU_E_CORRUPT; /* somebody was there, and no record is */
}

int
index_read_found(struct index_question *q, int32_t day, unsigned parts,
                 const struct ordinals *principals)
{
    struct finding f = {.question = q, .principals = principals};
    struct index_day there;
    int result = q->has_open ? 0 : each_open(q, add_open);

    q->has_open = true;
    if (result == 0)
        result = index_day_load(&there, q->index, day);
    if (result != 0)
        return result == PASU_E_NOTFOUND ? PASU_E_CORRUPT : result;
    if (q->entries->choose != NULL)
        q->entries->choose(q->entries->arg, takes, &f);
    if (result == 0)
        result = read_found_day(&f, &there, parts);
    if (q->entries->choose != NULL)
        q->entries->choose(q->entries->arg, NULL, NULL);
    map_release(&f.closings);
    index_day_release(&there);
    return result;
}

/* ---- whole days ---- */

static int
note_day(struct index_question *q, const struct index_day *day)
{
    struct selection *s = q->selection;
    int result = 0;

    if (day->day < q->first) {
        note_before(q, day->vocabulary_at, day->vocabulary, day_begin(day->day));
        return 0;
    }
    if (!index_question_is_whole(q, day->day))
        return 0;
    for (size_t v = 0; result == 0 && v < day->vocabularies.count; v++)
        result = selection_note(s, day->vocabularies.items[v], day_begin(day->day));
    if (s->filter->principal != NULL)
        s->untestable += day->unknown;
    for (size_t i = 0; result == 0 && i < day->sessions.size; i++)
        if (day->sessions.slots[i].is_used)
            result = map_put(&s->unrecorded, day->sessions.slots[i].key, 0);
    return result;
}

static int
read_day(void *arg, struct view key, struct view value)
{
    struct index_day day;
    int result = index_day_read(&day, index_day_of(bytes_get_u32(key.bytes + 1)), value);

    if (result != 0)
        return result;
    result = note_day(arg, &day);
    index_day_release(&day);
    return result;
}

int
index_read_days(struct index_question *q)
{
    return index_each_number(q->index, INDEX_DAY, read_day, q);
}

/* ---- behind the index ---- */

/* As records of at most EXPOSURE_PARTS_MAX parts each. */
static int
resume(struct index_question *q, const struct index_group *group,
       const struct session_info *session)
{
    size_t count = group->part_count / EXPOSURE_PARTS_MAX + 1;
    struct exposure *records = memory_new(count, sizeof(*records));
    int result;

    if (records == NULL)
        return PASU_E_NOMEM;
    records[0] = (struct exposure){.session = group->session,
                                   .time = group->time,
                                   .shape = group->shape,
                                   .vocabulary = group->vocabulary,
                                   .rows = group->rows,
                                   .misses = group->misses,
                                   .flags = group->flags,
                                   .verdict = group->verdict};
    memcpy(records[0].rule, group->rule, sizeof(group->rule));
    memcpy(records[0].actor, group->actor, sizeof(group->actor));
    records[0].claims = group->claims;
    for (size_t p = 0; p < group->part_count; p++) {
        const struct index_group_part *part = &group->parts[p];
        struct exposure *record = &records[p / EXPOSURE_PARTS_MAX];

        record->parts[record->part_count++] =
            (struct exposure_part){.kind = part->like.kind,
                                   .attribution = part->like.attribution,
                                   .is_text = (part->like.bits & INDEX_PART_TEXT) != 0,
                                   .clear = part->like.clear,
                                   .masked = part->like.masked,
                                   .null = part->like.null,
                                   .unknown = part->unknown,
                                   .ordinals = part->shown.items,
                                   .ordinal_count = part->shown.count,
                                   .missed = part->missed.items,
                                   .missed_count = part->missed.count};
    }
    result = statements_resume(&q->selection->statements, group->seq, records, count,
                               group->statements, session, group->weight);
    memory_free(records);
    return result;
}

static int
resume_open(struct index_question *q, struct index_group *group)
{
    struct message_session opened = {.session = group->session};
    struct session_info session = {.id = group->session, .profile = group->profile};

    if (!index_question_is_whole(q, day_of(group->time)))
        return 0;
    if (q->selection->filter->principal != NULL &&
        (!group->is_known || group->principal != q->principal))
        return 0;
    if (!group->is_known)
        return resume(q, group, NULL);
    if (index_names_session(&q->names, group->profile, &opened) != 0)
        return PASU_E_CORRUPT;
    memcpy(session.gateway, opened.gateway, sizeof(session.gateway));
    memcpy(session.principal, opened.principal, sizeof(session.principal));
    memcpy(session.database, opened.database, sizeof(session.database));
    memcpy(session.application, opened.application, sizeof(session.application));
    memcpy(session.address, opened.address, sizeof(session.address));
    return resume(q, group, &session);
}

static int
add_entry(struct index_question *q, const struct ledger_entry *entry)
{
    int result = selection_add(q->selection, entry);

    return result == 0 ? entries_tell(q->entries, entry) : result;
}

int
index_read_rest(struct index_question *q)
{
    struct index_key state = index_key_letter(INDEX_STATE);
    struct book *book = q->selection->book;
    struct ledger_entry entry = {0};
    int result =
        index_sessions_load(&book->sessions, &q->names, q->index, index_key_view(&state), NULL);

    if (result == PASU_E_NOTFOUND)
        result = PASU_E_CORRUPT;
    if (result == 0 && q->has_before)
        result = names_lexicon(&book->names, q->before, &q->selection->before);
    if (result == 0)
        result = each_open(q, resume_open);
    if (result == 0)
        result = index_meta_seek(&q->meta, q->entries);
    while (result == 0) {
        int next = q->entries->next(q->entries->arg, &entry);

        if (next == 0)
            return selection_end(q->selection);
        if (next == 1)
            result = add_entry(q, &entry);
        else if (next == PASU_E_CORRUPT)
            gaps_damage(&book->gaps, q->entries->damage(q->entries->arg));
        else
            result = next;
    }
    return result;
}
