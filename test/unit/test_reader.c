/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/reader.h"

#include "base/memory.h"
#include "ledger_place.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* The fingerprints of all shapes, and how often something was damaged. */
static size_t
read_numbers(struct place *p, uint64_t *numbers, size_t most, size_t *damaged)
{
    struct ledger_reader *r = open_reader(p);
    struct ledger_entry entry;
    size_t count = 0;
    uint64_t seq = 0;
    int result;

    *damaged = 0;
    while ((result = ledger_reader_next(r, &entry)) != 0) {
        assert_true(result == 1 || result == PASU_E_CORRUPT);
        if (result == 1) {
            assert_true(entry.seq > seq);
            seq = entry.seq;
        }
        *damaged += result == PASU_E_CORRUPT;
        if (result == 1 && entry.type == LEDGER_SHAPE && count < most)
            numbers[count++] = entry.u.shape->fingerprint;
    }
    ledger_reader_close(r);
    return count;
}

/* ---- what there is to read ---- */

#define ORDINAL UINT32_C(0xf0000007) /* of the directory */

static void
append_one_of_each(struct place *p)
{
    static const uint32_t ordinals[] = {7, 8, 9, 1000};
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    struct exposure exposure = {.session = 64,
                                .time = 5,
                                .shape = 99,
                                .vocabulary = 3,
                                .rows = 4,
                                .part_count = 1,
                                .parts = {{.attribution = ATTRIBUTION_KEY,
                                           .clear = 3,
                                           .ordinals = ordinals,
                                           .ordinal_count = COUNT_OF(ordinals)}}};
    const struct ring_mark mark = {.what = RING_MARK_CARRIES,
                                   .vocabulary = 3,
                                   .fields = 4,
                                   .gateway = "gate",
                                   .database = "shop",
                                   .schema = "w",
                                   .name = "copy"};
    struct {
        struct ring_ordinal head;
        char sealed[5];
    } ordinal = {{.ordinal = ORDINAL, .kind = 1}, "seal"};
    struct config config = {0};
    struct vocabulary vocabulary;
    ssize_t n;

    assert_int_equal(vocabulary_of_config(&vocabulary, &config), 0);
    n = vocabulary_encode(&vocabulary, bytes, sizeof(bytes));
    assert_true(n > 0);
    assert_int_equal(append(p, 0, RING_VOCABULARY, bytes, (size_t)n), 0);
    assert_int_equal(append_number(p, 0, 99, 6), 0);
    assert_int_equal(append(p, 0, RING_ORDINAL, &ordinal, sizeof(ordinal.head) + 5), 0);
    n = exposure_encode(&exposure, bytes, sizeof(bytes));
    assert_true(n > 0);
    assert_int_equal(append(p, 0, RING_EXPOSURE, bytes, (size_t)n), 0);
    assert_int_equal(append(p, 0, RING_MARK, &mark, sizeof(mark)), 0);
}

static void
check_one_of_each(const struct ledger_entry *entry)
{
    switch (entry->type) {
    case LEDGER_OPENED:
        assert_int_equal(entry->u.opened->session, 64);
        assert_string_equal(entry->u.opened->principal, "reader");
        break;
    case LEDGER_CLOSED:
        assert_int_equal(entry->u.closed->session, 64);
        break;
    case LEDGER_REFUSED:
        assert_int_equal(entry->u.refused->error, PASU_E_DENIED);
        break;
    case LEDGER_KILLED:
        assert_string_equal(entry->u.killed->principal, "reader");
        break;
    case LEDGER_EXPOSURE:
        assert_int_equal(entry->u.exposure->parts[0].ordinal_count, 4);
        assert_int_equal(entry->u.exposure->parts[0].ordinals[3], 1000);
        break;
    case LEDGER_SHAPE:
        assert_int_equal(entry->u.shape->fingerprint, 99);
        assert_true(view_equal(entry->u.shape->sql, VIEW("SELECT")));
        break;
    case LEDGER_VOCABULARY:
        assert_int_not_equal(entry->u.vocabulary->id, 0);
        break;
    case LEDGER_ORDINAL:
        assert_int_equal(entry->u.ordinal->head.ordinal, ORDINAL);
        assert_true(view_equal(entry->u.ordinal->sealed, view_of("seal", 5)));
        break;
    case LEDGER_MARK:
        assert_int_equal(entry->u.mark->fields, 4);
        assert_string_equal(entry->u.mark->database, "shop");
        assert_string_equal(entry->u.mark->name, "copy");
        break;
    default:
        break;
    }
}

static void
everything_comes_in_order_the_rings_last(void **state)
{
    static const enum ledger_entry_type expected[] = {
        LEDGER_STARTED,  LEDGER_OPENED,  LEDGER_VOCABULARY, LEDGER_SHAPE,   LEDGER_ORDINAL,
        LEDGER_EXPOSURE, LEDGER_MARK,    LEDGER_CLOSED,     LEDGER_REFUSED, LEDGER_KILLED,
        LEDGER_STOPPED,  LEDGER_STARTED, LEDGER_VOCABULARY, LEDGER_SHAPE,   LEDGER_ORDINAL,
        LEDGER_EXPOSURE, LEDGER_MARK};
    struct place *p = *state;
    const struct message_session opened = {.session = 64, .principal = "reader"};
    const struct message_closed closed = {.session = 64};
    const struct message_refused refused = {.error = PASU_E_DENIED};
    const union payload_body killed = {.killed = {.principal = "reader"}};
    struct ledger_reader *r;
    struct ledger_entry entry;
    uint64_t done, all, seq = 0;

    begin(p);
    assert_int_equal(record_opened(&p->records, &opened), 0);
    append_one_of_each(p);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(record_closed(&p->records, &closed), 0);
    assert_int_equal(record_refused(&p->records, &refused), 0);
    assert_int_equal(record_other(&p->records, SEGMENT_KILLED, &killed), 0);
    record_close(&p->records);
    intake_release(&p->intake);
    begin(p);
    append_one_of_each(p);
    r = open_reader(p);
    kill_keeper(p);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(ledger_reader_next(r, &entry), 1);
        assert_int_equal(entry.type, expected[i]);
        assert_true(entry.seq > seq);
        seq = entry.seq;
        assert_true(entry.time > 0);
        check_one_of_each(&entry);
    }
    assert_int_equal(ledger_reader_next(r, &entry), 0);
    assert_int_equal(ledger_reader_next(r, &entry), 0);
    ledger_reader_progress(r, &done, &all);
    assert_true(done == all && all > 64);
    ledger_reader_close(r);
}

static void
deeds_are_told_to_who_wants_them_and_to_nobody_else(void **state)
{
    struct place *p = *state;
    const union payload_body asked = {
        .asked = {.uid = 7, .command = "scope", .filters = "field=name"}};
    const union payload_body hold = {.hold = {.number = 3, .who = "court", .why = "case"}};
    struct ledger_entry entry;

    begin(p);
    assert_int_equal(record_other(&p->records, SEGMENT_ASKED, &asked), 0);
    assert_int_equal(record_other(&p->records, SEGMENT_HOLD, &hold), 0);
    record_close(&p->records);
    intake_release(&p->intake);
    for (int is_told = 0; is_told < 2; is_told++) {
        struct ledger_reader *r = open_reader(p);

        if (is_told)
            ledger_reader_tell_deeds(r);
        assert_int_equal(ledger_reader_next(r, &entry), 1);
        assert_int_equal(entry.type, LEDGER_STARTED);
        if (is_told) {
            assert_int_equal(ledger_reader_next(r, &entry), 1);
            assert_int_equal(entry.type, LEDGER_ASKED);
            assert_int_equal(entry.u.asked->uid, 7);
            assert_string_equal(entry.u.asked->filters, "field=name");
        }
        assert_int_equal(ledger_reader_next(r, &entry), 1);
        assert_int_equal(entry.type, LEDGER_STOPPED);
        assert_int_equal(ledger_reader_next(r, &entry), 0);
        ledger_reader_close(r);
    }
}

static void
what_the_ledger_has_does_not_come_from_the_ring_again(void **state)
{
    struct place *p = *state;
    uint64_t numbers[8];
    size_t damaged;

    begin(p);
    assert_int_equal(append_number(p, 0, 1, 0), 0);
    assert_int_equal(append_number(p, 1, 2, 0), 0);
    intake_append(&p->intake); /* and is killed before it releases them */
    kill_keeper(p);
    assert_int_equal(append_number(p, 0, 3, 0), 0);
    assert_int_equal(read_numbers(p, numbers, COUNT_OF(numbers), &damaged), 3);
    assert_true(numbers[0] == 1 && numbers[1] == 2 && numbers[2] == 3 && damaged == 0);
}

static void
a_ledger_without_rings_is_read_and_one_without_segments_is_not_found(void **state)
{
    struct place *p = *state;
    struct source_folder none = {.os = &os_real, .directory = -1};
    struct ledger_reader *r;
    struct ledger_entry entry;

    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), PASU_E_NOTFOUND);
    assert_null(r);
    begin(p);
    kill_keeper(p);
    unlinkat(p->directory, "exposures.ring", 0);
    r = open_reader(p);
    assert_int_equal(ledger_reader_next(r, &entry), 1);
    assert_int_equal(entry.type, LEDGER_STARTED);
    assert_int_equal(ledger_reader_next(r, &entry), 0);
    ledger_reader_close(r);
    /* A gate that is the first one has no segments. */
    assert_int_equal(append_number(p, 0, 1, 0), 0);
    assert_int_equal(ledger_reader_open_source(
                         &r, &os_real, (struct source){source_open_folder, &none}, p->ring_fd),
                     0);
    assert_int_equal(ledger_reader_next(r, &entry), 1);
    assert_int_equal(entry.type, LEDGER_SHAPE);
    assert_int_equal(ledger_reader_next(r, &entry), 0);
    ledger_reader_close(r);
}

/* docs/spec/exposure-ring.md: the bytes there are the bytes here. */
static void
the_specification_s_example_of_the_ring_is_read_and_written(void **state)
{
    static const uint8_t entry[] = {0,    0,    0,    0,    0x10, 0,    0,    0,   0xcc, 0xfb, 0x88,
                                    0x43, 0x11, 0,    0,    0,    2,    0,    0,   0,    0,    0,
                                    0,    0,    8,    7,    6,    5,    4,    3,   2,    1,    0x53,
                                    0x45, 0x4c, 0x45, 0x43, 0x54, 0x20, 0x24, 0x31};
    static const uint8_t shape[] = {8,    7,    6,    5,    4,    3,    2,    1,   0x53,
                                    0x45, 0x4c, 0x45, 0x43, 0x54, 0x20, 0x24, 0x31};
    struct place *p = *state;
    struct ledger_entry found;
    struct ledger_reader *r;

    assert_int_equal(append(p, 0, RING_SHAPE, shape, sizeof(shape)), 0);
    assert_memory_equal(p->gate.memory + 8192, entry, sizeof(entry));
    begin(p);
    r = open_reader(p);
    assert_int_equal(ledger_reader_next(r, &found), 1);
    assert_int_equal(found.type, LEDGER_STARTED);
    assert_int_equal(ledger_reader_next(r, &found), 1);
    assert_int_equal(found.type, LEDGER_SHAPE);
    assert_int_equal(found.u.shape->fingerprint, UINT64_C(0x0102030405060708));
    assert_true(view_equal(found.u.shape->sql, VIEW("SELECT $1")));
    assert_int_equal(ledger_reader_next(r, &found), 0);
    ledger_reader_close(r);
    kill_keeper(p);
}

/* ---- damage ---- */

static const struct ring_mark odd_mark = {.zero = {1}};
static const struct ring_ordinal odd_ordinal = {.zero = {0, 0, 1}};
static const struct lie {
    enum ring_type type;
    const void *bytes;
    size_t length;
} lies[] = {
    {RING_EXPOSURE, "nothing", 7},
    {RING_VOCABULARY, "nothing", 7},
    {RING_SHAPE, "nothing", 7},
    {RING_ORDINAL, "nothing", 7},
    {RING_ORDINAL, &odd_ordinal, sizeof(odd_ordinal)},
    {RING_MARK, &odd_mark, sizeof(odd_mark)},
    {RING_MARK, &odd_mark, sizeof(odd_mark) - 1},
};

static void
a_lie_of_the_gate_is_told_and_the_others_are_read(void **state)
{
    struct place *p = *state;
    uint64_t numbers[8];
    size_t damaged;

    begin(p);
    for (int round = 0; round < 2; round++) { /* from the ledger, from the ring */
        assert_int_equal(append_number(p, 0, 1, 0), 0);
        for (size_t i = 0; i < COUNT_OF(lies); i++)
            assert_int_equal(append(p, 0, lies[i].type, lies[i].bytes, lies[i].length), 0);
        assert_int_equal(append_number(p, 0, 2, 0), 0);
        if (round == 0)
            assert_int_equal(intake_take(&p->intake), 0);
    }
    /* The keeper takes none of them, and will say how many it has not. */
    assert_int_equal(p->records.gap.count, COUNT_OF(lies));
    assert_int_equal(p->records.gap.error, PASU_E_CORRUPT);
    assert_int_equal(read_numbers(p, numbers, COUNT_OF(numbers), &damaged), 4);
    assert_int_equal(damaged, COUNT_OF(lies));
    memset(p->gate.memory + 8192 + ring_tail(ring_get(&p->gate, 0)) % RING_SIZE, 0x55, 8);
    assert_int_equal(read_numbers(p, numbers, COUNT_OF(numbers), &damaged), 2);
    assert_int_equal(damaged, 1);
    kill_keeper(p);
}

/* A keeper that is not ours has written them. */
static void
a_lie_that_is_in_the_ledger_is_told_too(void **state)
{
    struct place *p = *state;
    struct chain *c = &p->records.chain;
    struct segment_taken taken = {.ring = 1, .count = COUNT_OF(lies) - 1, .file = 1};
    struct iovec part = {&taken, sizeof(taken)};
    uint64_t numbers[8], index;
    size_t damaged;

    begin(p);
    assert_int_equal(chain_begin(c, 4000), 0);
    for (size_t i = 1; i < COUNT_OF(lies); i++) { /* what is no exposure has no leaf */
        struct iovec lie = {(void *)(uintptr_t)lies[i].bytes, lies[i].length};

        assert_int_equal(chain_put(c, ring_segment_type(lies[i].type), 1, &lie, 1, &index), 0);
    }
    assert_int_equal(chain_put(c, SEGMENT_TAKEN, 1, &part, 1, &index), 0);
    assert_int_equal(chain_commit(c), 0);
    assert_int_equal(append_number(p, 0, 1, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    kill_keeper(p);
    assert_int_equal(read_numbers(p, numbers, COUNT_OF(numbers), &damaged), 1);
    assert_int_equal(damaged, COUNT_OF(lies) - 1);
}

/* The bytes of a mark that is well, with one thing wrong with it at a time. */
static void
a_mark_is_taken_only_as_a_gate_writes_it(void **state)
{
    const struct ring_mark named = {.number = 1,
                                    .what = RING_MARK_CARRIES,
                                    .fields = UINT64_MAX,
                                    .gateway = "g",
                                    .database = "d",
                                    .name = "t"};
    struct ring_mark numbered = named, forgotten = named, intended = named, wrong[21];
    struct ring_mark over = {.number = 1, .what = RING_MARK_OVER, .gateway = "g", .database = "d"};
    struct place *p = *state;
    struct ledger_reader *r;
    struct ledger_entry entry;
    int result;
    size_t well = 0, damaged = 0;

    numbered.relation = UINT32_MAX;
    numbered.column = INT16_MAX;
    numbered.system = UINT64_MAX;
    numbered.database_oid = UINT32_MAX;
    memset(numbered.name, 0, sizeof(numbered.name));
    memset(numbered.database, 'd', sizeof(numbered.database) - 1);
    forgotten.what = RING_MARK_FORGOTTEN;
    forgotten.fields = 0;
    intended.what = RING_MARK_INTENDED;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        wrong[i] = named;
    wrong[0].column = -1;
    wrong[1].what = 0;
    wrong[2].what = RING_MARK_OVER + 1;
    wrong[3].fields = 0;
    wrong[4].gateway[0] = '\0';
    wrong[5].database[0] = '\0';
    wrong[6].name[0] = '\0';
    wrong[7].relation = 1; /* and a name */
    memset(wrong[8].name, 'n', sizeof(wrong[8].name));
    memset(wrong[9].schema, 's', sizeof(wrong[9].schema));
    memset(wrong[10].gateway, 'g', sizeof(wrong[10].gateway));
    wrong[11].database[RING_NAME_SIZE - 1] = 'd'; /* behind the zero */
    wrong[12].zero[4] = 1;
    wrong[13] = forgotten;
    wrong[13].kinds = 1;
    wrong[14].what = RING_MARK_OVER; /* of something */
    wrong[15] = wrong[16] = over;
    wrong[15].relation = 1;
    wrong[16].kinds = 1;
    wrong[17] = intended;
    wrong[17].fields = 0;
    wrong[18].system = 1; /* and which database of it? */
    wrong[19].database_oid = 1;
    wrong[20].end[3] = 1;
    begin(p);
    assert_int_equal(append(p, 0, RING_MARK, &named, sizeof(named)), 0);
    assert_int_equal(append(p, 0, RING_MARK, &numbered, sizeof(numbered)), 0);
    assert_int_equal(append(p, 0, RING_MARK, &forgotten, sizeof(forgotten)), 0);
    assert_int_equal(append(p, 0, RING_MARK, &intended, sizeof(intended)), 0);
    assert_int_equal(append(p, 0, RING_MARK, &over, sizeof(over)), 0);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(append(p, 0, RING_MARK, &wrong[i], sizeof(wrong[i])), 0);
    for (size_t length = 0; length < sizeof(named); length++)
        assert_int_equal(append(p, 0, RING_MARK, &named, length), 0);
    r = open_reader(p);
    while ((result = ledger_reader_next(r, &entry)) != 0) {
        well += result == 1 && entry.type == LEDGER_MARK;
        damaged += result == PASU_E_CORRUPT;
    }
    ledger_reader_close(r);
    kill_keeper(p);
    assert_int_equal(well, 5);
    assert_int_equal(damaged, COUNT_OF(wrong) + sizeof(named));
}

/* Records that are whole, but not made of what their type says. */
static void
a_payload_that_is_none_is_damage_and_another_type_is_passed_over(void **state)
{
    static const enum segment_type asked_for[] = {SEGMENT_STARTED, SEGMENT_STOPPED, SEGMENT_GAP,
                                                  SEGMENT_OPENED,  SEGMENT_CLOSED,  SEGMENT_REFUSED,
                                                  SEGMENT_KILLED};
    static const enum segment_type others[] = {SEGMENT_BEGUN, SEGMENT_KEY, SEGMENT_POLICY,
                                               SEGMENT_ASKED, (enum segment_type)1000};
    struct iovec part = {(void *)(uintptr_t) "wrong", 5};
    struct place *p = *state;
    struct chain *c = &p->records.chain;
    uint64_t numbers[8], index;
    size_t damaged;

    begin(p);
    for (size_t i = 0; i < COUNT_OF(asked_for) + COUNT_OF(others); i++) {
        enum segment_type type =
            i < COUNT_OF(asked_for) ? asked_for[i] : others[i - COUNT_OF(asked_for)];

        assert_int_equal(chain_begin(c, 1000), 0);
        assert_int_equal(chain_put(c, type, 1, &part, 1, &index), 0);
        assert_int_equal(chain_commit(c), 0);
    }
    assert_int_equal(append_number(p, 0, 1, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    kill_keeper(p);
    assert_int_equal(read_numbers(p, numbers, COUNT_OF(numbers), &damaged), 1);
    assert_int_equal(damaged, COUNT_OF(asked_for));
}

/* ---- what fails ---- */

static int
read_all(struct place *p, uint64_t *count)
{
    struct ledger_reader *r;
    struct ledger_entry entry;
    int result = ledger_reader_open(&r, &p->disk->os, p->directory);

    if (result != 0)
        return result;
    for (*count = 0; (result = ledger_reader_next(r, &entry)) == 1; ++*count)
        continue;
    ledger_reader_close(r);
    return result;
}

static void
whatever_call_fails_is_told(void **state)
{
    struct place *p = *state;
    uint64_t count = 0;
    int calls, result;

    begin(p);
    append_one_of_each(p);
    assert_int_equal(intake_take(&p->intake), 0);
    append_one_of_each(p);
    kill_keeper(p);
    for (calls = 0;; calls++) {
        p->disk->calls_left = calls;
        result = read_all(p, &count);
        if (p->disk->calls_left >= 0)
            break;
        assert_int_equal(result, PASU_E_IO);
    }
    assert_true(result == 0 && count == 11 && calls >= 3);
    p->disk->calls_left = -1;
    for (uint64_t nth = 1;; nth++) {
        memory_fail_at(nth);
        result = read_all(p, &count);
        memory_fail_at(0);
        if (result == 0)
            break;
        assert_int_equal(result, PASU_E_NOMEM);
        assert_true(nth < 100);
    }
    assert_int_equal(count, 11);
}

/* ---- beside a running gate and keeper ---- */

struct shared {
    uint64_t appended[2];
};

static void
run_gate_and_keeper(struct place *p, struct shared *shared)
{
    uint32_t seed = 5;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* also where the test fails */
    begin(p);
    p->records.chain.writer.size = 2 * SEGMENT_BATCH_MAX;
    for (;;) {
        unsigned ring = (seed = seed * 1664525 + 1013904223) >> 31;
        uint64_t number = shared->appended[ring] * 2 + ring;

        if (append_number(p, ring, number, seed >> 21) == 0)
            __atomic_add_fetch(&shared->appended[ring], 1, __ATOMIC_SEQ_CST);
        if ((seed >> 8) % 8 == 0 && intake_take(&p->intake) != 0)
            _exit(1);
    }
}

/* Each ring's numbers without a hole, at least as many as there were when we began. */
static void
a_reader_beside_a_running_keeper_sees_each_entry_once(void **state)
{
    struct place *p = *state;
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t pid;

    assert_ptr_not_equal(shared, MAP_FAILED);
    pid = fork();
    if (pid == 0)
        run_gate_and_keeper(p, shared);
    for (int round = 0; round < 100; round++) {
        uint64_t least[2], seen[2] = {0, 0};
        struct ledger_entry entry;
        struct ledger_reader *r;
        int result;

        while (__atomic_load_n(&shared->appended[0], __ATOMIC_SEQ_CST) < 100 * (uint64_t)round + 1)
            continue;
        for (int i = 0; i < 2; i++)
            least[i] = __atomic_load_n(&shared->appended[i], __ATOMIC_SEQ_CST);
        if (ledger_reader_open(&r, &os_real, p->directory) == PASU_E_NOTFOUND)
            continue;
        while ((result = ledger_reader_next(r, &entry)) == 1)
            if (entry.type == LEDGER_SHAPE) {
                unsigned ring = entry.u.shape->fingerprint % 2;

                assert_true(entry.u.shape->fingerprint / 2 == seen[ring]);
                seen[ring]++;
            }
        assert_int_equal(result, 0);
        assert_true(seen[0] >= least[0] && seen[1] >= least[1]);
        ledger_reader_close(r);
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    munmap(shared, sizeof(*shared));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_comes_in_order_the_rings_last),
        TEST(deeds_are_told_to_who_wants_them_and_to_nobody_else),
        TEST(what_the_ledger_has_does_not_come_from_the_ring_again),
        TEST(a_ledger_without_rings_is_read_and_one_without_segments_is_not_found),
        TEST(the_specification_s_example_of_the_ring_is_read_and_written),
        TEST(a_lie_of_the_gate_is_told_and_the_others_are_read),
        TEST(a_lie_that_is_in_the_ledger_is_told_too),
        TEST(a_mark_is_taken_only_as_a_gate_writes_it),
        TEST(a_payload_that_is_none_is_damage_and_another_type_is_passed_over),
        TEST(whatever_call_fails_is_told),
        TEST(a_reader_beside_a_running_keeper_sees_each_entry_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
