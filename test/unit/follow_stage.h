/* SPDX-License-Identifier: Apache-2.0 */
/* Logs that are followed, and how often each member was seen in them. */
#ifndef PASU_TEST_FOLLOW_STAGE_H
#define PASU_TEST_FOLLOW_STAGE_H

#include "base/memory.h"
#include "policy/sources.h"
#include "scan/follow.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMBERS = 512, FILES = 3, PATH = 128 };

static const char map_text[] = "subjects: {customer: {}}\n"
                               "routes: [{path: '/members/{customer}', fields: [name]}]\n";

struct stage {
    char folder[32], paths[FILES][PATH];
    struct route_map *map;
    struct dialects dialects;
    struct sources sources;
    struct observe_keys keys;
    struct streams *streams;
    struct follow *follow;
    struct input_list names;     /* of a stage that begins with names */
    unsigned seen[MEMBERS], all; /* how often each member was shown; lines */
    struct unread_line unread;   /* the last line that was not read */
    int stop;
};

static inline int
see_block(void *arg, struct block *block, uint64_t taken PASU_UNUSED)
{
    struct stage *s = arg;

    s->all += (unsigned)block->lines;
    if (block->unread.count > 0)
        s->unread = block->unread.lines[block->unread.count - 1];
    return block->result;
}

static inline int
see_observations(void *arg, const struct observation *items, size_t count)
{
    struct stage *s = arg;

    for (size_t i = 0; i < count; i++)
        if (items[i].what == OBSERVED_SHOWN && items[i].number < MEMBERS)
            s->seen[items[i].number]++;
    return 0;
}

/* ---- files ---- */

static inline void
put_text(const char *path, const char *text, int flags)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Lines that show members from .. to - 1. */
static inline void
put(const char *path, unsigned from, unsigned to)
{
    char line[128];

    for (unsigned member = from; member < to; member++) {
        snprintf(
            line, sizeof(line),
            "192.0.2.1 - - [01/Jun/2026:10:%02u:%02u +0000] \"GET /members/%u HTTP/1.1\" 200 5 "
            "\"-\" \"M\"\n",
            member / 60, member % 60, member);
        put_text(path, line, O_APPEND);
    }
}

static inline void
copy(const char *from, const char *to)
{
    static char bytes[1 << 16];
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, bytes, sizeof(bytes) - 1);

    assert_true(n >= 0);
    close(fd);
    bytes[n] = '\0';
    put_text(to, bytes, O_TRUNC);
}

/* Members from .. to - 1 were shown once, and nobody else. */
static inline void
assert_seen(const struct stage *s, unsigned from, unsigned to)
{
    for (unsigned member = 0; member < MEMBERS; member++)
        assert_int_equal(s->seen[member], member >= from && member < to);
}

static inline unsigned
open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

/* ---- the stage ---- */

static inline int
set_up(void **state)
{
    struct stage *s = memory_new(1, sizeof(*s));
    struct config_faults faults = {0};
    const char *failed;
    uint8_t secret[OBSERVE_SECRET] = {1};

    snprintf(s->folder, sizeof(s->folder), "/tmp/follow.XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    for (int i = 0; i < FILES; i++)
        snprintf(s->paths[i], PATH, "%s/access.log%s", s->folder,
                 i == 0   ? ""
                 : i == 1 ? ".1"
                          : ".2");
    assert_int_equal(route_map_parse(&s->map, view_of_text(map_text), "map", &faults), 0);
    dialects_init(&s->dialects, s->map);
    assert_int_equal(sources_open(&s->sources, NULL, NULL, &failed), 0);
    observe_keys_init(&s->keys, secret);
    s->stop = -1;
    *state = s;
    return 0;
}

static inline void
begin_with(struct stage *s, char *const *paths, size_t files, unsigned threads)
{
    struct streams_options reading = {.dialects = &s->dialects,
                                      .keys = &s->keys,
                                      .sources = &s->sources,
                                      .threads = threads,
                                      .block = 4096};
    struct follow_options options = {.dialects = &s->dialects,
                                     .block = see_block,
                                     .observations = see_observations,
                                     .arg = s,
                                     .names = s->names.open_count > 0 ? &s->names : NULL,
                                     .stop = s->stop};

    assert_int_equal(streams_new(&s->streams, &reading), 0);
    options.streams = s->streams;
    assert_int_equal(follow_open(&s->follow, &options, paths, files), 0);
}

static inline void
begin(struct stage *s, size_t files, unsigned threads)
{
    char *paths[FILES] = {s->paths[0], s->paths[1], s->paths[2]};

    begin_with(s, paths, files, threads);
}

/* With a folder, or a pattern. */
static inline void
begin_names(struct stage *s, const char *operand)
{
    s->names.is_following = true;
    assert_int_equal(input_list_add(&s->names, operand), 0);
    begin_with(s, s->names.paths, s->names.count, 1);
}

static inline void
empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL)
        closedir(folder);
}

static inline int
tear_down(void **state)
{
    struct stage *s = *state;

    follow_close(s->follow);
    streams_free(s->streams);
    route_map_free(s->map);
    sources_close(&s->sources);
    input_list_release(&s->names);
    empty_folder(s->folder);
    rmdir(s->folder);
    memory_free(s);
    return 0;
}

#endif
