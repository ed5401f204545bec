/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/incident_ledger.h"

#include "base/base64.h"
#include "cli/complain.h"
#include "cli/progress.h"
#include "config/quantity.h"
#include "ledger/checkpoint.h"
#include "ledger/control_client.h"
#include "ledger/note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

static void
look(void *arg, uint64_t done, uint64_t all)
{
    struct progress *progress = arg;

    if (progress_is_due(progress))
        progress_show(progress, "reading the ledger", done, all);
}

static int
find(const struct ask *ask, struct incidents *incidents, uint64_t number, int folder)
{
    int segments =
        folder >= 0 ? openat(folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int result, status, error = errno;
    struct progress progress = {0};
    const struct walk_watch watch = {look, &progress};
    struct segment_keys keys;

    if (segments < 0)
        return complain_ledger(error == ENOENT ? PASU_E_NOTFOUND : error_from_errno(error),
                               ask->config->ledger.directory);
    status = ask_keys(ask, &keys);
    if (status == 0) {
        result = incidents_find(incidents, &os_real, segments, &keys, number, &watch);
        progress_end(&progress);
        segment_keys_release(&keys);
        if (result != 0)
            status = complain_error(result, "the ledger in %s", ask->config->ledger.directory);
    }
    close(segments);
    return status;
}

int
incident_find(const struct ask *ask, struct incidents *incidents, uint64_t number)
{
    int folder = open(ask->config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status;

    *incidents = (struct incidents){0};
    status = find(ask, incidents, number, folder);
    if (folder >= 0)
        close(folder);
    if (status == 0 && incidents->is_damaged)
        complain("pasu ledger verify says where",
                 "some records are damaged: something of incidents may be missing");
    if (status == 0 && number != UINT64_MAX &&
        !incidents_first(incidents, number, INCIDENT_OPENED)) {
        complain("pasu incident -c FILE lists those that there are",
                 "there is no incident %" PRIu64, number);
        status = 1;
    }
    return status;
}

int
incident_number(uint64_t *number, const char *text, const char *what)
{
    if (text && quantity_count(number, text) == 0)
        return 0;
    complain("it is a number: pasu incident -c FILE lists them", "\"%.64s\" is no number of %s",
             text ? text : "", what);
    return 2;
}

int
incident_check(const struct arguments *arguments)
{
    const char *who = arguments->values[OPTION_who], *why = arguments->values[OPTION_why];

    if (!who || !why || *who == '\0' || *why == '\0')
        complain("both are recorded for good", "say who (--who), and what or why (--why)");
    else if (strlen(who) >= PAYLOAD_TEXT_SIZE || strlen(why) >= PAYLOAD_TEXT_SIZE)
        complain("at most 255 bytes are recorded", "--who or --why is too long");
    else
        return 0;
    return 2;
}

void
incident_say(struct payload_incident *body, const struct arguments *arguments)
{
    snprintf(body->who, sizeof(body->who), "%s", arguments->values[OPTION_who]);
    snprintf(body->why, sizeof(body->why), "%s", arguments->values[OPTION_why]);
}

static int
complain_added(const struct ask *ask, int result)
{
    if (result == PASU_E_NOTFOUND)
        return complain_ledger(result, ask->config->ledger.directory);
    if (result != PASU_E_RANGE)
        return asked_complain(result, "the ledger");
    complain("close incidents that are over", "there are too many deadlines, or too much to say");
    return 2;
}

int
incident_add(const struct ask *ask, struct payload_incident *body)
{
    int result = asked_incident(ask, body);

    return result == 0 ? 0 : complain_added(ask, result);
}

int
incident_add_clock(const struct ask *ask, struct payload_clock *body)
{
    int result = asked_clock(ask, body);

    return result == 0 ? 0 : complain_added(ask, result);
}

/* ---- the newest checkpoint ---- */

static int
take_checkpoint(const uint8_t *bytes, size_t length, uint64_t *size, char root[INCIDENT_ROOT_SIZE])
{
    struct checkpoint checkpoint;
    struct note note;
    struct writer w;
    int result = note_parse(&note, view_of(bytes, length));

    if (result == 0)
        result = checkpoint_parse(&checkpoint, note.text);
    if (result != 0)
        return result;
    *size = checkpoint.size;
    w = writer_of((uint8_t *)root, INCIDENT_ROOT_SIZE);
    base64_write(&w, checkpoint.root, sizeof(checkpoint.root));
    writer_u8(&w, 0);
    return writer_end(&w) > 0 ? 0 : PASU_E_RANGE;
}

int
incident_position(const struct ask *ask, uint64_t *size, char root[INCIDENT_ROOT_SIZE])
{
    const char *directory = ask->config->ledger.directory;
    char path[PATH_MAX];
    static uint8_t bytes[NOTE_SIZE_MAX];
    uint64_t count;
    int result = control_tell(ask->path, CONTROL_CHECKPOINT, 0, NULL, NULL, &count), fd;
    ssize_t length;

    if (result != 0 && result != PASU_E_UNAVAILABLE) /* without a guard we have signed ourselves */
        return asked_complain(result, "a checkpoint");
    snprintf(path, sizeof(path), "%s/checkpoint", directory);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    length = fd >= 0 ? read(fd, bytes, sizeof(bytes)) : -1;
    result =
        length < 0 ? error_from_errno(errno) : take_checkpoint(bytes, (size_t)length, size, root);
    if (fd >= 0)
        close(fd);
    return result == 0 ? 0 : complain_error(result, "the checkpoint in %s", directory);
}
