/* SPDX-License-Identifier: Apache-2.0 */
/* `pasu roster import`: a file is checked as a whole, and only then takes the roster's place. */
#include "cli/roster_command.h"

#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char new_name[] = ".pasu-roster.new";

/* Where the roster's file is, behind links, and the folder that it is in. */
struct place {
    char path[PATH_MAX];
    const char *name;
    int folder;
};

static int
find_place(struct place *place, const char *path)
{
    char *slash;

    /* A roster that is not there yet is made where the configuration says. */
    if (realpath(path, place->path) == NULL) {
        if (errno != ENOENT || snprintf(place->path, PATH_MAX, "%s", path) >= PATH_MAX)
            return error_from_errno(errno);
    }
    slash = strrchr(place->path, '/');
    if (slash == NULL)
        return PASU_E_MALFORMED; /* the configuration's paths are whole */
    *slash = '\0';
    place->name = slash + 1;
    place->folder = open(*place->path ? place->path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return place->folder >= 0 ? 0 : error_from_errno(errno);
}

/* Owner and rights stay those of the file that it takes the place of. */
static int
keep_rights(const struct place *place, int fd)
{
    struct stat st;

    if (fstatat(place->folder, place->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : error_from_errno(errno);
    if (fchown(fd, st.st_uid, st.st_gid) != 0 && geteuid() == 0)
        return error_from_errno(errno);
    return fchmod(fd, st.st_mode & 0777) == 0 ? 0 : error_from_errno(errno);
}

static int
write_all(int fd, struct view bytes)
{
    for (size_t done = 0; done < bytes.length;) {
        ssize_t n = write(fd, bytes.bytes + done, bytes.length - done);

        if (n < 0)
            return error_from_errno(errno);
        done += (size_t)n;
    }
    return fsync(fd) == 0 ? 0 : error_from_errno(errno);
}

/* Written beside, made durable, and renamed: nobody ever sees a part of it. */
static int
put(const struct place *place, struct view bytes)
{
    int fd, result;

    if (unlinkat(place->folder, new_name, 0) != 0 && errno != ENOENT)
        return error_from_errno(errno);
    fd =
        openat(place->folder, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return error_from_errno(errno);
    result = write_all(fd, bytes);
    if (result == 0)
        result = keep_rights(place, fd);
    close(fd);
    if (result == 0 && renameat(place->folder, new_name, place->folder, place->name) != 0)
        result = error_from_errno(errno);
    if (result == 0 && fsync(place->folder) != 0)
        result = error_from_errno(errno);
    if (result != 0)
        unlinkat(place->folder, new_name, 0);
    return result;
}

static int
read_file(struct file *file, struct store *store, struct roster **roster, const char *path)
{
    struct roster_fault fault;
    int result = file_read(file, store, path, CONFIG_FILE_SIZE_MAX);

    if (result == PASU_E_NOMEM)
        return complain_error(result, "%s", path);
    if (result != 0) {
        complain(file->hint, "%s cannot be read: %s", path, file->error);
        return 2;
    }
    result = roster_parse(roster, file->bytes, &fault);
    if (result == 0)
        return 0;
    if (result != PASU_E_MALFORMED)
        return complain_error(result, "%s", path);
    complain(roster_hint, "%s:%u: %s", path, (unsigned)fault.line, fault.text);
    return 1;
}

static void
print(const struct ask *ask, const struct roster *roster, bool is_json)
{
    struct json_out out = {.file = stdout};
    int64_t now = os_realtime(&os_real);
    uint64_t left = 0;

    for (size_t i = 0; i < roster_count(roster); i++)
        left += roster_has_left(roster_at(roster, i), now);
    if (!is_json) {
        printf("%s has %zu principal%s now, %" PRIu64 " of them with an owner who has left; a "
               "running guard goes by it within a second\n",
               ask->config->principals.roster.path, roster_count(roster),
               roster_count(roster) == 1 ? "" : "s", left);
        return;
    }
    json_out_open(&out, '{');
    json_put_text(&out, "file", ask->config->principals.roster.path);
    json_put_count(&out, "principals", roster_count(roster));
    json_put_count(&out, "left", left);
    json_out_close(&out, '}');
    json_out_end(&out);
}

int
roster_import(const struct ask *ask, const struct arguments *arguments)
{
    const char *to = ask->config->principals.roster.path;
    struct place place = {.folder = -1};
    struct roster *roster = NULL;
    struct store store = {0};
    struct file file;
    int status, result;

    if (to == NULL) {
        complain("write principals.roster into it", "%s names no roster", ask->config->path);
        return 2;
    }
    if (arguments->operand_count != 2) {
        complain("pasu roster -c FILE import ROSTER.csv", "say which file is imported");
        return 2;
    }
    status = read_file(&file, &store, &roster, arguments->operands[1]);
    if (status == 0) {
        asked_record(ask, arguments, NULL);
        result = find_place(&place, to);
        if (result == 0)
            result = put(&place, file.bytes);
        status = result == 0 ? 0 : complain_error(result, "%s", to);
    }
    if (status == 0)
        print(ask, roster, arguments_given(arguments, OPTION_json));
    if (place.folder >= 0)
        close(place.folder);
    roster_free(roster);
    store_release(&store);
    return status;
}
