/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/vocabulary.h"

#include "exposure/little.h"

#include <sodium/crypto_generichash.h>

enum { ID_SIZE = 4 };

static_assert(ID_SIZE + 2 + (EXPOSURE_FIELDS_MAX + EXPOSURE_KINDS_MAX) * VOCABULARY_NAME_SIZE <=
                  VOCABULARY_ENCODED_MAX,
              "the fullest vocabulary fits");

static_assert((int)EXPOSURE_FIELDS_MAX == CONFIG_FIELDS_MAX &&
                  (int)EXPOSURE_KINDS_MAX == CONFIG_SUBJECTS_MAX,
              "a configuration that was loaded has a vocabulary");

typedef char name_space[VOCABULARY_NAME_SIZE];

static int
find_name(const name_space *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

/* Adds a name unless it is there. */
static int
add_name(name_space *names, uint32_t *count, uint32_t most, struct view name)
{
    name_space text = "";

    if (name.length == 0 || name.length >= sizeof(text) || memchr(name.bytes, 0, name.length))
        return PASU_E_RANGE;
    memcpy(text, name.bytes, name.length);
    if (find_name((const name_space *)names, *count, text) >= 0)
        return 0;
    if (*count == most)
        return PASU_E_RANGE;
    memcpy(names[(*count)++], text, sizeof(text));
    return 0;
}

static void
write_names(struct writer *w, const name_space *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);

        writer_u8(w, (uint8_t)length);
        writer_bytes(w, names[i], length);
    }
}

/* All but the id, which is the hash of this. */
static void
write_body(struct writer *w, const struct vocabulary *vocabulary)
{
    writer_u8(w, (uint8_t)vocabulary->field_count);
    writer_u8(w, (uint8_t)vocabulary->kind_count);
    write_names(w, (const name_space *)vocabulary->fields, vocabulary->field_count);
    write_names(w, (const name_space *)vocabulary->kinds, vocabulary->kind_count);
}

static uint32_t
hash_body(struct view body)
{
    uint8_t hash[crypto_generichash_BYTES];
    uint32_t id;

    (void)crypto_generichash(hash, sizeof(hash), body.bytes, body.length, NULL, 0);
    memcpy(&id, hash, sizeof(id));
    return id != 0 ? id : 1;
}

static void
make_id(struct vocabulary *vocabulary)
{
    uint8_t body[VOCABULARY_ENCODED_MAX];
    struct writer w = writer_of(body, sizeof(body));

    write_body(&w, vocabulary);
    vocabulary->id = hash_body(view_of(body, writer_length(&w)));
}

int
vocabulary_of_names(struct vocabulary *vocabulary, const char *const *fields, size_t field_count,
                    const char *const *kinds, size_t kind_count)
{
    int result = 0;

    memset(vocabulary, 0, sizeof(*vocabulary));
    for (size_t i = 0; i < kind_count && result == 0; i++)
        result = add_name(vocabulary->kinds, &vocabulary->kind_count, EXPOSURE_KINDS_MAX,
                          view_of_text(kinds[i]));
    for (size_t i = 0; i < field_count && result == 0; i++)
        result = add_name(vocabulary->fields, &vocabulary->field_count, EXPOSURE_FIELDS_MAX,
                          view_of_text(fields[i]));
    if (result == 0)
        make_id(vocabulary);
    return result;
}

int
vocabulary_of_config(struct vocabulary *vocabulary, const struct config *config)
{
    int result = 0;

    memset(vocabulary, 0, sizeof(*vocabulary));
    for (size_t i = 0; i < config->subject_count && result == 0; i++)
        result = add_name(vocabulary->kinds, &vocabulary->kind_count, EXPOSURE_KINDS_MAX,
                          view_of_text(config->subjects[i].name));
    for (size_t i = 0; i < config->personal_count; i++)
        for (size_t f = 0; f < config->personal[i].field_count && result == 0; f++)
            result = add_name(vocabulary->fields, &vocabulary->field_count, EXPOSURE_FIELDS_MAX,
                              view_of_text(config->personal[i].fields[f].field));
    if (result != 0)
        return result;
    make_id(vocabulary);
    return 0;
}

int
vocabulary_field(const struct vocabulary *vocabulary, const char *name)
{
    return find_name((const name_space *)vocabulary->fields, vocabulary->field_count, name);
}

int
vocabulary_kind(const struct vocabulary *vocabulary, const char *name)
{
    return find_name((const name_space *)vocabulary->kinds, vocabulary->kind_count, name);
}

void
vocabulary_all(const struct vocabulary *v, uint64_t *fields, uint64_t *kinds)
{
    *fields = v->field_count < 64 ? (UINT64_C(1) << v->field_count) - 1 : UINT64_MAX;
    *kinds = (UINT64_C(1) << v->kind_count) - 1;
}

ssize_t
vocabulary_encode(const struct vocabulary *vocabulary, uint8_t *bytes, size_t size)
{
    struct writer w = writer_of(bytes, size);

    little_write_u32(&w, vocabulary->id);
    write_body(&w, vocabulary);
    return writer_end(&w);
}

/* `count` names, all different. */
static void
read_names(struct reader *r, name_space *names, uint32_t *count, uint32_t most, uint8_t expected)
{
    for (uint8_t i = 0; i < expected && !r->failed; i++) {
        struct view name = reader_bytes(r, reader_u8(r));

        if (r->failed || add_name(names, count, most, name) != 0 || *count != i + 1U)
            r->failed = true;
    }
}

int
vocabulary_decode(struct vocabulary *vocabulary, struct view bytes)
{
    struct reader r = reader_of(bytes);
    uint8_t fields, kinds;

    memset(vocabulary, 0, sizeof(*vocabulary));
    vocabulary->id = little_read_u32(&r);
    fields = reader_u8(&r);
    kinds = reader_u8(&r);
    read_names(&r, vocabulary->fields, &vocabulary->field_count, EXPOSURE_FIELDS_MAX, fields);
    read_names(&r, vocabulary->kinds, &vocabulary->kind_count, EXPOSURE_KINDS_MAX, kinds);
    if (reader_end(&r) == 0 &&
        vocabulary->id == hash_body(view_of(bytes.bytes + ID_SIZE, bytes.length - ID_SIZE)))
        return 0;
    memset(vocabulary, 0, sizeof(*vocabulary));
    return PASU_E_MALFORMED;
}
