/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roster's file is looked at four times a second, by its path (and so is what the registrar
 * keeps, which also says when that has changed): that finds a file that was
 * written over, one that was put in its place, a link that leads to another one, and a folder that
 * was exchanged, on any file system; a watch of the kernel's misses some of these.
 *
 * It is read when two looks in a row have found the same: who writes a file in pieces is awaited,
 * but not for long, because somebody who has left must not stay because somebody writes. So a
 * change is in force within 0.75 s at most, and whoever puts a whole file in the place of the other
 * (`pasu roster import` does) is never seen halfway.
 */
#include "guard/state.h"

#include "base/memory.h"
#include "config/load.h"
#include "policy/roster.h"

#include <sys/stat.h>
#include <unistd.h>

#define LOOK_EVERY (250 * NANOSECONDS_PER_MILLISECOND)
#define SETTLE     (100 * NANOSECONDS_PER_MILLISECOND)
#define PATIENCE   (400 * NANOSECONDS_PER_MILLISECOND)

static struct watched
look_at(const char *path)
{
    struct watched file;
    struct stat st;

    memset(&file, 0, sizeof(file));
    if (stat(path, &st) == 0)
        file = (struct watched){
            .device = st.st_dev,
            .inode = st.st_ino,
            .size = (uint64_t)st.st_size,
            .written = st.st_mtim.tv_sec * NANOSECONDS_PER_SECOND + st.st_mtim.tv_nsec,
            .changed = st.st_ctim.tv_sec * NANOSECONDS_PER_SECOND + st.st_ctim.tv_nsec};
    return file;
}

static void
look_at_both(struct watched files[2], const struct config *config)
{
    memset(files, 0, 2 * sizeof(files[0]));
    files[0] = look_at(config->principals.roster.path);
    if (config->principals.scim.file)
        files[1] = look_at(config->principals.scim.file);
}

static bool
is_same(const struct watched a[2], const struct watched b[2])
{
    return memcmp(a, b, 2 * sizeof(a[0])) == 0;
}

static void
refuse(const struct supervisor *v, const struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        LOG_EVENT(&v->log, CONFIG_FAULT, F_TEXT("file", faults->items[i].path),
                  F_UINT("line", faults->items[i].line), F_TEXT("fault", faults->items[i].text),
                  F_TEXT("hint", faults->items[i].hint));
    LOG_EVENT(&v->log, ROSTER_REFUSED, F_TEXT("file", v->config->principals.roster.path),
              F_UINT("line", faults->count > 0 ? faults->items[0].line : 0),
              F_TEXT("error", faults->count > 0 ? faults->items[0].text : error_text(PASU_E_NOMEM)),
              F_TEXT("hint", "the former roster stays in force"));
}

/* The keeper first: what the gate says of those who have left is about this roster. */
static void
tell_roster(struct supervisor *v)
{
    struct message_generation message = {++v->watch.turn};
    struct view bytes = v->config->principals.roster.bytes;
    int fd = tell_memory("pasu roster", bytes.bytes, bytes.length);

    if (v->watch.asked_turn != 0) /* what was awaited is in this one, too */
        v->watch.asked_turn = message.generation;

    v->watch.again_at = 0;
    if (fd < 0) {
        v->watch.again_at = os_monotonic(&os_real) + NANOSECONDS_PER_SECOND;
        return;
    }
    tell(v, &v->children[KEEPER], MESSAGE_ROSTER, &message, sizeof(message), fd);
    tell(v, &v->children[GATE], MESSAGE_ROSTER, &message, sizeof(message), fd);
    close(fd);
}

/* Puts the bytes, which it takes, in force. PASU_E_AGAIN: they are in force already. Else the
 * former stays, with its bytes. */
static int
use(struct supervisor *v, uint8_t *bytes, size_t length, struct config_faults *faults)
{
    struct view former = v->config->principals.roster.bytes;
    int result = view_equal(view_of(bytes, length), former) ? PASU_E_AGAIN : 0;

    if (result == 0) {
        config_set_roster(v->config, view_of(bytes, length));
        result = roster_check(v->config, faults);
    }
    if (result != 0) {
        config_set_roster(v->config, former);
        memory_free(bytes);
        return result;
    }
    memory_free(v->watch.bytes);
    v->watch.bytes = bytes;
    tell_roster(v);
    return 0;
}

/* The roster's file cannot be used: whoever the identity provider says has left has left all the
 * same, beside the former roster. */
static int
load_people(struct supervisor *v)
{
    struct config_faults faults = {0};
    uint8_t *bytes = NULL;
    size_t length = 0;
    int result =
        config_read_people(&bytes, &length, v->config, v->config->principals.roster.bytes, &faults);

    if (result == 0)
        result = use(v, bytes, length, &faults);
    config_faults_release(&faults);
    return result;
}

/* Whole, or not at all. As use(). */
static int
load(struct supervisor *v)
{
    struct config_faults faults = {0};
    uint8_t *bytes = NULL;
    size_t length = 0;
    int result = config_read_roster(&bytes, &length, v->config, &faults);

    if (result == 0)
        result = use(v, bytes, length, &faults);
    if (result != 0 && result != PASU_E_AGAIN) {
        refuse(v, &faults);
        if (result == PASU_E_NOMEM) /* another time */
            v->watch.is_known = false;
        else if (v->config->principals.scim.file)
            result = load_people(v);
    }
    config_faults_release(&faults);
    return result;
}

/* ---- the registrar's question ---- */

static void
answer_registrar(struct supervisor *v, int error)
{
    struct message_result result = {.id = v->watch.asked, .error = error};

    if (v->watch.asked != 0)
        tell(v, &v->children[REGISTRAR], MESSAGE_ENROLLED, &result, sizeof(result), -1);
    v->watch.asked = v->watch.asked_turn = 0;
}

void
watching_ask(struct supervisor *v, uint64_t turn)
{
    v->watch.asked = turn;
    v->watch.asked_turn = 0;
    v->watch.is_asked = true;
}

/* At once: the registrar puts a whole file in the place of the other. */
static void
look_for_registrar(struct supervisor *v)
{
    struct watch *w = &v->watch;
    int result;

    w->is_asked = false;
    w->since = 0;
    look_at_both(w->known, v->config);
    w->is_known = true;
    result = load(v);
    if (result == 0)
        w->asked_turn = w->turn;
    else
        answer_registrar(v, result == PASU_E_AGAIN ? 0 : result);
}

/* While processes begin or take over another configuration, they read the roster with that. */
static bool
can_look(const struct supervisor *v)
{
    return v->phase == PHASE_RUNNING && v->config->principals.roster.path != NULL && !v->next &&
           !v->is_reloading && v->children[GATE].is_committed && v->children[KEEPER].is_committed;
}

void
watching_look(struct supervisor *v, int64_t now)
{
    struct watch *w = &v->watch;
    struct watched files[2];

    if (!can_look(v))
        return;
    if (w->again_at != 0 && now >= w->again_at)
        tell_roster(v);
    if (w->is_asked)
        look_for_registrar(v);
    if (now < w->look_at)
        return;
    w->look_at = now + LOOK_EVERY;
    look_at_both(files, v->config);
    if (w->is_known && is_same(files, w->known)) {
        w->since = 0;
        return;
    }
    if (w->since == 0 || (!is_same(files, w->seen) && now - w->since < PATIENCE)) {
        w->since = w->since != 0 ? w->since : now;
        memcpy(w->seen, files, sizeof(files));
        w->look_at = now + SETTLE;
        return;
    }
    /* Before it is read: what changes meanwhile is seen at the next look. */
    memcpy(w->known, files, sizeof(files));
    w->is_known = true;
    w->since = 0;
    if (load(v) != 0) {
        /* the former stays, and it has been said why */
    }
}

int
watching_wait(const struct supervisor *v, int most)
{
    int64_t left;

    if (!can_look(v))
        return most;
    left = (v->watch.look_at - os_monotonic(&os_real)) / NANOSECONDS_PER_MILLISECOND + 1;
    return left < 0 ? 0 : left < most ? (int)left : most;
}

void
watching_done(struct supervisor *v, const struct message_result *result)
{
    if (result->id != v->watch.turn)
        return;
    if (result->error == 0) {
        if (v->watch.asked_turn == result->id)
            answer_registrar(v, 0);
        LOG_EVENT(&v->log, ROSTER_RELOADED, F_TEXT("file", v->config->principals.roster.path));
        return;
    }
    LOG_EVENT(&v->log, ROSTER_REFUSED, F_TEXT("file", v->config->principals.roster.path),
              F_TEXT("error", error_text(result->error)),
              F_TEXT("hint", "it is tried again in a second"));
    v->watch.again_at = os_monotonic(&os_real) + NANOSECONDS_PER_SECOND;
}

void
watching_forget(struct supervisor *v)
{
    memory_free(v->watch.bytes);
    v->watch.bytes = NULL;
    v->watch.again_at = 0;
}
