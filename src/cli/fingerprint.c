/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fingerprint.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/run.h"
#include "config/quantity.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS_MOST = 64, NAME_SIZE = 4096 };

int
fingerprint_threads(const struct arguments *arguments, unsigned *threads)
{
    const char *text = arguments->values[OPTION_threads];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t n = processors < 1 ? 1 : (uint64_t)processors;

    if (text != NULL && (quantity_count(&n, text) != 0 || n < 1 || n > THREADS_MOST)) {
        complain("write a number from 1 to 64", "-j %.40s is no number of threads", text);
        return 2;
    }
    *threads = n > THREADS_MOST ? THREADS_MOST : (unsigned)n;
    return 0;
}

/* ---- files ---- */

static int
open_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
        errno = EINVAL;
    }
    if (fd < 0)
        complain("", "%s cannot be read: %s", path, strerror(errno));
    else
        *size = (size_t)st.st_size;
    return fd;
}

static int
read_all(int fd, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, bytes + done, size - done);

        if (n < 0 && errno != EINTR)
            return error_from_errno(errno);
        if (n == 0)
            return PASU_E_CORRUPT;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int
fingerprint_read_key(const struct arguments *arguments, const char *bundle,
                     struct fingerprint_key *key)
{
    char name[NAME_SIZE], text[FINGERPRINT_KEY_TEXT_SIZE];
    const char *path = arguments->values[OPTION_key];
    size_t size = 0;
    int fd, result;

    *key = (struct fingerprint_key){.secret = {0}};
    if (path == NULL) {
        snprintf(name, sizeof(name), "%s.key", bundle);
        path = name;
    }
    fd = open_file(path, &size);
    if (fd < 0)
        return 2;
    size = size < sizeof(text) ? size : sizeof(text);
    result = read_all(fd, (uint8_t *)text, size);
    close(fd);
    if (result == 0)
        result = fingerprint_key_read(key, view_of(text, size));
    memory_wipe(text, sizeof(text));
    if (result == 0)
        return 0;
    complain("it is what pasu fingerprint make has written beside the bundle, one line",
             "%s is no key of a bundle that this pasu knows", path);
    return 2;
}

int
fingerprint_read(const char *path, const struct fingerprint_key *key,
                 struct fingerprint_bundle *bundle)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    int fd, result;

    *bundle = (struct fingerprint_bundle){.bytes = NULL};
    fd = open_file(path, &size);
    if (fd < 0)
        return 2;
    bytes = memory_new(size + 1, 1);
    result = bytes != NULL ? read_all(fd, bytes, size) : PASU_E_NOMEM;
    close(fd);
    if (result == 0)
        result = fingerprint_bundle_take(bundle, bytes, size, key);
    if (result == 0)
        return 0;
    memory_free(bytes);
    if (result == PASU_E_NOTFOUND)
        complain("", "%s is no bundle that this pasu knows", path);
    else if (result == PASU_E_CORRUPT)
        complain("get it anew: nothing of it is used", "%s is damaged", path);
    else if (result == PASU_E_DENIED)
        complain("name the one that came with it: --key FILE", "the key is not that of %s", path);
    else
        complain(error_hint(result), "%s: %s", path, error_text(result));
    return 2;
}

/* ---- the command ---- */

static const struct {
    const char *name;
    int (*run)(const struct arguments *arguments);
    size_t least, most; /* operands */
    bool has_configuration;
} actions[] = {
    {"make", fingerprint_make, 1, 2, true},
    {"check", fingerprint_check, 3, 3, false},
    {"hash", fingerprint_hashes, 2, 2, false},
    {"range", fingerprint_range, 3, 3, true},
};

int
run_fingerprint(const struct arguments *arguments)
{
    const char *word = arguments->operands[0];

    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (strcmp(word, actions[i].name) != 0)
            continue;
        if (arguments->operand_count < actions[i].least ||
            arguments->operand_count > actions[i].most) {
            complain("see: pasu help fingerprint", "that is not what %s needs", word);
            return 2;
        }
        if (actions[i].has_configuration && !arguments_given(arguments, OPTION_config)) {
            complain("name it with -c FILE", "%s needs the configuration", word);
            return 2;
        }
        return output_end(actions[i].run(arguments));
    }
    complain("there are: make, check, hash, range", "fingerprint cannot \"%.64s\"", word);
    return 2;
}
