/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile request is answered, and what the people come to then is a roster that can be read. The
 * first byte is the method, a line the filter, the rest the body. */
#include "base/memory.h"
#include "people/import.h"
#include "people/scim.h"
#include "policy/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(struct people *people, enum scim_method method, const char *path, const char *filter,
    struct view body)
{
    struct scim_request request = {
        .method = method, .path = path, .filter = filter, .base = "", .body = body};
    struct scim_response response;

    scim_answer(&response, people, &request, 0);
    if (response.status < 200 || response.status > 599)
        __builtin_trap();
    scim_response_release(&response);
}

/* What is kept is read again by those who take nothing on trust. */
static void
check(const struct people *people)
{
    struct roster_fault fault;
    struct roster *roster;
    uint8_t *bytes;
    size_t length;

    if (people_write(&bytes, &length, people) != 0)
        __builtin_trap();
    if (roster_parse_changes(&roster, view_of(bytes, length), NULL, &fault) != 0)
        __builtin_trap();
    if (roster_count(roster) != people->count)
        __builtin_trap();
    roster_free(roster);
    memory_free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct view kim = VIEW("{\"userName\": \"kim\"}");
    const uint8_t *end = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
    char path[80], fault[SCIM_IMPORT_FAULT_SIZE];
    struct people people;
    struct view body;
    uint8_t *roster;
    size_t length;
    char *filter;

    if (!end)
        return 0;
    filter = memory_dup(data + 1, (size_t)(end - data - 1));
    body = view_of(end + 1, size - (size_t)(end + 1 - data));
    people_init(&people, SCIM_BY_LOCAL_PART);
    ask(&people, SCIM_POST, "/Users", NULL, kim);
    snprintf(path, sizeof(path), "/Users/%s", user_text(people.users[0], USER_ID));
    ask(&people, SCIM_GET, "/Users", filter, body);
    ask(&people, SCIM_POST, "/Users", NULL, body);
    ask(&people, (enum scim_method)(data[0] % (SCIM_OTHER + 1)), path, filter, body);
    check(&people);
    people_release(&people);
    if (scim_import(&roster, &length, body, SCIM_BY_USER_NAME, 0, fault) == 0)
        memory_free(roster);
    memory_free(filter);
    return 0;
}
