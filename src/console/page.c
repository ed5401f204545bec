/* SPDX-License-Identifier: Apache-2.0 */
#include "console/state.h"

#include "base/memory.h"
#include "console/template.h"
#include "console/words.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MINUTE (60 * NANOSECONDS_PER_SECOND)

enum { COOKIE_SIZE = 160, NAME_SIZE_MAX = 64 };

static const struct {
    const char *name, *value;
} headers[] = {
    {"Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; "
                                "base-uri 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

void
page_form_token(const struct console *c, const uint8_t token[INQUIRY_TOKEN_SIZE],
                char text[2 * INQUIRY_TOKEN_SIZE + 1])
{
    uint8_t hash[KEY_SIZE] = {0};
    unsigned length = 0;

    if (HMAC(EVP_sha256(), c->key, sizeof(c->key), token, INQUIRY_TOKEN_SIZE, hash, &length) ==
        NULL)
        memory_wipe(hash, sizeof(hash));
    request_token_text(text, hash);
}

/* ---- headers ---- */

/* Where browsers come by HTTPS, the name says so, and they keep to it. */
static const char *
cookie_name(const struct console *c)
{
    return c->has_tls || c->forwarded_from_count > 0 ? "__Host-pasu" : "pasu";
}

static void
add_cookie(const struct console *c, struct MHD_Response *response, const char *name,
           const char *value)
{
    bool is_secure = c->has_tls || c->forwarded_from_count > 0;
    char text[COOKIE_SIZE];

    snprintf(text, sizeof(text), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s", name, value,
             is_secure ? "; Secure" : "");
    MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, text);
}

static void
add_token(const struct console *c, struct MHD_Response *response,
          const uint8_t token[INQUIRY_TOKEN_SIZE])
{
    char text[2 * INQUIRY_TOKEN_SIZE + 1];

    request_token_text(text, token);
    add_cookie(c, response, cookie_name(c), text);
}

/* Takes the response. */
static enum MHD_Result
queue(struct console *c, struct call *call, unsigned status, struct MHD_Response *response,
      const char *type, const char *kept)
{
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        MHD_add_response_header(response, headers[i].name, headers[i].value);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, kept);
    if (type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (c->has_tls)
        MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
    if (call->request.has_chosen)
        add_cookie(c, response, "pasu-language", words_languages[call->request.language]);
    if (status == MHD_HTTP_TOO_MANY_REQUESTS)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "600");
    if (c->links.is_stopping)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    result = MHD_queue_response(call->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- pages ---- */

/* What every page can say. NULL: no memory. */
static json_t *
common_values(const struct console *c, const struct call *call, const char *name,
              const json_t *values)
{
    char form[2 * INQUIRY_TOKEN_SIZE + 1] = "", title[NAME_SIZE_MAX];
    const json_t *of_page;

    if (call->request.has_token)
        page_form_token(c, call->request.token, form);
    snprintf(title, sizeof(title), "%.*s_title", (int)strcspn(name, "."), name);
    of_page = json_object_get(values, title);
    of_page = of_page != NULL ? of_page : json_object_get(c->words[call->request.language], title);
    return json_pack("{ss* ss ss sb sI sI}", "page_title", json_string_value(of_page), "form", form,
                     "language", words_languages[call->request.language], "is_korean",
                     call->request.language == INQUIRY_KOREAN, "code_minutes",
                     (json_int_t)((c->code_time + MINUTE - 1) / MINUTE), "session_minutes",
                     (json_int_t)((c->session_time + MINUTE - 1) / MINUTE));
}

static int
render(const struct console *c, const struct call *call, const char *name, const json_t *values,
       char **text, size_t *length)
{
    json_t *common = common_values(c, call, name, values);
    const json_t *scopes[] = {c->words[call->request.language], common, values};
    FILE *file = open_memstream(text, length);
    int result = file != NULL && common != NULL ? 0 : PASU_E_NOMEM;

    if (result == 0)
        result = template_render(file, words_file(name), words_file, scopes, COUNT_OF(scopes));
    if (file != NULL && fclose(file) != 0 && result == 0)
        result = PASU_E_NOMEM;
    json_decref(common);
    return result;
}

enum MHD_Result
page_send(struct console *c, struct call *call, unsigned status, const char *name,
          json_t *take_values)
{
    struct request *request = &call->request;
    struct MHD_Response *response = NULL;
    bool is_new = !request->has_token;
    char *text = NULL;
    size_t length = 0;
    int result = take_values != NULL ? 0 : PASU_E_NOMEM;

    if (result == 0 && is_new) {
        result = c->os->random(c->os->arg, request->token, sizeof(request->token));
        request->has_token = result == 0;
    }
    if (result == 0)
        result = render(c, call, name, take_values, &text, &length);
    json_decref(take_values);
    if (result == 0)
        response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
    else
        LOG_EVENT(&c->log, INTERNAL, F_TEXT("error", error_text(result)), F_TEXT("page", name));
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    if (is_new)
        add_token(c, response, request->token);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_LANGUAGE,
                            words_languages[request->language]);
    return queue(c, call, status, response, "text/html; charset=utf-8", "no-store");
}

enum MHD_Result
page_note(struct console *c, struct call *call, unsigned status, const char *what)
{
    const json_t *words = c->words[call->request.language];
    char name[NAME_SIZE_MAX];
    json_t *title, *text;

    snprintf(name, sizeof(name), "note_%s_title", what);
    title = json_object_get(words, name);
    snprintf(name, sizeof(name), "note_%s_text", what);
    text = json_object_get(words, name);
    return page_send(c, call, status, "note.html",
                     json_pack("{sO sO}", "note_title", title, "note_text", text));
}

enum MHD_Result
page_redirect(struct console *c, struct call *call, const char *to,
              const uint8_t token[INQUIRY_TOKEN_SIZE])
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);

    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, to);
    if (token != NULL)
        add_token(c, response, token);
    return queue(c, call, MHD_HTTP_SEE_OTHER, response, NULL, "no-store");
}

enum MHD_Result
page_style(struct console *c, struct call *call)
{
    struct view text = words_file("style.css");

    return queue(c, call, MHD_HTTP_OK,
                 MHD_create_response_from_buffer(text.length, (void *)(uintptr_t)text.bytes,
                                                 MHD_RESPMEM_PERSISTENT),
                 "text/css; charset=utf-8", "max-age=3600");
}

/* ---- what the clerk gave ---- */

/* Its bytes, mapped; NULL: none. */
static void *
map_memory(int fd, size_t *length)
{
    off_t size = lseek(fd, 0, SEEK_END);
    void *bytes;

    if (size <= 0)
        return NULL;
    *length = (size_t)size;
    bytes = mmap(NULL, *length, PROT_READ, MAP_PRIVATE, fd, 0);
    return bytes != MAP_FAILED ? bytes : NULL;
}

enum MHD_Result
page_seen(struct console *c, struct call *call)
{
    size_t length = 0;
    void *bytes = map_memory(call->memory, &length);
    json_t *values = bytes != NULL ? json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (bytes != NULL)
        munmap(bytes, length);
    if (!json_is_object(values)) {
        json_decref(values);
        return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
    }
    return page_send(c, call, MHD_HTTP_OK, "shown.html", values);
}

enum MHD_Result
page_file(struct console *c, struct call *call, const char *name)
{
    size_t length = 0;
    void *bytes = map_memory(call->memory, &length);
    struct MHD_Response *response =
        bytes != NULL ? MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_COPY)
                      : NULL;
    char text[NAME_SIZE_MAX];

    if (bytes != NULL)
        munmap(bytes, length);
    if (response == NULL)
        return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
    snprintf(text, sizeof(text), "attachment; filename=\"%s\"", name);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, text);
    return queue(c, call, MHD_HTTP_OK, response, "application/json", "no-store");
}
