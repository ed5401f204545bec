/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dump_match.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "policy/looks.h"

/* ---- what is looked for ---- */

/* The configuration's name of the field that a mapping of the kind has for a column; or the
 * column's. */
static const char *
field_of(const struct config *config, const struct identity_name *name, const char *column)
{
    const char *found = column;

    for (size_t i = 0; i < config->personal_count; i++) {
        const struct config_personal *personal = &config->personal[i];
        const char *table = strrchr(personal->table, '.');

        if (strcmp(personal->subject, name->kind) != 0)
            continue;
        for (size_t f = 0; f < personal->field_count; f++)
            if (strcmp(personal->fields[f].column, column) == 0) {
                found = personal->fields[f].field;
                if (strcmp(table != NULL ? table + 1 : personal->table, name->table) == 0)
                    return found;
            }
    }
    return found;
}

static enum look
look_of(const struct identity_name *name, size_t column, const char *field)
{
    enum look look = look_of_name(name->table, name->columns[column]);

    return look == LOOK_NONE ? look_of_name(name->table, field) : look;
}

static void
choose_looks(struct dump_column *column)
{
    enum look looks[2] = {LOOK_NONE, LOOK_NONE};

    for (size_t i = 0; i < column->name->count && i < 2; i++)
        looks[i] = look_of(column->name, i, column->fields[i]);
    if (column->name->count == 2) {
        column->phone_part = looks[1] == LOOK_PHONE;
        if ((looks[0] == LOOK_PHONE) != (looks[1] == LOOK_PHONE))
            column->looks = DUMP_PAIR;
    } else if (column->name->count == 1 && looks[0] == LOOK_PHONE) {
        column->looks = DUMP_PHONE;
    } else if (column->name->count == 1 && looks[0] == LOOK_EMAIL) {
        column->looks = DUMP_EMAIL;
    } else if (column->name->count == 1 && looks[0] == LOOK_NONE) {
        column->looks = DUMP_EMAIL | DUMP_PHONE;
    }
}

/* A column for each kind that a section's values show. */
static void
add_section(struct dump_match *m, size_t place)
{
    const struct identity_section *section = identity_section_at(m->identity.identity, place);
    const struct identity_names *names = &m->identity.names;

    for (size_t i = 0; i < names->count; i++) {
        struct dump_column *column = &m->columns[m->column_count];
        const struct identity_name *name = &names->items[i];

        if (memcmp(name->definition, section->definition, sizeof(section->definition)) != 0 ||
            m->column_count == UINT16_MAX)
            continue;
        *column = (struct dump_column){.section = section, .name = name, .place = (uint16_t)place};
        for (size_t c = 0; c < name->count && c < 2; c++)
            column->fields[c] = field_of(m->evidence->ask.config, name, name->columns[c]);
        choose_looks(column);
        m->column_count++;
    }
}

/* Whether a column has the numbers of a pair alone, of persons of the same kind. */
static bool
covers(const struct dump_column *alone, const struct dump_column *pair)
{
    const struct identity_section *a = alone->section, *p = pair->section;
    int16_t number = pair->phone_part == 0 ? p->attribute : p->others[pair->phone_part - 1];

    return (alone->looks & DUMP_PHONE) != 0 && a->attribute == number &&
           a->relation == p->relation && a->key_attribute == p->key_attribute &&
           a->database_oid == p->database_oid && a->system == p->system &&
           strcmp(a->gateway, p->gateway) == 0 && strcmp(alone->name->kind, pair->name->kind) == 0;
}

/* What is looked for, as a whole. PASU_E_NOMEM. */
static int
look_through(struct dump_match *m)
{
    bool has_pairs = false, is_any = false;

    for (size_t c = 0; c < m->column_count; c++) {
        struct dump_column *column = &m->columns[c];
        size_t number = column->looks == DUMP_PAIR ? column->phone_part : 0;

        if ((column->looks & (DUMP_PHONE | DUMP_PAIR)) == 0)
            continue;
        m->shapes |= column->section->shapes[number];
        is_any |= column->section->shapes[number] == 0;
        if (column->looks != DUMP_PAIR)
            continue;
        for (size_t a = 0; a < m->column_count; a++)
            column->is_covered |= covers(&m->columns[a], column);
        has_pairs = true;
        m->has_bare_pairs |= !column->is_covered;
    }
    if (is_any)
        m->shapes = 0;
    if (has_pairs)
        m->contexts = memory_new(DUMP_WAITING, sizeof(*m->contexts));
    return has_pairs && m->contexts == NULL ? PASU_E_NOMEM : 0;
}

/* ---- what is found ---- */

/* Those of each part of the set behind each other: which part it is costs the most where it is
 * another one each time. */
static int
add_ordinals(struct dump_column *column)
{
    enum { PART_BITS = 16, PARTS = 256 };
    uint32_t sorted[DUMP_ORDINALS] PASU_UNINITIALIZED;
    size_t places[PARTS + 1] = {0}, count = column->ordinal_count;

    for (size_t i = 0; i < count; i++)
        places[(column->ordinals[i] >> PART_BITS) % PARTS + 1]++;
    for (size_t p = 1; p < PARTS; p++)
        places[p] += places[p - 1];
    for (size_t i = 0; i < count; i++)
        sorted[places[(column->ordinals[i] >> PART_BITS) % PARTS]++] = column->ordinals[i];
    column->ordinal_count = 0;
    return persons_add(&column->persons, sorted, count);
}

static int
take_answer(struct dump_match *m, const struct identity_question *question,
            struct dump_column *column, struct dump_value *value)
{
    if (question->found == IDENTITY_NONE)
        return 0;
    value->is_paired |= column->looks == DUMP_PAIR;
    if (question->found == IDENTITY_SEVERAL) {
        value->is_shared = true;
        column->shared++;
        return 0;
    }
    if (m->evidence->decoys != NULL &&
        decoys_of(m->evidence->decoys, column->name->kind, question->ordinal, INT64_MAX) != NULL) {
        value->is_decoy = true;
        return 0;
    }
    value->is_one = true;
    if (column->ordinals == NULL)
        column->ordinals = memory_new(DUMP_ORDINALS, sizeof(*column->ordinals));
    if (column->ordinals == NULL)
        return PASU_E_NOMEM;
    column->ordinals[column->ordinal_count++] = question->ordinal;
    return column->ordinal_count == DUMP_ORDINALS ? add_ordinals(column) : 0;
}

int
dump_match_flush(struct dump_match *m)
{
    int result = 0;

    identity_find_many(m->identity.identity, m->questions, m->question_count);
    for (size_t i = 0; result == 0 && i < m->question_count; i++)
        result =
            take_answer(m, &m->questions[i], &m->columns[m->asked[i]], &m->waiting[m->asking[i]]);
    m->question_count = 0;
    return result;
}

int
dump_match_ask(struct dump_match *m, size_t column, struct identity_hash hash)
{
    m->questions[m->question_count] =
        (struct identity_question){.hash = hash, .section = m->columns[column].place};
    m->asked[m->question_count] = (uint16_t)column;
    m->asking[m->question_count++] = (uint8_t)m->current;
    return m->question_count == DUMP_QUESTIONS ? dump_match_flush(m) : 0;
}

/* All that wait. Whether the last one is anybody's, or an error. */
static int
settle(struct dump_match *m)
{
    int result = dump_match_flush(m);
    bool is_known = false;

    if (result == 0 && m->contexts != NULL)
        result = dump_pairs_ask(m);

    for (size_t i = 0; i < m->waiting_count; i++) {
        const struct dump_value *value = &m->waiting[i];
        struct dump_values *values = &m->values[value->what];

        is_known = value->is_one || value->is_decoy || value->is_shared;
        if (value->is_one)
            values->ours++;
        else if (value->is_decoy)
            values->decoys++;
        else if (value->is_shared)
            values->shared++;
    }
    m->waiting_count = 0;
    return result < 0 ? result : is_known;
}

static int
ask_all(struct dump_match *m, enum dump_looks looks)
{
    int result = 0;

    for (size_t w = 0; result == 0 && w < m->ways->count; w++) {
        struct view way = spellings_at(m->ways, w);
        struct identity_hash hash;
        bool is_hashed = false;

        for (size_t c = 0; result == 0 && c < m->column_count; c++) {
            if ((m->columns[c].looks & looks) == 0 ||
                !identity_may_have(m->columns[c].section, 0, way))
                continue;
            if (!is_hashed)
                hash = identity_hash_of(&m->identity.key, way);
            is_hashed = true;
            result = dump_match_ask(m, c, hash);
        }
    }
    return result;
}

/* As the decoys are looked for: their own forms. */
static bool
is_decoys(struct dump_match *m, enum contact what, struct view text)
{
    char copy[SPELLING_SIZE + CONTACTS_REACH];

    if (text.length >= sizeof(copy))
        return false;
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    return what == CONTACT_EMAIL ? decoy_search_email(&m->decoys, copy)
                                 : decoy_search_phone(&m->decoys, copy);
}

static int
see(void *arg, enum contact what, struct view text, struct view before, struct view behind)
{
    struct dump_match *m = arg;
    int result;

    m->current = m->waiting_count++;
    m->waiting[m->current] = (struct dump_value){
        .what = what, .is_decoy = m->decoys.count > 0 && is_decoys(m, what, text)};
    spellings_shaped(m->ways, text, what == CONTACT_PHONE ? m->shapes : 0);
    result = ask_all(m, what == CONTACT_EMAIL ? DUMP_EMAIL : DUMP_PHONE);
    if (what == CONTACT_PHONE && m->contexts != NULL)
        dump_pairs_keep(m, text, before, behind);
    if (result == 0 && m->contacts.is_alone && m->waiting_count < DUMP_WAITING)
        return 0;
    return result == 0 ? settle(m) : result;
}

int
dump_match_took(struct dump_match *m, size_t count)
{
    int result = contacts_took(&m->contacts, count);

    if (result == 0)
        result = settle(m);
    return result < 0 ? result : 0;
}

int
dump_match_finish(struct dump_match *m)
{
    int result = contacts_end(&m->contacts);

    if (result == 0)
        result = settle(m);
    for (size_t c = 0; c < m->column_count && result >= 0; c++)
        result = add_ordinals(&m->columns[c]);
    return result < 0 ? result : 0;
}

uint64_t
dump_match_found(const struct dump_match *m, enum contact what)
{
    return what == CONTACT_EMAIL ? m->contacts.emails : m->contacts.phones;
}

/* ---- how many ---- */

bool
dump_match_has_kind(const struct dump_match *m, const char *kind)
{
    for (size_t c = 0; c < m->column_count; c++)
        if (strcmp(m->columns[c].name->kind, kind) == 0)
            return true;
    return false;
}

int
dump_match_persons(const struct dump_match *m, const char *kind, struct persons **persons)
{
    int result = 0;

    *persons = NULL;
    for (size_t c = 0; result == 0 && c < m->column_count; c++)
        if (m->columns[c].persons != NULL && strcmp(m->columns[c].name->kind, kind) == 0)
            result = persons_unite(persons, m->columns[c].persons);
    return result;
}

int
dump_match_count(const struct dump_match *m, const char *kind, struct dump_count *count)
{
    struct persons *persons;
    int result = dump_match_persons(m, kind, &persons);

    count->at_least = count->at_most = persons_count(persons);
    persons_free(persons);
    for (size_t c = 0; c < m->column_count; c++) {
        const struct dump_column *column = &m->columns[c];
        const struct identity_section *s = column->section;

        /* Each other value has a row at least: these have what is left. */
        if (column->shared > 0 && strcmp(column->name->kind, kind) == 0)
            count->at_most +=
                s->rows - s->values + (column->shared < s->several ? column->shared : s->several);
    }
    return result;
}

/* ---- all of it ---- */

int
dump_match_begin(struct dump_match *m, const struct evidence *e)
{
    size_t sections;
    int result, status;

    *m = (struct dump_match){.evidence = e};
    status = sample_identity_open(&m->identity, e);
    if (status != 0)
        return status;
    if (m->identity.identity == NULL) {
        complain("name identifying columns under identity, and run, as root or the guard's "
                 "account: pasu index build",
                 "there is no identity index to look values up in");
        return 2;
    }
    sections = identity_section_count(m->identity.identity);
    m->columns = memory_new(sections * m->identity.names.count + 1, sizeof(*m->columns));
    m->ways = memory_new(1, sizeof(*m->ways));
    m->words = memory_new(1, sizeof(*m->words));
    result = contacts_init(&m->contacts, see, m);
    if (result != 0 || m->columns == NULL || m->ways == NULL || m->words == NULL)
        return complain_error(PASU_E_NOMEM, "the dump");
    for (size_t s = 0; s < sections; s++)
        add_section(m, s);
    result = look_through(m);
    if (result != 0)
        return complain_error(result, "the dump");
    return decoy_search_begin(&m->decoys, e);
}

void
dump_match_end(struct dump_match *m)
{
    for (size_t c = 0; c < m->column_count; c++) {
        persons_free(m->columns[c].persons);
        memory_free(m->columns[c].ordinals);
    }
    memory_free(m->columns);
    if (m->ways != NULL)
        memory_wipe(m->ways, sizeof(*m->ways));
    if (m->words != NULL)
        memory_wipe(m->words, sizeof(*m->words));
    if (m->contexts != NULL)
        memory_wipe(m->contexts, DUMP_WAITING * sizeof(*m->contexts));
    memory_free(m->contexts);
    memory_free(m->ways);
    memory_free(m->words);
    contacts_release(&m->contacts);
    decoy_search_end(&m->decoys);
    sample_identity_close(&m->identity);
}
