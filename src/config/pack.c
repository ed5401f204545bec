/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packed configuration, numbers big-endian:
 *
 *      8 bytes    "PASUCFG1"
 *      u32        what "auto" threads stood for
 *      u32 + n    path of the configuration file
 *      u32 + n    its text
 *      then, for each gateway in order, for each key of a file in the registry's order that is set:
 *      u32 + n    the file's bytes
 *      then, for each key of the ledger, its file's bytes, or none where they are left out:
 *      u32 + n
 *      then, where there is a roster, and a key of claimed sources (or none of its bytes, as
 * above): u32 + n    its bytes
 *
 * Whoever unpacks it parses the text again, so that there is one way from bytes to a model, and
 * learns from the model which files follow.
 */
#include "config/load.h"

#include "base/memory.h"
#include "config/files.h"
#include "config/holder.h"

#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'P', 'A', 'S', 'U', 'C', 'F', 'G', '1'};

struct view
config_text(const struct config *config)
{
    return holder_view(config)->text;
}

/* What is packed of a key of the ledger. */
static struct view
key_bytes(const struct config *config, size_t index, bool has_keys)
{
    struct view bytes = config->ledger.keys[index].bytes;

    return has_keys ? bytes : view_of(bytes.bytes, 0);
}

static size_t
packed_length(const struct config *config, bool has_keys)
{
    size_t length = sizeof(magic) + 4 + 4 + strlen(config->path) + 4 + config_text(config).length;

    for (size_t i = 0; i < config->gateway_count; i++)
        for (enum key_id id = 0; id < KEY_COUNT; id++) {
            const struct config_file *file = files_find(config, i, id);

            length += file != NULL ? 4 + file->bytes.length : 0;
        }
    for (size_t i = 0; i < config->ledger.key_count; i++)
        length += 4 + key_bytes(config, i, has_keys).length;
    if (config->principals.roster.path != NULL)
        length += 4 + config->principals.roster.bytes.length;
    if (config->sources.claim_key_file.path != NULL)
        length += 4 + config->sources.claim_key_file.bytes.length;
    return length;
}

static void
write_view(struct writer *w, struct view v)
{
    writer_u32(w, (uint32_t)v.length);
    writer_bytes(w, v.bytes, v.length);
}

static int
pack(uint8_t **bytes, size_t *length, const struct config *config, bool has_keys)
{
    const struct holder *holder = holder_view(config);
    struct writer w;

    *length = packed_length(config, has_keys);
    *bytes = memory_new(1, *length);
    if (*bytes == NULL)
        return PASU_E_NOMEM;
    w = writer_of(*bytes, *length);
    writer_bytes(&w, magic, sizeof(magic));
    writer_u32(&w, holder->processors);
    write_view(&w, view_of_text(config->path));
    write_view(&w, config_text(config));
    for (size_t i = 0; i < config->gateway_count; i++)
        for (enum key_id id = 0; id < KEY_COUNT; id++) {
            const struct config_file *file = files_find(config, i, id);

            if (file != NULL)
                write_view(&w, file->bytes);
        }
    for (size_t i = 0; i < config->ledger.key_count; i++)
        write_view(&w, key_bytes(config, i, has_keys));
    if (config->principals.roster.path != NULL)
        write_view(&w, config->principals.roster.bytes);
    if (config->sources.claim_key_file.path != NULL)
        write_view(&w, config->sources.claim_key_file.bytes);
    return writer_end(&w) == (ssize_t)*length ? 0 : PASU_E_MISUSE;
}

int
config_pack(uint8_t **bytes, size_t *length, const struct config *config)
{
    return pack(bytes, length, config, false);
}

int
config_pack_with_keys(uint8_t **bytes, size_t *length, const struct config *config)
{
    return pack(bytes, length, config, true);
}

static struct view
read_view(struct reader *r)
{
    uint32_t length = reader_u32(r);

    return reader_bytes(r, length);
}

/* The text up to the files; views borrow from what the reader reads. */
struct packed {
    unsigned processors;
    struct view path, text;
};

static int
read_head(struct packed *packed, struct reader *r)
{
    struct view start = reader_bytes(r, sizeof(magic));

    packed->processors = reader_u32(r);
    packed->path = read_view(r);
    packed->text = read_view(r);
    if (r->failed || !view_equal(start, view_of(magic, sizeof(magic))) || packed->processors < 1 ||
        packed->processors > CONFIG_WORKERS_MAX || packed->path.length == 0 ||
        memchr(packed->path.bytes, 0, packed->path.length) != NULL)
        return PASU_E_MALFORMED;
    return 0;
}

static int
read_file(struct config_file *file, struct store *store, struct reader *r, size_t most)
{
    struct view v = read_view(r);
    const char *copy;

    if (r->failed || v.length > most)
        return PASU_E_MALFORMED;
    copy = store_dup(store, v);
    if (copy == NULL)
        return PASU_E_NOMEM;
    file->bytes = view_of(copy, v.length);
    return 0;
}

static int
read_files(struct config *config, struct reader *r)
{
    struct store *store = &holder_of(config)->store;
    int result = 0;

    for (size_t i = 0; i < config->gateway_count; i++)
        for (enum key_id id = 0; id < KEY_COUNT; id++) {
            struct config_file *file = files_slot(config, i, id);

            if (file != NULL && result == 0)
                result = read_file(file, store, r, CONFIG_FILE_SIZE_MAX);
        }
    for (size_t i = 0; i < config->ledger.key_count && result == 0; i++)
        result = read_file(&config->ledger.keys[i], store, r, CONFIG_FILE_SIZE_MAX);
    if (config->principals.roster.path != NULL && result == 0)
        result = read_file(&config->principals.roster, store, r, CONFIG_ROSTER_SIZE_MAX);
    if (config->sources.claim_key_file.path != NULL && result == 0)
        result = read_file(&config->sources.claim_key_file, store, r, CONFIG_FILE_SIZE_MAX);
    return result != 0 ? result : reader_end(r);
}

int
config_unpack(struct config **config, struct view bytes)
{
    struct reader reader = reader_of(bytes);
    struct config_faults faults = {0};
    struct holder *holder;
    struct packed packed;
    char *path;
    int r;

    *config = NULL;
    r = read_head(&packed, &reader);
    if (r != 0)
        return r;
    path = memory_dup(packed.path.bytes, packed.path.length);
    if (path == NULL)
        return PASU_E_NOMEM;
    r = holder_parse(&holder, packed.text, path, packed.processors, &faults);
    r = holder_give(config, holder, r);
    config_faults_release(&faults);
    memory_free(path);
    if (r != 0)
        return r;
    r = read_files(*config, &reader);
    if (r != 0) {
        config_free(*config);
        *config = NULL;
    }
    return r;
}

int
config_read_fd(uint8_t **bytes, size_t *length, int fd, size_t most)
{
    struct stat st;
    size_t have = 0;

    *bytes = NULL;
    if (fstat(fd, &st) != 0 || st.st_size <= 0 || (uint64_t)st.st_size > most)
        return PASU_E_MALFORMED;
    *length = (size_t)st.st_size;
    *bytes = memory_new(*length, 1);
    if (!*bytes)
        return PASU_E_NOMEM;
    while (have < *length) {
        ssize_t n = pread(fd, *bytes + have, *length - have, (off_t)have);

        if (n <= 0) {
            memory_wipe(*bytes, *length);
            memory_free(*bytes);
            *bytes = NULL;
            return PASU_E_IO;
        }
        have += (size_t)n;
    }
    return 0;
}

int
config_unpack_fd(struct config **config, int fd)
{
    uint8_t *bytes;
    size_t length;
    int result = config_read_fd(&bytes, &length, fd, CONFIG_PACKED_MAX);

    if (result != 0)
        return result;
    result = config_unpack(config, view_of(bytes, length));
    memory_wipe(bytes, length);
    memory_free(bytes);
    return result;
}
