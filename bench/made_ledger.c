/* SPDX-License-Identifier: Apache-2.0 */
#include "made_ledger.h"

#include "base/memory.h"
#include "ledger/entry.h"

enum { BATCH_BYTES = 1 << 19 };

const char *const made_fields[4] = {"name", "phone", "email", "address"};

static void
check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "ledger: %s: %s\n", what, error_text(result));
    exit(2);
}

static void
end_batch(struct made_ledger *l)
{
    struct segment_taken taken = {.count = l->put, .durable = l->writer.durable};
    struct iovec part = {&taken, sizeof(taken)};
    struct segment_record record;

    if (!l->writer.is_open)
        return;
    if (l->put > 0) {
        check(segment_put(&l->writer, SEGMENT_TAKEN, l->now, &part, 1, &record), "put");
        l->records++;
    }
    check(segment_commit(&l->writer), "commit");
    l->put = 0;
}

static void
put(struct made_ledger *l, enum segment_type type, const void *bytes, size_t length)
{
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    struct segment_record record;
    bool is_ring = segment_is_from_ring(type);

    if (l->writer.is_open &&
        (l->writer.used + segment_room(length) + 1024 > BATCH_BYTES || (!is_ring && l->put > 0)))
        end_batch(l);
    if (!l->writer.is_open)
        check(segment_begin(&l->writer, BATCH_BYTES), "begin");
    check(segment_put(&l->writer, type, l->now, &part, 1, &record), "put");
    l->put += is_ring;
    l->records++;
}

static void
put_text(struct writer *w, const char *text)
{
    writer_u8(w, (uint8_t)strlen(text));
    writer_bytes(w, text, strlen(text));
}

void
made_open(struct made_ledger *l, uint32_t principal, const char *application)
{
    uint8_t bytes[512];
    struct writer w = writer_of(bytes, sizeof(bytes));
    char name[32];

    l->sessions[principal] = random_u64(&l->random);
    writer_bytes(&w, &l->sessions[principal], 8);
    writer_bytes(&w, &l->now, 8);
    writer_bytes(&w, "\0\0\1\0", 4);
    put_text(&w, "shop");
    snprintf(name, sizeof(name), "principal%03u", principal);
    put_text(&w, name);
    put_text(&w, "shop");
    put_text(&w, application);
    snprintf(name, sizeof(name), "10.0.%u.%u", principal / 250, principal % 250 + 1);
    put_text(&w, name);
    put(l, SEGMENT_OPENED, bytes, (size_t)writer_end(&w));
}

void
made_close(struct made_ledger *l, uint32_t principal)
{
    uint8_t bytes[56] = {0};

    memcpy(bytes, &l->sessions[principal], 8);
    memcpy(bytes + 8, &l->now, 8);
    put(l, SEGMENT_CLOSED, bytes, sizeof(bytes));
    l->sessions[principal] = 0;
}

void
made_show(struct made_ledger *l, uint32_t principal, uint64_t shape, uint64_t fields,
          const uint32_t *ordinals, size_t count, bool is_list)
{
    static uint8_t bytes[ENTRY_SALT + MADE_LONGEST];
    struct exposure e = {.session = l->sessions[principal],
                         .time = l->now,
                         .shape = shape,
                         .vocabulary = l->vocabulary,
                         .statements = is_list ? 1 : (uint32_t)count,
                         .rows = count,
                         .part_count = 1};
    uint64_t salt = random_u64(&l->random);
    ssize_t length;

    e.parts[0] =
        (struct exposure_part){.attribution = is_list ? ATTRIBUTION_KEY : ATTRIBUTION_PINNED,
                               .clear = fields,
                               .ordinals = (uint32_t *)(uintptr_t)ordinals,
                               .ordinal_count = count};
    memcpy(bytes, &salt, sizeof(salt));
    length = exposure_encode(&e, bytes + ENTRY_SALT, MADE_LONGEST);
    check((int)length, "encode");
    put(l, SEGMENT_EXPOSURE, bytes, ENTRY_SALT + (size_t)length);
    l->reads += count;
}

void
made_begin(struct made_ledger *l, int segments, uint64_t seed, int64_t now)
{
    uint8_t bytes[VOCABULARY_ENCODED_MAX];
    struct config_subject subject = {.name = "customer"};
    struct config_field fields[4];
    struct config_personal personal = {.fields = fields, .field_count = COUNT_OF(fields)};
    struct config config = {
        .subjects = &subject, .subject_count = 1, .personal = &personal, .personal_count = 1};
    struct vocabulary *vocabulary = memory_new(1, sizeof(*vocabulary));
    struct segment_report opened;
    ssize_t length;

    *l = (struct made_ledger){.random.state = seed, .now = now};
    check(segment_writer_open(&l->writer, &os_real, segments, 0, NULL, NULL, &opened), "open");
    for (size_t f = 0; f < COUNT_OF(fields); f++)
        fields[f] = (struct config_field){.field = made_fields[f]};
    check(vocabulary == NULL ? PASU_E_NOMEM : vocabulary_of_config(vocabulary, &config), "names");
    l->vocabulary = vocabulary->id;
    put(l, SEGMENT_STARTED, NULL, 0);
    length = vocabulary_encode(vocabulary, bytes, sizeof(bytes));
    check((int)length, "encode");
    put(l, SEGMENT_VOCABULARY, bytes, (size_t)length);
    memory_free(vocabulary);
}

void
made_end(struct made_ledger *l)
{
    end_batch(l);
    check(segment_sync(&l->writer), "sync");
    segment_writer_close(&l->writer);
}
