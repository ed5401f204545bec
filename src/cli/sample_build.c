/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sample_build.h"

#include "base/memory.h"
#include "breach/day.h"
#include "cli/complain.h"
#include "cli/person.h"
#include "policy/looks.h"

/* How sure a column is a key of the kind's: by its own name in its table, as the kind, as other
 * tables name it, and as who wrote the sample says. */
enum { RANK_OWN = 1, RANK_KIND, RANK_REFERENCE, RANK_KEY };

int
sample_build_begin(struct sample_build *b, struct evidence *e, struct leaked *sample)
{
    *b = (struct sample_build){
        .evidence = e, .sample = sample, .now = os_realtime(&os_real), .person = -1};
    b->not_before = INT32_MIN;
    b->not_after = INT32_MAX;
    if (e->decoys != NULL && e->decoys->count > 0 && e->has_secret) {
        int status = decoy_search_begin(&b->decoys, e);

        if (status != 0)
            return status;
    }
    return sample_identity_open(&b->identity, e);
}

void
sample_build_end(struct sample_build *b)
{
    sample_identity_close(&b->identity);
    if (b->decoys.known != NULL)
        decoy_search_end(&b->decoys);
    memory_wipe(b->values, sizeof(b->values));
    memory_wipe(b->key, sizeof(b->key));
}

/* ---- what columns are ---- */

static bool
is_word(const char *name, const char *word)
{
    return strcasecmp(name, word) == 0;
}

static const struct config_subject *
subject_of(const struct sample_build *b)
{
    const struct config *config = b->evidence->ask.config;

    for (size_t i = 0; i < config->subject_count; i++)
        if (strcmp(config->subjects[i].name, b->sample->kind) == 0)
            return &config->subjects[i];
    return NULL;
}

static bool
is_key(const struct config_texts *key, const char *name)
{
    return key->count == 1 && is_word(name, key->items[0]);
}

/* A key column of the kind's table, or of one that has its rows, and how sure it is whose: "id" is
 * also what other things call their own. 0: it is none. */
static unsigned
key_rank(const struct sample_build *b, const char *name)
{
    const struct config *config = b->evidence->ask.config;
    const struct config_subject *subject = subject_of(b);
    unsigned rank = is_word(name, b->sample->kind) ? RANK_KIND : 0;

    if (is_word(name, "key"))
        return RANK_KEY;
    if (rank == 0 && subject != NULL && is_key(&subject->key, name))
        rank = RANK_OWN;
    for (size_t i = 0; i < config->personal_count; i++) {
        const struct config_personal *personal = &config->personal[i];

        if (strcmp(personal->subject, b->sample->kind) != 0 || !is_key(&personal->key, name))
            continue;
        if (subject == NULL || subject->table == NULL ||
            strcmp(personal->table, subject->table) != 0)
            return RANK_REFERENCE;
        rank = rank != 0 ? rank : RANK_OWN;
    }
    return rank;
}

/* The configuration's name of the field, as the column is called or mapped; NULL: of none. */
static const char *
mapped_field(const struct sample_build *b, const char *name)
{
    const struct config *config = b->evidence->ask.config;
    const char *found = NULL;

    for (size_t i = 0; i < config->personal_count; i++) {
        const struct config_personal *personal = &config->personal[i];

        for (size_t f = 0; f < personal->field_count; f++) {
            if (is_word(name, personal->fields[f].field))
                return personal->fields[f].field;
            if (strcmp(personal->subject, b->sample->kind) == 0 &&
                is_word(name, personal->fields[f].column))
                found = personal->fields[f].field;
        }
    }
    return found;
}

/* What looks so, if the configuration has such a field: of any name with that look. */
static const char *
look_alike(const struct sample_build *b, enum look look)
{
    const struct config *config = b->evidence->ask.config;

    if (look == LOOK_NONE)
        return NULL;
    for (size_t i = 0; i < config->personal_count; i++)
        for (size_t f = 0; f < config->personal[i].field_count; f++)
            if (look_of_name(b->sample->kind, config->personal[i].fields[f].field) == look)
                return config->personal[i].fields[f].field;
    return NULL;
}

/* As it is, then without the end that makes several of it: "orders", "addresses". */
static const char *
named_field(const struct sample_build *b, const char *word)
{
    size_t length = strlen(word);
    const char *name = mapped_field(b, word);
    char one[VOCABULARY_NAME_SIZE];

    for (size_t end = 1; name == NULL && end <= 2 && end < length && length < sizeof(one); end++) {
        if (strcasecmp(word + length - end, &"es"[2 - end]) != 0)
            continue;
        snprintf(one, sizeof(one), "%.*s", (int)(length - end), word);
        name = mapped_field(b, one);
    }
    return name;
}

int
sample_build_field(struct sample_build *b, const char *word)
{
    const char *name = named_field(b, word);

    if (name == NULL)
        name = look_alike(b, look_of_name(b->sample->kind, word));
    return name == NULL ? -1 : leaked_field(b->sample, name);
}

int
sample_build_column(struct sample_build *b, const char *name)
{
    struct sample_column *column;
    uint8_t plain[VOCABULARY_NAME_SIZE];
    size_t length = spelling_plain(plain, sizeof(plain) - 1, view_of_text(name));
    int field;

    plain[length] = '\0';
    for (size_t i = 0; i < b->column_count; i++)
        if (strcmp(b->columns[i].name, (char *)plain) == 0)
            return (int)i;
    if (b->column_count == SAMPLE_COLUMNS_MAX) {
        b->left_out++;
        return -1;
    }
    column = &b->columns[b->column_count];
    *column = (struct sample_column){.role = ROLE_UNKNOWN};
    memcpy(column->name, plain, length + 1);
    if (is_word(column->name, "not_before"))
        column->role = ROLE_NOT_BEFORE;
    else if (is_word(column->name, "not_after"))
        column->role = ROLE_NOT_AFTER;
    else if ((column->rank = key_rank(b, column->name)) > 0)
        column->role = ROLE_KEY;
    field = column->role == ROLE_UNKNOWN && length > 0 ? sample_build_field(b, column->name) : -1;
    if (field >= 0) {
        column->role = ROLE_FIELD;
        column->rank = 1 + (named_field(b, column->name) != NULL); /* or it only looks so */
        column->field = (unsigned)field;
    }
    return (int)b->column_count++;
}

/* By its first value. */
static void
look_at_value(struct sample_build *b, struct sample_column *column, const char *value)
{
    uint32_t looks = looks_of_value(view_of_text(value), UINT32_MAX);
    char phone[32];
    uint8_t plain[SPELLING_SIZE];
    size_t length = spelling_plain(plain, sizeof(plain), view_of_text(value));
    const char *name = NULL;
    int field;

    if ((looks & LOOK_BIT(EMAIL)) != 0)
        name = look_alike(b, LOOK_EMAIL);
    else if ((looks & LOOK_BIT(PHONE)) != 0 || spelling_phone(phone, view_of(plain, length)) > 0)
        name = look_alike(b, LOOK_PHONE);
    else if ((looks & LOOK_BIT(ADDRESS)) != 0)
        name = look_alike(b, LOOK_ADDRESS);
    field = name == NULL ? -1 : leaked_field(b->sample, name);
    column->role = field < 0 ? ROLE_IGNORED : ROLE_FIELD;
    column->field = field < 0 ? 0 : (unsigned)field;
}

/* ---- rows ---- */

/* Of two values that are the same to a row, the one with more counts; never 0. */
static unsigned
standing_of(const struct sample_build *b, const struct sample_column *column)
{
    const struct sample_place *place = &b->place;
    unsigned nearness = place->is_person && !place->is_listed ? SAMPLE_DEPTH_MAX
                                                              : SAMPLE_DEPTH_MAX - 1 - place->depth;

    return 1 + nearness * (SAMPLE_RANK_MAX + 1) + column->rank;
}

static void
key_cell(struct sample_build *b, const struct sample_column *column, const char *value)
{
    unsigned standing = standing_of(b, column);

    if (column->rank == RANK_OWN && b->place.is_listed && !b->place.is_person)
        return;
    b->has_cell = b->has_key = true;
    if (standing <= b->key_standing)
        return;
    b->key_standing = standing;
    snprintf(b->key, sizeof(b->key), "%s", value);
}

void
sample_build_has(struct sample_build *b, unsigned field, int32_t since)
{
    if ((b->fields >> field & 1) == 0)
        b->since[field] = INT32_MIN;
    b->fields |= (uint16_t)(1U << field);
    b->dated |= (uint16_t)((unsigned)(since != INT32_MIN) << field);
    if (since > b->since[field] && !b->is_undated)
        b->since[field] = since;
    b->has_cell = true;
}

/* What is dated ahead says when something will be, not since when it is known. */
static bool
says_since(const char *name)
{
    static const char *const ahead[] = {"due",     "expir", "until", "valid", "birth",
                                        "deliver", "arriv", "end",   "생년",  "생일",
                                        "만료",    "예정",  "배송"};

    for (size_t i = 0; i < COUNT_OF(ahead); i++)
        if (strcasestr(name, ahead[i]) != NULL)
            return false;
    return true;
}

static void
field_cell(struct sample_build *b, struct sample_column *column, const char *value)
{
    int32_t first, last, since = INT32_MIN;
    size_t length = strlen(value);
    unsigned standing = standing_of(b, column);

    if (says_since(column->name) && sample_build_day(value, &first, &last) &&
        first <= day_of(b->now)) {
        since = first;
        column->dates++;
    } else if (length <= SPELLING_SIZE && standing > b->standings[column->field]) {
        b->standings[column->field] = standing;
        memcpy(b->values[column->field], value, length);
        b->lengths[column->field] = length;
    }
    sample_build_has(b, column->field, since);
}

int
sample_build_cell(struct sample_build *b, int at, const char *value)
{
    struct sample_column *column = at < 0 ? NULL : &b->columns[at];
    int32_t first, last;

    if (column == NULL || value[strspn(value, " \t")] == '\0')
        return 0;
    if (column->role == ROLE_UNKNOWN)
        look_at_value(b, column, value);
    column->values++;
    switch (column->role) {
    case ROLE_KEY:
        key_cell(b, column, value);
        return 0;
    case ROLE_FIELD:
        field_cell(b, column, value);
        return 0;
    case ROLE_NOT_BEFORE:
    case ROLE_NOT_AFTER:
        if (!sample_build_day(value, &first, &last)) {
            complain("write it as 2026-05-03", "%s: \"%.64s\" is no date", column->name, value);
            return 2;
        }
        if (column->role == ROLE_NOT_BEFORE)
            b->not_before = first;
        else
            b->not_after = last;
        return 0;
    default:
        return 0;
    }
}

/* ---- whose it is ---- */

/* The person of a key of the directory; none where it has no entry. */
static int
find_text(struct sample_build *b, struct view text, int *person)
{
    uint32_t ordinals[SUBJECT_ORDINALS_MAX - 1];
    size_t count;
    int status = evidence_find_key(b->evidence, text, ordinals, COUNT_OF(ordinals), &count);

    if (status == 0 && count > 0)
        *person = leaked_person(b->sample, ordinals, count);
    return status;
}

/* In another way than the key was written, where it is a text. */
static int
find_spelled(struct sample_build *b, int *person)
{
    struct spellings *ways = memory_new(1, sizeof(*ways));
    int status = 0;

    if (ways == NULL)
        return complain_error(PASU_E_NOMEM, "the sample");
    spellings_of(ways, view_of_text(b->key));
    for (size_t w = 0; status == 0 && *person == -1 && w < ways->count; w++)
        status = find_text(b, spellings_at(ways, w), person);
    memory_free(ways);
    return status;
}

static int
find_by_key(struct sample_build *b, int *person)
{
    struct subject subject;
    char space[KEY_OPERAND_SIZE];
    const char *key;
    int status = person_key(b->evidence, b->sample->kind, b->key, space, &key);

    subject_init(&subject, NULL, b->sample->kind, NULL, NULL);
    if (status == 0)
        status = person_find(b->evidence, key, &subject);
    if (status == 0 && subject.ordinal_count > 0)
        *person = leaked_person(b->sample, subject.ordinals, subject.ordinal_count);
    subject_release(&subject);
    if (status == 0 && *person == -1 && key == b->key)
        status = find_spelled(b, person);
    b->by_key += *person >= 0;
    return status;
}

/* The row's value of a mapped column; empty: it has none. */
static struct view
value_of(const struct sample_build *b, const char *column)
{
    const char *field = mapped_field(b, column);
    int place = field == NULL ? -1 : name_list_find(&b->sample->fields, field);

    return place < 0 ? view_of(NULL, 0) : view_of(b->values[place], b->lengths[place]);
}

/* One way to write each part of the key: which, `turn` says. */
static int
find_turn(struct sample_build *b, const struct spellings *ways, size_t parts, size_t turn,
          int *person)
{
    uint8_t space[TUPLE_TEXT_MAX];
    struct tuple tuple = {.count = parts};
    struct view text;

    for (size_t p = 0; p < parts; p++) {
        tuple.parts[p] = spellings_at(&ways[p], turn % ways[p].count);
        turn /= ways[p].count;
    }
    return tuple_write(&tuple, space, &text) == 0 ? find_text(b, text, person) : 0;
}

/* Persons of a kind that several values name together: by those of the row. */
static int
find_by_parts(struct sample_build *b, int *person)
{
    const struct config_subject *subject = subject_of(b);
    size_t parts = subject == NULL ? 0 : subject->key.count, turns = 1;
    struct spellings *ways;
    int status = 0;

    if (parts < 2 || parts > TUPLE_PARTS_MAX)
        return 0;
    for (size_t p = 0; p < parts; p++)
        if (value_of(b, subject->key.items[p]).length == 0)
            return 0;
    ways = memory_new(parts, sizeof(*ways));
    if (ways == NULL)
        return complain_error(PASU_E_NOMEM, "the sample");
    for (size_t p = 0; p < parts; p++) {
        spellings_of(&ways[p], value_of(b, subject->key.items[p]));
        turns *= ways[p].count;
    }
    for (size_t turn = 0; status == 0 && *person == -1 && turn < turns; turn++)
        status = find_turn(b, ways, parts, turn, person);
    b->by_key += *person >= 0;
    memory_wipe(ways, parts * sizeof(*ways));
    memory_free(ways);
    return status;
}

/* The values of a section's columns are all in the row. */
static bool
values_of(struct sample_build *b, const struct identity_name *name,
          struct view values[IDENTITY_VALUES_MAX], unsigned *first)
{
    for (size_t c = 0; c < name->count; c++) {
        values[c] = value_of(b, name->columns[c]);
        if (values[c].length == 0)
            return false;
        if (c == 0)
            *first =
                (unsigned)name_list_find(&b->sample->fields, mapped_field(b, name->columns[c]));
    }
    return name->count > 0;
}

static void
find_by_identity(struct sample_build *b, int *person, bool *is_ambiguous)
{
    size_t sections =
        b->identity.identity == NULL ? 0 : identity_section_count(b->identity.identity);

    for (size_t s = 0; s < sections && *person < 0; s++) {
        const struct identity_name *name =
            sample_identity_section(&b->identity, s, b->sample->kind);
        struct view values[IDENTITY_VALUES_MAX] = {{NULL, 0}};
        enum identity_found found = IDENTITY_NONE;
        uint32_t ordinal;
        unsigned first = 0;

        if (name != NULL && values_of(b, name, values, &first))
            found = sample_identity_find(&b->identity, s, values, &ordinal);
        *is_ambiguous |= found == IDENTITY_SEVERAL;
        if (found != IDENTITY_ONE)
            continue;
        *person = leaked_person(b->sample, &ordinal, 1);
        b->by_field[first]++;
        b->by_identity++;
    }
}

/* A made-up person whose value is in the row; where a key says whose it is, it must be theirs. One
 * whom nobody was shown yet has no number, and is nobody here. */
static void
find_decoy(struct sample_build *b, int *person)
{
    for (size_t f = 0; b->decoys.count > 0 && f < b->sample->fields.count; f++) {
        const struct payload_decoy *decoy;
        char text[SPELLING_SIZE + 1];
        uint32_t place;

        if (b->lengths[f] == 0)
            continue;
        memcpy(text, b->values[f], b->lengths[f]);
        text[b->lengths[f]] = '\0';
        decoy = decoy_search_one(&b->decoys, text, b->sample->kind);
        memory_wipe(text, sizeof(text));
        if (decoy == NULL || !decoy->is_known)
            continue;
        if (*person == -1 && !b->has_key)
            *person = leaked_person(b->sample, &decoy->ordinal, 1);
        if (*person >= 0 && leaked_find(b->sample, decoy->ordinal, &place) &&
            place == (uint32_t)*person)
            leaked_is_decoy(b->sample, place);
    }
}

/* Whether each of its fields is dated in it: something that happened, as an order, and nobody's
 * name.
 */
static bool
is_of_events(const struct sample_build *b)
{
    return b->fields != 0 && (b->fields & ~b->dated) == 0;
}

static void
begin_row(struct sample_build *b)
{
    b->place = (struct sample_place){0};
    b->key_standing = 0;
    b->has_key = b->has_cell = false;
    b->fields = b->dated = 0;
    b->not_before = INT32_MIN;
    b->not_after = INT32_MAX;
    memset(b->lengths, 0, sizeof(b->lengths));
    memset(b->standings, 0, sizeof(b->standings));
}

static void
take_row(struct sample_build *b, size_t person)
{
    for (unsigned left = b->fields; left != 0; left &= left - 1) {
        unsigned field = (unsigned)__builtin_ctz(left);
        int32_t since = b->since[field] > b->not_before ? b->since[field] : b->not_before;

        leaked_has(b->sample, person, field, since);
    }
    if (b->not_after != INT32_MAX)
        leaked_ends(b->sample, person, b->not_after);
}

int
sample_build_row(struct sample_build *b)
{
    bool is_ambiguous = false;
    int person = -1, status = 0;

    if (!b->has_cell) {
        begin_row(b); /* what dates it had are of no other */
        return 0;
    }
    b->rows++;
    if (b->has_key)
        status = find_by_key(b, &person);
    else
        status = find_by_parts(b, &person);
    if (status == 0)
        find_decoy(b, &person);
    if (status == 0 && !b->has_key && person == -1)
        find_by_identity(b, &person, &is_ambiguous);
    if (status == 0 && person < 0 && !b->has_key && is_of_events(b) && b->person >= 0) {
        person = b->person;
        b->continued++;
    }
    if (person < -1)
        status = complain_error(person, "the sample");
    if (person >= 0)
        take_row(b, (size_t)person);
    else if (is_ambiguous)
        b->ambiguous++;
    else
        b->unknown++;
    b->person = person;
    begin_row(b);
    return status;
}
