/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/signing_key.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

static const char mark[] = "PRIVATE+KEY+";

enum { MARK = sizeof(mark) - 1, FILE_NAME_MAX = 60 };

_Static_assert(SIGNING_KEY_FILE_MAX == MARK + NOTE_KEY_TEXT_MAX + 1, "and a newline");

static EVP_PKEY *
private_of(const struct signing_key *key)
{
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, sizeof(key->seed));
}

/* The public half of a seed that is there. */
static int
complete(struct signing_key *key, enum note_key_type type, struct view name)
{
    EVP_PKEY *private = private_of(key);
    uint8_t public[NOTE_KEY_SIZE];
    size_t size = sizeof(public);
    int result = PASU_E_CRYPTO;

    if (private && EVP_PKEY_get_raw_public_key(private, public, &size) == 1 &&
        size == sizeof(public))
        result = note_key_init(&key->public, type, name, public);
    EVP_PKEY_free(private);
    return result;
}

int
signing_key_make(struct signing_key *key, const struct os *os, enum note_key_type type,
                 struct view name)
{
    int result = os->random(os->arg, key->seed, sizeof(key->seed));

    if (result == 0)
        result = complete(key, type, name);
    if (result != 0)
        signing_key_release(key);
    return result;
}

void
signing_key_release(struct signing_key *key)
{
    memory_wipe(key, sizeof(*key));
}

int
signing_key_parse(struct signing_key *key, struct view contents)
{
    struct reader r = reader_of(contents);
    struct note_key_parts parts;
    int result = PASU_E_CORRUPT;

    if (view_equal(reader_bytes(&r, MARK), view_of(mark, MARK)) && reader_left(&r) > 0 &&
        note_key_parts_parse(&parts, reader_bytes(&r, reader_left(&r) - 1)) == 0 &&
        reader_u8(&r) == '\n') {
        memcpy(key->seed, parts.bytes, sizeof(key->seed));
        result = complete(key, parts.type, parts.name);
        if (result == PASU_E_MALFORMED || (result == 0 && key->public.id != parts.id))
            result = PASU_E_CORRUPT;
    }
    memory_wipe(&parts, sizeof(parts));
    if (result != 0)
        signing_key_release(key);
    return result;
}

/* ---- the file ---- */

/* The file's contents and owner, on disk. */
static int
write_file(const struct os *os, int fd, const struct sandbox_account *account,
           const struct signing_key *key)
{
    uint8_t contents[SIGNING_KEY_FILE_MAX];
    struct writer w = writer_of(contents, sizeof(contents));
    struct note_key_parts parts = {.name = view_of_text(key->public.name),
                                   .id = key->public.id,
                                   .type = (uint8_t)key->public.type};
    ssize_t length, n;

    memcpy(parts.bytes, key->seed, sizeof(parts.bytes));
    writer_bytes(&w, mark, MARK);
    note_key_parts_print(&parts, &w);
    writer_u8(&w, '\n');
    length = writer_end(&w);
    n = length < 0 ? length : os->pwrite(os->arg, fd, contents, (size_t)length, 0);
    memory_wipe(&parts, sizeof(parts));
    memory_wipe(contents, sizeof(contents));
    if (length < 0)
        return (int)length;
    if (n != length)
        return n < 0 ? error_from_errno(errno) : PASU_E_DISKFULL;
    if (fchmod(fd, 0600) != 0 || (account->uid != 0 && fchown(fd, account->uid, account->gid) != 0))
        return error_from_errno(errno);
    return os->fsync(os->arg, fd) == 0 ? 0 : error_from_errno(errno);
}

/* Gives the file its name, which is free. */
static int
publish(const struct os *os, int directory, const char *new, const char *name)
{
    if (os->linkat(os->arg, directory, new, directory, name, 0) != 0)
        return errno == EEXIST ? PASU_E_DENIED : error_from_errno(errno);
    if (unlinkat(directory, new, 0) != 0)
        return error_from_errno(errno);
    return os->fsync(os->arg, directory) == 0 ? 0 : error_from_errno(errno);
}

int
signing_key_store(const struct signing_key *key, const struct os *os, int directory,
                  const char *name, const struct sandbox_account *account)
{
    char new[FILE_NAME_MAX + 5];
    int n = snprintf(new, sizeof(new), "%s.new", name), fd, result;

    if (n < 0 || (size_t)n >= sizeof(new))
        return PASU_E_RANGE;
    /* What a former attempt left is of no use to anybody. */
    if (unlinkat(directory, new, 0) != 0 && errno != ENOENT)
        return error_from_errno(errno);
    fd = os->openat(os->arg, directory, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_from_errno(errno);
    result = write_file(os, fd, account, key);
    os->close(os->arg, fd);
    if (result == 0)
        result = publish(os, directory, new, name);
    if (result != 0)
        (void)unlinkat(directory, new, 0);
    return result;
}

static int
read_file(const struct os *os, int fd, struct signing_key *key)
{
    uint8_t contents[SIGNING_KEY_FILE_MAX];
    struct stat st;
    int result;
    ssize_t n;

    if (fstat(fd, &st) != 0)
        return error_from_errno(errno);
    if (!S_ISREG(st.st_mode) || st.st_size > SIGNING_KEY_FILE_MAX)
        return PASU_E_CORRUPT;
    if ((st.st_mode & 077) != 0)
        return PASU_E_DENIED;
    n = os->pread(os->arg, fd, contents, (size_t)st.st_size, 0);
    if (n < 0)
        result = error_from_errno(errno);
    else
        result =
            n == st.st_size ? signing_key_parse(key, view_of(contents, (size_t)n)) : PASU_E_CORRUPT;
    memory_wipe(contents, sizeof(contents));
    return result;
}

int
signing_key_load(struct signing_key *key, const struct os *os, int directory, const char *name)
{
    int fd = os->openat(os->arg, directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0), result;

    if (fd < 0) {
        result = errno == ELOOP ? PASU_E_CORRUPT : error_from_errno(errno);
    } else {
        result = read_file(os, fd, key);
        os->close(os->arg, fd);
    }
    if (result != 0)
        signing_key_release(key);
    return result;
}

/* ---- signing ---- */

int
signing_key_sign(const struct signing_key *key, struct view message,
                 uint8_t signature[NOTE_SIGNATURE_SIZE])
{
    EVP_PKEY *private;
    EVP_MD_CTX *context;
    size_t size = NOTE_SIGNATURE_SIZE;
    int result = PASU_E_CRYPTO;

    if (key->public.name[0] == '\0')
        return PASU_E_MISUSE;
    private = private_of(key);
    context = EVP_MD_CTX_new();
    if (private && context && EVP_DigestSignInit(context, NULL, NULL, NULL, private) == 1 &&
        EVP_DigestSign(context, signature, &size, message.bytes, message.length) == 1 &&
        size == NOTE_SIGNATURE_SIZE)
        result = 0;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(private);
    return result;
}

int
signing_key_add(const struct signing_key *key, struct view text, struct writer *w)
{
    uint8_t signature[NOTE_SIGNATURE_SIZE];
    int result = key->public.type == NOTE_KEY_ED25519 ? signing_key_sign(key, text, signature)
                                                      : PASU_E_MISUSE;

    if (result != 0)
        return result;
    note_append(w, &key->public, view_of(signature, sizeof(signature)));
    return w->failed ? PASU_E_RANGE : 0;
}

int
signing_key_cosign(const struct signing_key *key, struct view text, uint64_t time, struct writer *w)
{
    uint8_t message[NOTE_COSIGNED_MAX], signature[NOTE_COSIGNATURE_SIZE];
    struct writer s = writer_of(signature, sizeof(signature));
    ssize_t length;
    int result;

    if (key->public.type != NOTE_KEY_COSIGNATURE)
        return PASU_E_MISUSE;
    length = note_cosigned(message, text, time);
    if (length < 0)
        return (int)length;
    writer_u32(&s, (uint32_t)(time >> 32));
    writer_u32(&s, (uint32_t)time);
    result = signing_key_sign(key, view_of(message, (size_t)length), s.at);
    if (result != 0)
        return result;
    note_append(w, &key->public, view_of(signature, sizeof(signature)));
    return w->failed ? PASU_E_RANGE : 0;
}
