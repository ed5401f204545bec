/* SPDX-License-Identifier: Apache-2.0 */
/* `pasu roster import`: a file is checked as a whole, and only then takes the roster's place. */
#include "cli/roster_command.h"

#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "config/file.h"
#include "people/import.h"
#include "policy/ldif.h"

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

/* What is to take the roster's place. */
struct import {
    const struct ask *ask;
    const char *path;   /* of the file that is read */
    struct view bytes;  /* of it */
    uint8_t *made;      /* the roster that is made of it; NULL: it is one itself */
    struct view roster; /* what is written */
    struct roster *parsed;
};

static bool
is_named_ldif(const char *path)
{
    size_t length = strlen(path);

    return length > 5 && strcasecmp(path + length - 5, ".ldif") == 0;
}

static int
complain_fault(const struct import *import, int result, const struct roster_fault *fault)
{
    if (result != PASU_E_MALFORMED)
        return complain_error(result, "%s", import->path);
    complain(roster_hint, "%s:%u: %s", import->path, (unsigned)fault->line, fault->text);
    return 1;
}

/* The roster that there is, which changes are about. One that is not there is empty. */
static int
read_base(const struct import *import, struct store *store, struct roster **base)
{
    const char *path = import->ask->config->principals.roster.path;
    struct roster_fault fault;
    struct file file;
    int result;

    *base = NULL;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    if (file_read(&file, store, path, CONFIG_PEOPLE_SIZE_MAX) != 0) {
        complain(file.hint, "%s cannot be read: %s", path, file.error);
        return 2;
    }
    result = roster_parse_changes(base, file.bytes, NULL, &fault);
    if (result == 0)
        return 0;
    complain("the file has changes of a roster: correct that first", "%s:%u: %s", path,
             (unsigned)fault.line, fault.text);
    return 2;
}

/* As a CSV file, whatever it is: the roster keeps its form. */
static int
write_roster(struct import *import)
{
    size_t length = 0;
    int result = roster_write(&import->made, &length, import->parsed);

    import->roster = view_of(import->made, length);
    return result == 0 ? 0 : complain_error(result, "%s", import->path);
}

static int
take_ldif(struct import *import)
{
    const char *to = import->ask->config->principals.roster.path;
    bool has_changes = ldif_has_changes(import->bytes);
    struct roster *base = NULL;
    struct store store = {0};
    struct roster_fault fault;
    int status = 0, result;

    if (has_changes && is_named_ldif(to)) {
        complain("import all of the directory, or let principals.roster be a CSV file",
                 "%s has changes (changetype), and %s is LDIF itself", import->path, to);
        return 2;
    }
    if (has_changes)
        status = read_base(import, &store, &base);
    if (status == 0) {
        result = roster_parse_changes(&import->parsed, import->bytes, base, &fault);
        status = result == 0 ? 0 : complain_fault(import, result, &fault);
    }
    if (status == 0 && !is_named_ldif(to))
        status = write_roster(import);
    roster_free(base);
    store_release(&store);
    return status;
}

static int
take_scim(struct import *import)
{
    const struct config *config = import->ask->config;
    char text[SCIM_IMPORT_FAULT_SIZE] = "";
    struct roster_fault fault;
    size_t length = 0;
    int result = scim_import(&import->made, &length, import->bytes,
                             config->principals.scim.principal, os_realtime(&os_real), text);

    if (result == PASU_E_MALFORMED) {
        complain("write what GET /scim/v2/Users answers, or a list of users, as JSON", "%s:%s",
                 import->path, text);
        return 1;
    }
    import->roster = view_of(import->made, length);
    if (result == 0)
        result = roster_parse_changes(&import->parsed, import->roster, NULL, &fault);
    return result == 0 ? 0 : complain_fault(import, result, &fault);
}

static int
take_csv(struct import *import)
{
    struct roster_fault fault;
    int result = roster_parse_changes(&import->parsed, import->bytes, NULL, &fault);

    return result == 0 ? 0 : complain_fault(import, result, &fault);
}

/* A form by what is in it, not by its name. */
static int
take_file(struct import *import, struct store *store)
{
    const char *to = import->ask->config->principals.roster.path;
    struct file file;
    int result = file_read(&file, store, import->path, CONFIG_PEOPLE_SIZE_MAX);

    if (result == PASU_E_NOMEM)
        return complain_error(result, "%s", import->path);
    if (result != 0) {
        complain(file.hint, "%s cannot be read: %s", import->path, file.error);
        return 2;
    }
    import->bytes = import->roster = file.bytes;
    if (ldif_is_one(file.bytes))
        return take_ldif(import);
    if (is_named_ldif(to)) {
        complain("import LDIF, or let principals.roster be a CSV file",
                 "%s is no LDIF, and %s is to be", import->path, to);
        return 2;
    }
    return scim_import_is_one(file.bytes) ? take_scim(import) : take_csv(import);
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
    struct import import = {.ask = ask};
    struct place place = {.folder = -1};
    struct store store = {0};
    int status, result;

    if (to == NULL) {
        complain("write principals.roster into it", "%s names no roster", ask->config->path);
        return 2;
    }
    if (arguments->operand_count != 2) {
        complain("pasu roster -c FILE import ROSTER", "say which file is imported");
        return 2;
    }
    import.path = arguments->operands[1];
    status = take_file(&import, &store);
    if (status == 0) {
        asked_record(ask, arguments, NULL);
        result = find_place(&place, to);
        if (result == 0)
            result = put(&place, import.roster);
        status = result == 0 ? 0 : complain_error(result, "%s", to);
    }
    if (status == 0)
        print(ask, import.parsed, arguments_given(arguments, OPTION_json));
    if (place.folder >= 0)
        close(place.folder);
    roster_free(import.parsed);
    memory_free(import.made);
    store_release(&store);
    return status;
}
