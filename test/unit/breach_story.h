/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A made-up ledger, told entry by entry to a selection. Times are seconds since 1970; what goes
 * wrong fails the test.
 */
#ifndef PASU_TEST_BREACH_STORY_H
#define PASU_TEST_BREACH_STORY_H

#include "breach/selection.h"
#include "unit.h"

#define SECONDS(n) ((int64_t)(n)*NANOSECONDS_PER_SECOND)

struct story {
    struct book *book;
    struct filter filter;
    struct selection selection;
    uint64_t seq;
    int64_t now; /* ns; moves on a second with each entry */
    void (*hear)(void *hearer, const struct ledger_entry *entry); /* once the selection has it */
    void *hearer;
};

/* Set story->filter before, if need be. */
static inline void
story_begin(struct story *story, statement_fn *give, void *arg)
{
    assert_int_equal(book_new(&story->book, &os_real), 0);
    selection_init(&story->selection, story->book, &story->filter, give, arg);
    if (story->now == 0)
        story->now = SECONDS(1000);
}

static inline void
story_end(struct story *story)
{
    assert_int_equal(selection_end(&story->selection), 0);
}

static inline void
story_release(struct story *story)
{
    selection_release(&story->selection);
    book_free(story->book);
}

static inline void
story_tell(struct story *story, struct ledger_entry entry)
{
    entry.seq = ++story->seq;
    entry.time = story->now;
    assert_int_equal(selection_add(&story->selection, &entry), 0);
    if (story->hear != NULL)
        story->hear(story->hearer, &entry);
    story->now += SECONDS(1);
}

static inline void
story_happens(struct story *story, enum ledger_entry_type type)
{
    story_tell(story, (struct ledger_entry){.type = type});
}

static inline void
story_opens(struct story *story, uint64_t session, const char *principal, const char *address,
            const char *application)
{
    struct message_session opened = {.session = session, .opened = story->now, .port = 5};

    snprintf(opened.principal, sizeof(opened.principal), "%s", principal);
    snprintf(opened.address, sizeof(opened.address), "%s", address);
    snprintf(opened.application, sizeof(opened.application), "%s", application);
    snprintf(opened.database, sizeof(opened.database), "shop");
    story_tell(story, (struct ledger_entry){.type = LEDGER_OPENED, .u.opened = &opened});
}

static inline void
story_closes(struct story *story, uint64_t session)
{
    struct message_closed closed = {.session = session, .closed = story->now};

    story_tell(story, (struct ledger_entry){.type = LEDGER_CLOSED, .u.closed = &closed});
}

/* "name phone", "customer": the names in order, separated by blanks. */
static inline uint32_t
story_split(char (*to)[VOCABULARY_NAME_SIZE], const char *names)
{
    uint32_t count = 0;

    while (*names != '\0') {
        size_t length = strcspn(names, " ");

        snprintf(to[count++], VOCABULARY_NAME_SIZE, "%.*s", (int)length, names);
        names += length + (names[length] == ' ');
    }
    return count;
}

static inline void
story_has_vocabulary(struct story *story, uint32_t id, const char *fields, const char *kinds)
{
    static struct vocabulary vocabulary;

    memset(&vocabulary, 0, sizeof(vocabulary));
    vocabulary.id = id;
    vocabulary.field_count = story_split(vocabulary.fields, fields);
    vocabulary.kind_count = story_split(vocabulary.kinds, kinds);
    story_tell(story,
               (struct ledger_entry){.type = LEDGER_VOCABULARY, .u.vocabulary = &vocabulary});
}

/* An exposure of one part, to be filled in further before story_shows. */
static inline struct exposure
story_exposure(uint64_t session, uint64_t shape, uint64_t clear, const uint32_t *ordinals,
               size_t count)
{
    return (struct exposure){
        .session = session,
        .shape = shape,
        .vocabulary = 1,
        .statements = 1,
        .rows = count,
        .part_count = 1,
        .parts = {{.attribution = ATTRIBUTION_KEY,
                   .clear = clear,
                   .ordinals = ordinals,
                   .ordinal_count = count}},
    };
}

/* Its time is now, unless it has one. */
static inline void
story_shows(struct story *story, struct exposure exposure)
{
    if (exposure.time == 0)
        exposure.time = story->now;
    story_tell(story, (struct ledger_entry){.type = LEDGER_EXPOSURE, .u.exposure = &exposure});
}

#define ORDINALS(...)                                                                              \
    (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

#endif
