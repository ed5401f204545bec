/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a ledger for the verifier that shares no code with it:
 *
 *     ledger_write FOLDER SEED BATCHES BYTES [KEY…]      BYTES: of a segment, at most
 *
 * Opens or makes the ledger in the folder, appends batches of exposures as they come from a ring
 * and records that do not, signs it, and prints the verifier's key. With keys, in hex, it is
 * encrypted with the first one.
 */
#include "../unit/random.h"
#include "ledger/chain.h"
#include "ledger/entry.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <unistd.h>

enum { BATCH_MAX = 40, ORDINALS = 200, PAYLOAD = 20000 };

static const char origin[] = "ledger.example/written";
static uint8_t payload[PAYLOAD];
static uint32_t numbers[2 * ORDINALS];

static void
check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "ledger_write: %s: %s\n", what, error_text(result));
    exit(2);
}

static void
put(struct chain *c, enum segment_type type, const void *bytes, size_t length)
{
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    uint64_t index;

    check(chain_put(c, type, os_realtime(&os_real), &part, 1, &index), "put");
}

/* In sequence, at random, or none. */
static size_t
make_list(struct random *random, uint32_t *list)
{
    size_t count = random_below(random, ORDINALS);
    uint32_t first = random_below(random, 1u << 31);
    uint32_t way = random_below(random, 3);

    for (size_t i = 0; i < count; i++)
        list[i] = way == 0 ? first + (uint32_t)i : (uint32_t)random_u64(random);
    return way == 2 ? 0 : count;
}

static void
put_exposure(struct chain *c, struct random *random)
{
    struct exposure e = {.session = random_u64(random),
                         .time = os_realtime(&os_real),
                         .shape = random_u64(random),
                         .vocabulary = 1,
                         .statements = 1,
                         .rows = random_below(random, 1000),
                         .part_count = (uint8_t)random_below(random, 4)};
    ssize_t length;

    snprintf(e.actor, sizeof(e.actor), "%s", random_below(random, 2) ? "callcenter-17" : "");
    length = ENTRY_SALT;
    for (size_t i = 0; i < e.part_count; i++)
        e.parts[i] = (struct exposure_part){.kind = (uint8_t)i,
                                            .attribution = ATTRIBUTION_KEY,
                                            .clear = random_below(random, 8),
                                            .ordinals = numbers,
                                            .missed = numbers + ORDINALS};
    if (e.part_count > 0) {
        e.parts[0].ordinal_count = make_list(random, numbers);
        e.parts[0].missed_count = make_list(random, numbers + ORDINALS);
    }
    memset(payload, 0, ENTRY_SALT);
    if (e.parts[0].ordinal_count + e.parts[0].missed_count > 0)
        check(os_real.random(NULL, payload, ENTRY_SALT), "random");
    length += exposure_encode(&e, payload + ENTRY_SALT, sizeof(payload) - ENTRY_SALT);
    check(length < ENTRY_SALT ? PASU_E_RANGE : 0, "encode");
    put(c, SEGMENT_EXPOSURE, payload, (size_t)length);
}

static void
append_batch(struct chain *c, struct random *random)
{
    static const char shape[] = "\1\2\3\4\5\6\7\10SELECT $1";
    struct segment_taken taken = {.file = 7, .durable = c->writer.durable};

    check(chain_begin(c, SEGMENT_BATCH_MAX / 4), "begin");
    taken.count = 1 + random_below(random, BATCH_MAX);
    for (uint32_t i = 0; i < taken.count; i++)
        if (random_below(random, 5) == 0)
            put(c, SEGMENT_SHAPE, shape, sizeof(shape) - 1);
        else
            put_exposure(c, random);
    put(c, SEGMENT_TAKEN, &taken, sizeof(taken));
    check(chain_commit(c), "commit");
}

static void
append_alone(struct chain *c, enum segment_type type)
{
    check(chain_begin(c, segment_room(0)), "begin");
    put(c, type, NULL, 0);
    check(chain_commit(c), "commit");
}

static void
add_key(struct segment_keys *keys, const char *text)
{
    uint8_t key[SEGMENT_KEY_SIZE];
    size_t length = 0;

    check(OPENSSL_hexstr2buf_ex(key, sizeof(key), &length, text, '\0') == 1 && length == sizeof(key)
              ? 0
              : PASU_E_USAGE,
          "key");
    check(segment_keys_add(keys, key), "keys");
}

int
main(int count, char **arguments)
{
    struct chain c;
    struct chain_report report;
    const struct sandbox_account nobody = {0};
    char text[NOTE_KEY_TEXT_MAX + 1];
    struct writer w = writer_of(text, sizeof(text));
    struct segment_keys keys = {0};
    struct random random;
    int directory;

    if (count < 5) {
        fprintf(stderr, "usage: ledger_write FOLDER SEED BATCHES BYTES [KEY...]\n");
        return 2;
    }
    for (int i = 5; i < count; i++)
        add_key(&keys, arguments[i]);
    random.state = strtoull(arguments[2], NULL, 10) + 1;
    directory = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(chain_open(&c, &os_real, directory, view_of_text(origin), &nobody, &keys, NULL, &report),
          "open");
    c.writer.size = (off_t)strtoull(arguments[4], NULL, 10);
    append_alone(&c, SEGMENT_STARTED);
    for (unsigned long long i = strtoull(arguments[3], NULL, 10); i > 0; i--)
        append_batch(&c, &random);
    append_alone(&c, SEGMENT_STOPPED);
    check(chain_checkpoint(&c), "checkpoint");
    note_key_print(&c.key.public, &w);
    printf("%.*s\n", (int)writer_length(&w), text);
    chain_close(&c);
    close(directory);
    return 0;
}
