/* SPDX-License-Identifier: Apache-2.0 */
#include "people/scim.h"

#include "base/error.h"
#include "base/memory.h"
#include "people/filter.h"
#include "people/urn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum { PAGE = 100, PAGE_MAX = 500, ID_SIZE = 37 };

struct asked {
    struct scim_response *response;
    struct people *directory;
    const struct scim_request *request;
    struct scim_fault fault;
    int64_t now;
};

/* ---- answers ---- */

/* Takes the document. */
static void
answer(struct scim_response *response, int status, json_t *take_document)
{
    response->status = status;
    response->body = take_document ? json_dumps(take_document, JSON_COMPACT) : NULL;
    json_decref(take_document);
    if (!response->body) {
        response->status = 500;
        response->location[0] = '\0';
    }
}

void
scim_refuse(struct scim_response *response, int status, const char *type, const char *detail)
{
    json_t *document = json_pack("{s[s] so ss}", "schemas", URN_ERROR, "status",
                                 json_sprintf("%d", status), "detail", detail);

    if (document && type && json_object_set_new(document, "scimType", json_string(type)) != 0) {
        json_decref(document);
        document = NULL;
    }
    answer(response, status, document);
}

void
scim_response_release(struct scim_response *response)
{
    free(response->body);
    response->body = NULL;
}

static void
answer_user(struct asked *a, int status, const struct user *user)
{
    snprintf(a->response->location, sizeof(a->response->location), "%s/Users/%s", a->request->base,
             user_text(user, USER_ID));
    answer(a->response, status, user_json(user, a->request->base));
}

static void
answer_fault(struct asked *a, int result)
{
    if (result == PASU_E_MALFORMED)
        scim_refuse(a->response, a->fault.status, a->fault.type, a->fault.detail);
    else
        scim_refuse(a->response, 500, NULL, error_text(result));
}

/* ---- reading ---- */

/* A number of the query, `preset` where there is none. */
static int
take_number(struct asked *a, const char *text, int64_t preset, int64_t *number)
{
    char *end;

    *number = preset;
    if (!text)
        return 0;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0'
               ? 0
               : scim_fail(&a->fault, 400, "invalidValue", "startIndex and count are numbers");
}

/* One page of those that match. */
static json_t *
page_of(const struct asked *a, const struct scim_filter *filter, int64_t start, int64_t most)
{
    json_t *list = json_array(), *document;
    int64_t total = 0;
    size_t listed = 0;

    for (size_t i = 0; list && i < a->directory->count; i++) {
        const struct user *user = a->directory->users[i];

        if (user->is_deleted || (filter && !scim_filter_matches(filter, user)))
            continue;
        total++;
        if (total < start || (int64_t)listed >= most)
            continue;
        listed++;
        if (json_array_append_new(list, user_json(user, a->request->base)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    document = json_pack("{s[s] sI sI sI so}", "schemas", URN_LIST, "totalResults",
                         (json_int_t)total, "startIndex", (json_int_t)start, "itemsPerPage",
                         (json_int_t)listed, "Resources", list);
    return document;
}

static void
list_users(struct asked *a)
{
    const struct scim_request *r = a->request;
    bool has_filter = r->filter && *r->filter;
    struct scim_filter filter;
    int64_t start, most;
    int result = take_number(a, r->start, 1, &start);

    if (result == 0)
        result = take_number(a, r->many, PAGE, &most);
    if (result == 0 && has_filter)
        result = scim_filter_parse(&filter, r->filter, &a->fault);
    if (result != 0) {
        answer_fault(a, result);
        return;
    }
    start = start < 1 ? 1 : start;
    most = most < 0 ? 0 : most > PAGE_MAX ? PAGE_MAX : most;
    answer(a->response, 200, page_of(a, has_filter ? &filter : NULL, start, most));
}

/* ---- changing ---- */

static int
take_body(struct asked *a, json_t **document)
{
    json_error_t error;
    struct view body = a->request->body;

    *document = json_loadb((const char *)body.bytes, body.length, JSON_REJECT_DUPLICATES, &error);
    return *document ? 0
                     : scim_fail(&a->fault, 400, "invalidSyntax", "the body is not JSON: line %d",
                                 error.line);
}

/* A UUID of version 4 (RFC 9562). */
static int
make_id(char id[ID_SIZE])
{
    uint8_t b[16];

    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
        return PASU_E_CRYPTO;
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(id, ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
    return 0;
}

/* What the ledger is told: the role, and whether somebody is there. */
static void
note(struct asked *a, const char *verb, const struct user *former, const struct user *user)
{
    char principal[PEOPLE_PRINCIPAL_SIZE], before[PEOPLE_PRINCIPAL_SIZE] = "";
    const char *status = user->is_deleted ? "deleted" : user->is_active ? "active" : "left";
    bool was_there = former && former->is_active;

    people_principal(principal, a->directory, user);
    if (former)
        people_principal(before, a->directory, former);
    snprintf(a->response->note, sizeof(a->response->note), "%s %.63s: %s%s%s%.63s", verb, principal,
             status,
             former && !user->is_deleted && was_there == user->is_active ? " as before" : "",
             former && strcmp(before, principal) != 0 ? ", before " : "",
             former && strcmp(before, principal) != 0 ? before : "");
}

/* Puts a user in its place, which is noted, and answers. Takes it. */
static void
put_user(struct asked *a, const char *verb, int status, struct user *former, struct user *user)
{
    int result;

    user->modified = a->now;
    note(a, verb, former, user);
    result = people_put(a->directory, former, user, &a->fault);
    if (result != 0) {
        user_free(user);
        a->response->note[0] = '\0';
        answer_fault(a, result);
        return;
    }
    a->response->is_changed = true;
    if (status == 204)
        a->response->status = status;
    else
        answer_user(a, status, user);
}

static void
create_user(struct asked *a)
{
    struct user *user = user_new();
    json_t *body = NULL;
    char id[ID_SIZE];
    int result = user ? take_body(a, &body) : PASU_E_NOMEM;

    if (result == 0)
        result = user_take(user, body, &a->fault);
    if (result == 0 && !user->texts[USER_NAME])
        result = scim_fail(&a->fault, 400, "invalidValue", "userName is missing");
    if (result == 0)
        result = make_id(id);
    if (result == 0)
        result = user_set(user, USER_ID, id);
    json_decref(body);
    if (result != 0) {
        user_free(user);
        answer_fault(a, result);
        return;
    }
    user->created = a->now;
    put_user(a, "POST", 201, NULL, user);
}

static void
change_user(struct asked *a, struct user *former)
{
    bool is_patch = a->request->method == SCIM_PATCH;
    struct user *user = user_dup(former);
    json_t *body = NULL;
    int result = user ? take_body(a, &body) : PASU_E_NOMEM;

    if (result == 0 && is_patch) {
        result = user_patch(user, body, &a->fault);
    } else if (result == 0) {
        user_clear(user);
        result = user_take(user, body, &a->fault);
    }
    if (result == 0 && !user->texts[USER_NAME])
        result = scim_fail(&a->fault, 400, "invalidValue", "userName is missing");
    json_decref(body);
    if (result != 0) {
        user_free(user);
        answer_fault(a, result);
        return;
    }
    put_user(a, is_patch ? "PATCH" : "PUT", 200, former, user);
}

static void
delete_user(struct asked *a, struct user *former)
{
    struct user *user = user_dup(former);

    if (!user) {
        answer_fault(a, PASU_E_NOMEM);
        return;
    }
    user->is_deleted = true;
    put_user(a, "DELETE", 204, former, user);
}

/* ---- where to ---- */

static void
answer_one(struct asked *a, const char *id)
{
    struct user *user = people_find(a->directory, id);

    if (!user) {
        scim_refuse(a->response, 404, NULL, "there is no such user");
        return;
    }
    switch (a->request->method) {
    case SCIM_GET:
        answer_user(a, 200, user);
        break;
    case SCIM_PUT:
    case SCIM_PATCH:
        change_user(a, user);
        break;
    case SCIM_DELETE:
        delete_user(a, user);
        break;
    case SCIM_POST:
    case SCIM_OTHER:
        scim_refuse(a->response, 405, NULL, "GET, PUT, PATCH or DELETE");
        break;
    }
}

void
scim_answer(struct scim_response *response, struct people *directory,
            const struct scim_request *request, int64_t now)
{
    struct asked a = {.response = response, .directory = directory, .request = request, .now = now};
    const char *path = request->path;
    json_t *about;

    memset(response, 0, sizeof(*response));
    if (strcmp(path, "/Users") == 0 || strcmp(path, "/Users/") == 0) {
        if (request->method == SCIM_GET)
            list_users(&a);
        else if (request->method == SCIM_POST)
            create_user(&a);
        else
            scim_refuse(response, 405, NULL, "GET or POST");
        return;
    }
    if (strncmp(path, "/Users/", strlen("/Users/")) == 0) {
        answer_one(&a, path + strlen("/Users/"));
        return;
    }
    about = scim_about(path, request->base);
    if (!about)
        scim_refuse(response, 404, NULL, "there is no such resource");
    else if (request->method != SCIM_GET) {
        json_decref(about);
        scim_refuse(response, 405, NULL, "GET");
    } else
        answer(response, 200, about);
}
