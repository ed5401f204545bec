/* SPDX-License-Identifier: Apache-2.0 */
#include "console/sender.h"

#include "base/memory.h"
#include "console/template.h"
#include "console/words.h"
#include "respond/publish.h"
#include "respond/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define MINUTE   (60 * NANOSECONDS_PER_SECOND)
#define PATIENCE (15 * NANOSECONDS_PER_SECOND)

enum { ID_BYTES = 12, ID_SIZE = 2 * ID_BYTES + 1, HEADER_SIZE = 128 };

static struct view
no_template(const char *name PASU_UNUSED)
{
    return view_of(NULL, 0);
}

/* A sentence of the words, with values in it. NULL: no memory. */
static json_t *
sentence(const json_t *words, const char *name, const json_t *values)
{
    const json_t *scopes[] = {words, values};
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    const char *template = json_string_value(json_object_get(words, name));
    json_t *made = NULL;

    if (file == NULL || template == NULL) {
        if (file != NULL)
            fclose(file);
        free(text);
        return NULL;
    }
    if (template_render(file, view_of_text(template), no_template, scopes, 2) == 0 &&
        fclose(file) == 0)
        made = json_stringn(text, length);
    free(text);
    return made;
}

static char *
make(const struct sender *s, const char *id, const struct clerk_found *found,
     enum inquiry_language language, const char *code, int64_t valid)
{
    const json_t *words = s->words[language];
    json_int_t minutes = (valid + MINUTE - 1) / MINUTE;
    char spaced[CODE_DIGITS + 2] = "";
    json_t *values, *document;
    char *text;

    if (code != NULL)
        snprintf(spaced, sizeof(spaced), "%.4s %.4s", code, code + CODE_DIGITS / 2);
    values = json_pack("{ss sI}", "code", spaced, "minutes", minutes);
    document = json_pack("{ss ss ss ss ss so so}", "id", id, "what", code ? "code" : "shared", "to",
                         found->to, "kind", found->kind, "language", words_languages[language],
                         "subject", sentence(words, "mail_subject", values), "text",
                         sentence(words, code ? "mail_code" : "mail_shared", values));
    if (document != NULL && code != NULL &&
        (json_object_set_new(document, "code", json_string(code)) != 0 ||
         json_object_set_new(document, "minutes", json_integer(minutes)) != 0)) {
        json_decref(document);
        document = NULL;
    }
    text = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;
    json_decref(document);
    json_decref(values);
    return text;
}

/* A whole file, or none: a mailer takes those that end in .json. */
static int
put_file(const struct sender *s, const char *id, const char *text)
{
    char fresh[ID_SIZE + 8], name[ID_SIZE + 8];
    size_t length = strlen(text);
    int fd, result = 0;

    snprintf(fresh, sizeof(fresh), ".%s", id);
    snprintf(name, sizeof(name), "%s.json", id);
    fd = openat(s->outbox, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_from_errno(errno);
    if (write(fd, text, length) != (ssize_t)length || fsync(fd) != 0)
        result = error_from_errno(errno);
    close(fd);
    if (result == 0 && renameat(s->outbox, fresh, s->outbox, name) != 0)
        result = error_from_errno(errno);
    if (result != 0)
        unlinkat(s->outbox, fresh, 0);
    return result;
}

/* ---- the webhook ---- */

static int
look_up(struct web_place *place)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char port[8];

    snprintf(port, sizeof(port), "%u", (unsigned)place->endpoint.port);
    if (getaddrinfo(place->endpoint.host, port, &hints, &found) != 0)
        return PASU_E_NOTFOUND;
    for (const struct addrinfo *at = found; at != NULL && place->count < WEB_ADDRESSES_MAX;
         at = at->ai_next)
        if (at->ai_addrlen <= sizeof(place->addresses[0].u)) {
            struct address *address = &place->addresses[place->count++];

            memset(address, 0, sizeof(*address));
            memcpy(&address->u, at->ai_addr, at->ai_addrlen);
            address->length = at->ai_addrlen;
        }
    freeaddrinfo(found);
    return place->count > 0 ? 0 : PASU_E_NOTFOUND;
}

static int
set_headers(const struct sender *s, struct web_post *post, const char *id, const char *text)
{
    int64_t seconds = os_realtime(s->os) / NANOSECONDS_PER_SECOND;
    uint8_t secret[SIGNATURE_SECRET_MAX];
    char lines[3][HEADER_SIZE], signature[SIGNATURE_SIZE];
    const char *headers[] = {"Content-Type: application/json", lines[0], lines[1], lines[2]};
    ssize_t length;
    int result;

    snprintf(lines[0], HEADER_SIZE, "webhook-id: %s", id);
    snprintf(lines[1], HEADER_SIZE, "webhook-timestamp: %" PRId64, seconds);
    if (s->secret.length == 0)
        return web_post_set_headers(post, headers, 3);
    length = signature_secret(secret, s->secret);
    if (length < 0)
        return (int)length;
    result =
        signature_make(signature, view_of(secret, (size_t)length), id, seconds, view_of_text(text));
    memory_wipe(secret, sizeof(secret));
    if (result != 0)
        return result;
    snprintf(lines[2], HEADER_SIZE, "webhook-signature: %s", signature);
    return web_post_set_headers(post, headers, 4);
}

static void
done(void *arg, struct web_post *post PASU_UNUSED)
{
    *(bool *)arg = true;
}

static int
wait_for(struct sender *s, struct web_post *post)
{
    int64_t until = os_monotonic(s->os) + PATIENCE;
    bool is_done = false;

    while (!is_done && os_monotonic(s->os) < until) {
        web_step(&s->web, done, &is_done);
        if (!is_done)
            curl_multi_poll(s->web.multi, NULL, 0, 200, NULL);
    }
    if (is_done && post->status >= 200 && post->status <= 299)
        return 0;
    fprintf(stderr, "affected.webhook: %s%ld\n", post->status == 0 ? post->error : "status ",
            post->status);
    return PASU_E_UNAVAILABLE;
}

static int
post(struct sender *s, const char *id, const char *text)
{
    struct web_place place = {.url = (char *)(uintptr_t)s->url};
    struct web_post exchange = {0};
    int result = publish_endpoint_of_url(&place.endpoint, s->url);

    if (result == 0)
        result = look_up(&place);
    if (result != 0)
        fprintf(stderr, "affected.webhook: the server's name could not be looked up\n");
    if (result == 0)
        result = web_post_init(&exchange, &s->web, 0);
    if (result == 0)
        result = set_headers(s, &exchange, id, text);
    if (result == 0)
        result = web_post_begin(&exchange, &place, view_of_text(text));
    return result == 0 ? wait_for(s, &exchange) : result;
}

int
sender_send(struct sender *s, const struct clerk_found *found, enum inquiry_language language,
            const char *code, int64_t valid)
{
    uint8_t random[ID_BYTES];
    char id[ID_SIZE], *text;
    int result = s->os->random(s->os->arg, random, sizeof(random)), posted = 0;

    if (result != 0)
        return result;
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(id + 2 * i, 3, "%02x", random[i]);
    text = make(s, id, found, language, code, valid);
    if (text == NULL)
        return PASU_E_NOMEM;
    if (s->outbox >= 0)
        result = put_file(s, id, text);
    if (s->url != NULL)
        posted = post(s, id, text);
    memory_wipe(text, strlen(text));
    free(text);
    return result != 0 ? result : posted;
}
