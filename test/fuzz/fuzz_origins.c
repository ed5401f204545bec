/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of where addresses are. The first byte says what the rest is: a table as the gate maps it
 * (0), or a database in MaxMind's format, of countries (1) or of systems (2), of which a table is
 * made that says the same of every address.
 */
#include "base/memory.h"
#include "policy/origins.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* What libmaxminddb 1.7 loses of a database that it cannot open is not ours. */
const char *
__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

static const char *const asked[] = {
    "0.0.0.0", "1.2.3.4",   "127.0.0.1", "192.0.2.1",   "223.255.255.255", "255.255.255.255",  "::",
    "::1",     "::102:304", "2001::1",   "2001:db8::1", "2002:102::",      "ffff:ffff::ffff:1"};

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void
look_up(const struct origins *origins, const char *text, struct origin *origin)
{
    struct address address;

    must(address_parse(&address, text) == 0);
    origins_look_up(origins, &address, origin);
    must(memchr(origin->country, '\0', sizeof(origin->country)) != NULL);
}

static bool
see(void *arg, const struct address *address PASU_UNUSED, uint32_t value PASU_UNUSED)
{
    size_t *left = arg;

    must(*left > 0);
    --*left;
    return true;
}

static void
check_all(const struct origins *origins, size_t length)
{
    size_t left[2] = {length, length};

    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        struct origin origin;

        look_up(origins, asked[i], &origin);
    }
    must(origins_each(origins, false, see, &left[0]) && origins_each(origins, true, see, &left[1]));
}

static void
check_table(struct view table)
{
    struct origins *origins = NULL;
    uint8_t *copy = memory_new(table.length, 1);

    if (copy)
        memcpy(copy, table.bytes, table.length);
    if (copy && origins_take(&origins, copy, table.length) == 0) {
        check_all(origins, table.length);
        origins_release(origins);
    }
}

static void
check_same(const struct sources *sources, const struct origins *origins)
{
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        struct origin one, other;

        sources_look_up(sources, asked[i], &one);
        look_up(origins, asked[i], &other);
        must(one.system == other.system && strcmp(one.country, other.country) == 0);
    }
}

static void
check_database(const char *path, bool is_systems)
{
    struct origins *origins = NULL;
    struct sources sources;
    const char *failed;
    uint8_t *bytes = NULL;
    size_t length = 0;

    if (sources_open(&sources, path, is_systems ? path : NULL, &failed) != 0)
        return;
    if (origins_build(&bytes, &length, &sources) == 0) {
        must(origins_take(&origins, bytes, length) == 0); /* whatever it says, it is a table */
        check_all(origins, length);
        check_same(&sources, origins);
        origins_release(origins);
    }
    sources_close(&sources);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd;

    if (size < 2)
        return 0;
    if (data[0] == 0) {
        check_table(view_of(data + 1, size - 1));
        return 0;
    }
    fd = memfd_create("database", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1)) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        check_database(path, data[0] == 2);
    }
    if (fd >= 0)
        close(fd);
    return 0;
}
