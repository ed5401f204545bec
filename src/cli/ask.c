/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"
#include "base/memory.h"
#include "cli/complain.h"
#include "cli/degraded.h"
#include "cli/json_text.h"
#include "cli/watched.h"
#include "config/ledger_key.h"
#include "ledger/control_client.h"
#include "ledger/take_keys.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

enum { DAY_WINDOW = 2 };

/* As budgets in the configuration call them. */
static const char *const windows[MESSAGE_WINDOWS] = {"minute", "hour", "day", "30d", "180d"};

int
ask_init(struct ask *ask, const struct arguments *arguments)
{
    const char *file = arguments->values[OPTION_config];
    struct config_faults faults = {0};
    int r;

    *ask = (struct ask){.config = arguments->lent, .is_lent = arguments->lent != NULL};
    if (ask->is_lent) {
        ask->path = ask->config->control;
        return 0;
    }
    if (access(file, R_OK) != 0) {
        complain("give the configuration that pasu guard runs with", "cannot read %s: %s", file,
                 strerror(errno));
        return 2;
    }
    r = config_load(&ask->config, file, &faults);
    if (r == 0)
        ask->path = ask->config->control;
    else if (faults.count > 0)
        complain("all faults: pasu check -c FILE", "%s:%u: %s", file,
                 (unsigned)faults.items[0].line, faults.items[0].text);
    else
        complain_error(r, "cannot read %s", file);
    config_faults_release(&faults);
    return r == 0 ? 0 : 2;
}

void
ask_release(struct ask *ask)
{
    if (!ask->is_lent)
        config_free(ask->config);
    *ask = (struct ask){0};
}

int
ask_keys(const struct ask *ask, struct segment_keys *keys)
{
    struct config_faults faults = {0};
    int result;

    if (ask->is_lent)
        return take_keys_copy(keys, ask->config) == 0
                   ? 0
                   : complain_error(PASU_E_NOTFOUND, "the keys of the ledger");
    ledger_keys_load(ask->config, &faults);
    if (faults.count > 0)
        complain(faults.items[0].hint, "%s:%u: %s", ask->config->path,
                 (unsigned)faults.items[0].line, faults.items[0].text);
    result = faults.count > 0 ? PASU_E_CONFIG : take_keys(keys, ask->config);
    if (faults.count == 0 && result != 0)
        complain_error(result, "the keys of the ledger");
    config_faults_release(&faults);
    return result == 0 ? 0 : 2;
}

int
ask_complain(const struct ask *ask, int code)
{
    switch (code) {
    case PASU_E_UNAVAILABLE:
    case PASU_E_TIMEOUT:
        complain("see whether pasu guard runs with this configuration (pasu status), and its log",
                 "the guard does not answer at %s", ask->path);
        return 2;
    case PASU_E_DENIED:
        complain("run it as root, or as the account that pasu guard runs as",
                 "the guard at %s refuses to answer", ask->path);
        return 1;
    case PASU_E_PROTOCOL:
        complain("see whether the guard that runs is of the same version: pasu version",
                 "what answers at %s is not understood", ask->path);
        return 2;
    default:
        return complain_error(code, "cannot ask the guard at %s", ask->path);
    }
}

/* A text of a frame: an array that should end with a zero. */
static json_t *
json_of_array(const char *text, size_t size)
{
    char copy[256];

    text_from_view(copy, sizeof(copy), view_of(text, strnlen(text, size)));
    return json_text(copy);
}

#define JSON_OF(array) json_of_array((array), sizeof(array))

static json_t *
json_of_session(const struct message_session_status *status)
{
    const struct message_session *s = &status->session;
    char id[24];

    snprintf(id, sizeof(id), "%016" PRIx64, s->session);
    return json_pack(
        "{ss so so so so s{so so} so so so sb so so so so}", "session", id, "gateway",
        JSON_OF(s->gateway), "principal", JSON_OF(s->principal), "database", JSON_OF(s->database),
        "application", JSON_OF(s->application), "source", "address", JSON_OF(s->address), "port",
        json_count(s->port), "state", JSON_OF(status->state), "approval",
        status->approval > 0 ? json_count(status->approval) : json_null(), "since",
        json_time(s->opened), "tls", s->tls != 0, "subjects", json_count(status->subjects),
        "statements", json_count(status->counts.statements), "rows",
        json_count(status->counts.rows), "bytes_out", json_count(status->counts.bytes_out));
}

struct sessions_take {
    const char *principal;
    json_t *array;
};

static int
take_session(void *arg, uint32_t type, const void *body, size_t length)
{
    struct sessions_take *take = arg;
    const struct message_session_status *status = body;

    if (type != CONTROL_SESSION || length != sizeof(*status))
        return PASU_E_PROTOCOL;
    if (take->principal != NULL &&
        strncmp(take->principal, status->session.principal, NAME_SIZE) != 0)
        return 0;
    return json_array_append_new(take->array, json_of_session(status)) == 0 ? 0 : PASU_E_NOMEM;
}

static struct control_request
request_of(enum control_verb verb)
{
    return (struct control_request){
        .magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .verb = (uint32_t)verb};
}

int
ask_sessions(const struct ask *ask, const char *principal, json_t **sessions)
{
    struct control_request request = request_of(CONTROL_SESSIONS);
    struct sessions_take take = {principal, json_array()};
    uint64_t count;
    int r = take.array != NULL ? 0 : PASU_E_NOMEM;

    *sessions = NULL;
    if (r == 0)
        r = control_ask(ask->path, &request, take_session, &take, &count);
    if (r != 0) {
        json_decref(take.array);
        return r;
    }
    *sessions = take.array;
    return 0;
}

static int
take_process(json_t *status, const struct message_process *process)
{
    static const char *const states[] = {"away", "starting", "serving", "silent"};
    json_t *one =
        json_pack("{so si so so ss so*}", "name", JSON_OF(process->name), "pid", (int)process->pid,
                  "restarts", json_count(process->restarts), "since", json_time(process->since),
                  "state", states[process->state % COUNT_OF(states)], "silent",
                  process->state == PROCESS_SILENT ? json_time(process->silent) : NULL);

    return json_array_append_new(json_object_get(status, "processes"), one) == 0 ? 0 : PASU_E_NOMEM;
}

static int
take_ledger(json_t *status, const struct control_ledger *ledger)
{
    return json_object_set_new(status, "ledger",
                               json_pack("{so so sb ss}", "since", json_time(ledger->since),
                                         "missing", json_count(ledger->missing), "recorded",
                                         ledger->is_recorded != 0, "error",
                                         error_text(ledger->error))) == 0
               ? 0
               : PASU_E_NOMEM;
}

/* `failed`, since when, and `error` only while it fails. */
static int
take_target(json_t *status, const struct message_target *target)
{
    const char *list = target->alerts > 0 ? "alerts" : "published";
    json_t *published = json_object_get(status, list);
    json_t *one = json_pack("{so so so so}", "kind", JSON_OF(target->kind), "name",
                            JSON_OF(target->name), target->alerts > 0 ? "waiting" : "records",
                            json_count(target->alerts > 0 ? target->waiting : target->size), "last",
                            json_time(target->done_at));

    if (published == NULL) {
        published = json_array();
        if (json_object_set_new(status, list, published) != 0) {
            json_decref(one);
            return PASU_E_NOMEM;
        }
    }
    if (one != NULL && target->failed_at != 0 &&
        (json_object_set_new(one, "failed", json_time(target->failed_at)) != 0 ||
         json_object_set_new(one, "error", JSON_OF(target->error)) != 0)) {
        json_decref(one);
        return PASU_E_NOMEM;
    }
    return json_array_append_new(published, one) == 0 ? 0 : PASU_E_NOMEM;
}

static int
take_deadline(json_t *status, const struct control_clock *clock)
{
    static const char *const states[] = {"runs", "nears", "over"};
    json_t *deadlines = json_object_get(status, "deadlines");
    json_t *one = json_pack("{so so so ss so}", "incident", json_count(clock->number), "clock",
                            JSON_OF(clock->name), "due", json_time(clock->due), "state",
                            states[clock->state % COUNT_OF(states)], "law", JSON_OF(clock->law));

    if (deadlines == NULL) {
        deadlines = json_array();
        if (json_object_set_new(status, "deadlines", deadlines) != 0) {
            json_decref(one);
            return PASU_E_NOMEM;
        }
    }
    return json_array_append_new(deadlines, one) == 0 ? 0 : PASU_E_NOMEM;
}

/* Nothing where all go on. */
static int
take_still(json_t *status, const struct message_status *gate)
{
    json_t *still, *numbers;
    int r = 0;

    if (gate->still == 0)
        return 0;
    numbers = json_array();
    for (uint32_t i = 0; i < 64 && r == 0; i++)
        if (gate->still >> i & 1)
            r = json_array_append_new(numbers, json_integer(i));
    still = json_pack("{so so}", "workers", numbers, "since", json_time(gate->still_since));
    return r == 0 ? json_object_set_new(status, "still", still) : -1;
}

static int
take_gate(json_t *status, const struct message_status *gate)
{
    json_t *numbers = json_pack(
        "{so so so so so so so so so so so so si sb}", "since", json_time(gate->started),
        "sessions", json_count(gate->sessions), "approvals", json_count(gate->approvals),
        "statements", json_count(gate->counts.statements), "rows", json_count(gate->counts.rows),
        "bytes_in", json_count(gate->counts.bytes_in), "bytes_out",
        json_count(gate->counts.bytes_out), "sessions_total", json_count(gate->sessions_total),
        "refused_total", json_count(gate->refused_total), "cancels_total",
        json_count(gate->cancels_total), "unrecorded_total", json_count(gate->unrecorded_total),
        "allocations", json_count(gate->allocations), "workers", (int)gate->workers, "draining",
        gate->draining != 0);
    json_t *identity =
        json_pack("{si si so}", "columns", (int)gate->identity_columns, "current",
                  (int)gate->identity_current, "read",
                  gate->identity_at != 0 ? json_time(gate->identity_at) : json_null());
    int r = numbers != NULL ? json_object_update(status, numbers) : -1;

    if (json_object_set_new(status, "identity", identity) != 0 || take_still(status, gate) != 0)
        r = -1;

    json_decref(numbers);
    return r == 0 ? 0 : PASU_E_NOMEM;
}

static uint64_t
sum_of(const struct message_tally *tally, size_t window)
{
    uint64_t known = tally->known[window], unknown = tally->unknown[window];

    return unknown > UINT64_MAX - known ? UINT64_MAX : known + unknown;
}

static json_t *
json_of_budgets(const struct message_tally *tally)
{
    json_t *budgets = json_array();

    for (size_t w = 0; w < MESSAGE_WINDOWS; w++) {
        const struct {
            uint64_t limit;
            const char *verdict;
        } limits[] = {
            {tally->block[w], "block"}, {tally->mask[w], "mask"}, {tally->alert[w], "alert"}};

        for (size_t i = 0; i < COUNT_OF(limits); i++) {
            json_t *one;

            if (limits[i].limit == UINT64_MAX)
                continue;
            one = json_pack("{ss so so ss}", "window", windows[w], "subjects",
                            json_count(limits[i].limit), "used", json_count(sum_of(tally, w)),
                            "verdict", limits[i].verdict);
            if (json_array_append_new(budgets, one) != 0) {
                json_decref(budgets);
                return NULL;
            }
        }
    }
    return budgets;
}

static json_t *
json_of_tally(const struct message_tally *tally)
{
    json_t *unknown = json_object();
    json_t *one = json_pack("{so}", "principal", JSON_OF(tally->principal));
    int r = one != NULL && unknown != NULL ? 0 : -1;

    for (size_t w = 0; w < MESSAGE_WINDOWS && r == 0; w++) {
        r = json_object_set_new(one, windows[w], json_count(sum_of(tally, w)));
        if (r == 0)
            r = json_object_set_new(unknown, windows[w], json_count(tally->unknown[w]));
    }
    if (r == 0)
        r = json_object_set(one, "unknown", unknown);
    if (r == 0)
        r = json_object_set_new(one, "budgets", json_of_budgets(tally));
    json_decref(unknown);
    if (r == 0)
        return one;
    json_decref(one);
    return NULL;
}

/* Whoever was shown the most today comes first. */
static int
compare_tallies(const void *a, const void *b)
{
    const struct message_tally *x = a, *y = b;

    for (size_t w = DAY_WINDOW; w < MESSAGE_WINDOWS; w++)
        if (sum_of(x, w) != sum_of(y, w))
            return sum_of(x, w) > sum_of(y, w) ? -1 : 1;
    return strncmp(x->principal, y->principal, sizeof(x->principal));
}

/* The answer's parts, until all are there. */
struct status_take {
    json_t *status;
    struct message_tally *tallies;
    size_t count, room;
    bool has_gate;
};

static int
take_tally(struct status_take *take, const struct message_tally *tally)
{
    if (take->count == take->room) {
        size_t room = take->room > 0 ? take->room * 2 : 16;
        struct message_tally *larger = memory_resize(take->tallies, room, sizeof(*larger));

        if (larger == NULL)
            return PASU_E_NOMEM;
        take->tallies = larger;
        take->room = room;
    }
    take->tallies[take->count++] = *tally;
    return 0;
}

static int
add_principals(struct status_take *take)
{
    json_t *principals = json_array();

    if (take->count > 0)
        qsort(take->tallies, take->count, sizeof(*take->tallies), compare_tallies);
    for (size_t i = 0; i < take->count; i++)
        if (json_array_append_new(principals, json_of_tally(&take->tallies[i])) != 0) {
            json_decref(principals);
            return PASU_E_NOMEM;
        }
    return json_object_set_new(take->status, "principals", principals) == 0 ? 0 : PASU_E_NOMEM;
}

static int
take_status(void *arg, uint32_t type, const void *body, size_t length)
{
    struct status_take *take = arg;

    if (type == CONTROL_PROCESS && length == sizeof(struct message_process))
        return take_process(take->status, body);
    if (type == CONTROL_TARGET && length == sizeof(struct message_target))
        return take_target(take->status, body);
    if (type == CONTROL_DEADLINE && length == sizeof(struct control_clock))
        return take_deadline(take->status, body);
    if (type == CONTROL_TALLY && length == sizeof(struct message_tally))
        return take_tally(take, body);
    if (type == CONTROL_WATCHED && length == sizeof(struct message_watched))
        return json_object_set_new(take->status, "detectors", watched_json(body)) == 0
                   ? 0
                   : PASU_E_NOMEM;
    if (type == CONTROL_LEDGER && length == sizeof(struct control_ledger))
        return take_ledger(take->status, body);
    if (type == CONTROL_GATE && length == sizeof(struct message_status)) {
        take->has_gate = true;
        return take_gate(take->status, body);
    }
    return PASU_E_PROTOCOL;
}

static json_t *
json_of_endpoint(const struct endpoint *endpoint)
{
    char text[ENDPOINT_HOST_SIZE + 16];

    endpoint_text(text, sizeof(text), endpoint);
    return json_text(text);
}

/* Of the gateways, what the configuration says. */
static json_t *
json_of_gateways(const struct config *config)
{
    json_t *gateways = json_array();

    for (size_t i = 0; i < config->gateway_count; i++) {
        const struct config_gateway *g = &config->gateways[i];
        json_t *listen = json_array(), *one;

        for (size_t l = 0; l < g->listen_count; l++)
            json_array_append_new(listen, json_of_endpoint(&g->listen[l]));
        one = json_pack("{so so so}", "name", json_text(g->name), "listen", listen, "upstream",
                        json_of_endpoint(&g->upstream));
        if (json_array_append_new(gateways, one) != 0) {
            json_decref(gateways);
            return NULL;
        }
    }
    return gateways;
}

int
ask_status(const struct ask *ask, json_t **status)
{
    struct control_request request = request_of(CONTROL_STATUS);
    struct status_take take = {0};
    uint64_t count;
    int r;

    *status = json_pack("{so s[]}", "gateways", json_of_gateways(ask->config), "processes");
    if (*status == NULL)
        return PASU_E_NOMEM;
    take.status = *status;
    r = control_ask(ask->path, &request, take_status, &take, &count);
    if (r == 0)
        r = add_principals(&take);
    memory_free(take.tallies);
    if ((r == 0 || r == PASU_E_UNAVAILABLE) &&
        degraded_add(*status, ask->config, take.has_gate) != 0)
        r = PASU_E_NOMEM;
    if (r != 0 &&
        (r != PASU_E_UNAVAILABLE || json_array_size(json_object_get(*status, "processes")) == 0)) {
        json_decref(*status);
        *status = NULL;
    }
    return r;
}

static int
take_nothing(void *arg PASU_UNUSED, uint32_t type PASU_UNUSED, const void *body PASU_UNUSED,
             size_t length PASU_UNUSED)
{
    return PASU_E_PROTOCOL;
}

int
ask_kill(const struct ask *ask, uint64_t session, const char *principal, uint64_t *count)
{
    struct control_request request = request_of(CONTROL_KILL);

    request.session = session;
    if (principal != NULL)
        snprintf(request.principal, sizeof(request.principal), "%s", principal);
    return control_ask(ask->path, &request, take_nothing, NULL, count);
}

struct marks_take {
    struct ring_mark *items;
    size_t count, room;
};

static int
take_mark(void *arg, uint32_t type, const void *body, size_t length)
{
    struct marks_take *take = arg;
    struct ring_mark *more;

    if (type != CONTROL_MARK || length != sizeof(*more))
        return PASU_E_PROTOCOL;
    if (take->count == take->room) {
        take->room = 2 * take->room + 1;
        more = memory_resize(take->items, take->room, sizeof(*more));
        if (!more)
            return PASU_E_NOMEM;
        take->items = more;
    }
    memcpy(&take->items[take->count++], body, length);
    return 0;
}

int
ask_marks(const struct ask *ask, struct ring_mark **marks, size_t *count)
{
    struct control_request request = request_of(CONTROL_MARKS);
    struct marks_take take = {0};
    uint64_t unused;
    int r = control_ask(ask->path, &request, take_mark, &take, &unused);

    if (r != 0)
        memory_free(take.items);
    *marks = r == 0 ? take.items : NULL;
    *count = r == 0 ? take.count : 0;
    return r;
}

int
ask_clear(const struct ask *ask, struct ring_mark *mark, const char *why)
{
    struct control_request request = request_of(CONTROL_CLEAR);
    struct marks_take take = {0};
    uint64_t unused;
    int r;

    request.clear.mark = *mark;
    snprintf(request.clear.why, sizeof(request.clear.why), "%s", why);
    r = control_ask(ask->path, &request, take_mark, &take, &unused);
    if (r == 0 && take.count != 1)
        r = PASU_E_PROTOCOL;
    if (r == 0)
        *mark = take.items[0];
    memory_free(take.items);
    return r;
}
