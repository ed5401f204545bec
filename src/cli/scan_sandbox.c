/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan_sandbox.h"

#include "base/memory.h"
#include "base/sandbox.h"
#include "cli/complain.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FOLDERS = 66 /* two of them for a page's */, KEPT = 64 /* descriptors */ };

struct giving_up {
    struct sandbox_folder folders[FOLDERS];
    char names[FOLDERS][PATH_MAX];
    size_t count;
    int kept[KEPT];
    size_t kept_count;
};

static int
add_folder(struct giving_up *g, const char *name, enum sandbox_use use)
{
    struct sandbox_folder *folder = &g->folders[g->count];

    for (size_t i = 0; i < g->count; i++)
        if (g->folders[i].use == use && strcmp(g->names[i], name) == 0)
            return 0;
    if (g->count >= FOLDERS - (use == SANDBOX_READS ? 2 : 0))
        return PASU_E_RANGE;
    folder->fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0)
        return error_from_errno(errno);
    folder->use = use;
    snprintf(g->names[g->count++], PATH_MAX, "%s", name);
    return 0;
}

/* The folder that a name is in, and, where it is a link, the one where it leads. */
static int
add_folders_of(struct giving_up *g, const char *path, enum sandbox_use use)
{
    char name[PATH_MAX], real[PATH_MAX];
    int result;

    if (snprintf(name, sizeof(name), "%s", path) >= (int)sizeof(name))
        return PASU_E_RANGE;
    if (realpath(dirname(name), real) == NULL)
        return error_from_errno(errno);
    result = add_folder(g, real, use);
    if (result == 0 && realpath(path, real) != NULL)
        result = add_folder(g, dirname(real), use);
    return result;
}

/* "/dev/fd/63", as shells name the end of a pipe: it stays open. */
static bool
is_descriptor(struct giving_up *g, const char *path)
{
    static const char *const fronts[] = {"/dev/fd/", "/proc/self/fd/"};

    for (size_t i = 0; i < COUNT_OF(fronts); i++)
        if (strncmp(path, fronts[i], strlen(fronts[i])) == 0) {
            if (g->kept_count < KEPT)
                g->kept[g->kept_count++] = (int)strtol(path + strlen(fronts[i]), NULL, 10);
            return true;
        }
    return strcmp(path, "-") == 0;
}

/* It is opened again by its name, as any log is. */
static bool
is_regular(const char *path)
{
    struct stat st;

    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int
find_folders(struct giving_up *g, const struct input_list *names, const char *page)
{
    int result = 0;

    for (size_t i = 0; i < names->count && result == 0; i++)
        if (!is_descriptor(g, names->paths[i]) || is_regular(names->paths[i]))
            result = add_folders_of(g, names->paths[i], SANDBOX_READS);
    for (size_t i = 0; i < names->open_count && result == 0; i++)
        result = add_folder(g, names->open[i].folder, SANDBOX_READS);
    if (result == PASU_E_RANGE) { /* there are very many: it reads what it may */
        close(g->folders[--g->count].fd);
        result = add_folder(g, "/", SANDBOX_READS);
    }
    if (result == 0 && page != NULL)
        result = add_folders_of(g, page, SANDBOX_WRITES);
    return result;
}

static const char unable[] = "scan cannot give up what it does not need";

/* 0, or the exit status. */
static int
enter(enum sandbox_profile profile)
{
    int result = sandbox_enter(profile);

    if (result != PASU_E_DENIED)
        return result == 0 ? 0 : complain_error(result, unable);
    complain("read logs where seccomp can be used: Linux 4.14 or later, and neither in a container "
             "that forbids it nor under valgrind, which does not know it",
             "%s: the kernel takes no filter of system calls", unable);
    return 2;
}

int
scan_close_others(const struct input_list *names)
{
    struct giving_up *g = memory_new(1, sizeof(*g));
    int result = g != NULL ? 0 : PASU_E_NOMEM;

    for (size_t i = 0; i < names->count && result == 0; i++)
        (void)is_descriptor(g, names->paths[i]);
    if (result == 0)
        result = sandbox_close_others(g->kept, g->kept_count);
    memory_free(g);
    return result == 0 ? 0 : complain_error(result, unable);
}

/* Without Landlock the account's rights are the limit. */
static int
confine(struct giving_up *g)
{
    int result = sandbox_confine(g->folders, g->count);

    return result == PASU_E_UNAVAILABLE ? 0 : result;
}

int
scan_give_up_but(const struct input_list *names, int ledger)
{
    struct giving_up *g = memory_new(1, sizeof(*g));
    int result = g != NULL ? 0 : PASU_E_NOMEM;
    size_t opened = 0;

    tzset(); /* from a file that cannot be read any more */
    if (result == 0)
        result = find_folders(g, names, NULL);
    if (result == 0) {
        opened = g->count;
        g->folders[g->count++] = (struct sandbox_folder){.fd = ledger, .use = SANDBOX_MOVES};
        result = confine(g);
    }
    for (size_t i = 0; i < opened; i++)
        close(g->folders[i].fd);
    memory_free(g);
    return result == 0 ? enter(SANDBOX_IMPORTER) : complain_error(result, unable);
}

int
scan_give_up(const struct input_list *names, const char *page, int stop)
{
    struct giving_up *g = memory_new(1, sizeof(*g));
    int result = g != NULL ? 0 : PASU_E_NOMEM;

    tzset(); /* from a file that cannot be read any more */
    if (result == 0 && stop >= 0)
        g->kept[g->kept_count++] = stop;
    if (result == 0)
        result = find_folders(g, names, page);
    if (result == 0)
        result = confine(g);
    if (result == 0)
        result = sandbox_close_others(g->kept, g->kept_count);
    memory_free(g);
    return result == 0 ? enter(SANDBOX_SCANNER) : complain_error(result, unable);
}
