/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/web.h"

#include "base/memory.h"
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { CONNECT_MILLISECONDS = 4000, WHOLE_MILLISECONDS = 10000, AUTHORITIES_MAX = 8 << 20 };

static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

static int
read_authorities(struct web *w)
{
    const struct os *os = &os_real;
    int fd = os->openat(os->arg, AT_FDCWD, system_authorities, O_RDONLY | O_CLOEXEC, 0), result = 0;
    struct stat st;

    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= AUTHORITIES_MAX) {
        w->authorities = memory_new((size_t)st.st_size, 1);
        if (!w->authorities)
            result = PASU_E_NOMEM;
        else if (os_read_all(os, fd, w->authorities, (size_t)st.st_size, 0) == 0)
            w->authorities_length = (size_t)st.st_size;
    }
    os->close(os->arg, fd);
    return result;
}

int
web_init(struct web *w, struct view authorities)
{
    int result = 0;

    *w = (struct web){.multi = NULL};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return PASU_E_NOMEM;
    w->multi = curl_multi_init();
    if (authorities.length > 0) {
        w->authorities = memory_dup(authorities.bytes, authorities.length);
        w->authorities_length = authorities.length;
        result = w->authorities ? 0 : PASU_E_NOMEM;
    } else {
        result = read_authorities(w);
    }
    return w->multi ? result : PASU_E_NOMEM;
}

void
web_release(struct web *w)
{
    curl_multi_cleanup(w->multi);
    memory_free(w->authorities);
    *w = (struct web){.multi = NULL};
    curl_global_cleanup();
}

static size_t
take(char *bytes, size_t one PASU_UNUSED, size_t length, void *arg)
{
    struct web_post *p = arg;

    if (length > sizeof(p->answer) - p->length) {
        p->is_long = true;
        return 0;
    }
    memcpy(p->answer + p->length, bytes, length);
    p->length += length;
    return length;
}

#define SET(option, value) (is_set = curl_easy_setopt(p->easy, option, value) == CURLE_OK && is_set)

static bool
set_safety(struct web_post *p, const char *protocols, long milliseconds)
{
    struct curl_blob blob = {p->web->authorities, p->web->authorities_length, CURL_BLOB_NOCOPY};
    bool is_set = true;

    SET(CURLOPT_PROTOCOLS_STR, protocols);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MILLISECONDS);
    SET(CURLOPT_TIMEOUT_MS, milliseconds);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_CAINFO, NULL);
    return is_set && (blob.len == 0 || curl_easy_setopt(p->easy, CURLOPT_CAINFO_BLOB, &blob) == 0);
}

static bool
set_answer(struct web_post *p)
{
    bool is_set = true;

    SET(CURLOPT_ERRORBUFFER, p->failure);
    SET(CURLOPT_PRIVATE, p);
    SET(CURLOPT_WRITEFUNCTION, take);
    SET(CURLOPT_WRITEDATA, p);
    return is_set;
}

static bool
set_post(struct web_post *p)
{
    bool is_set = true;

    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_HTTPHEADER, p->headers);
    SET(CURLOPT_USERAGENT, "pasu/" PASU_VERSION);
    return is_set;
}

bool
web_post_prepare(struct web_post *p, struct web *web, size_t number, const char *protocols,
                 long milliseconds)
{
    *p = (struct web_post){.web = web, .number = number, .easy = curl_easy_init()};
    return p->easy && set_safety(p, protocols, milliseconds) && set_answer(p);
}

int
web_post_trust(struct web_post *p, struct view authorities)
{
    struct curl_blob blob;

    p->authorities = memory_dup(authorities.bytes, authorities.length);
    blob = (struct curl_blob){p->authorities, authorities.length, CURL_BLOB_NOCOPY};
    return p->authorities && curl_easy_setopt(p->easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK
               ? 0
               : PASU_E_NOMEM;
}

int
web_post_set_headers(struct web_post *p, const char *const *lines, size_t count)
{
    struct curl_slist *headers = NULL;

    for (size_t i = 0; i < count; i++) {
        struct curl_slist *longer = curl_slist_append(headers, lines[i]);

        if (!longer) {
            curl_slist_free_all(headers);
            return PASU_E_NOMEM;
        }
        headers = longer;
    }
    if (curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK) {
        curl_slist_free_all(headers);
        return PASU_E_NOMEM;
    }
    curl_slist_free_all(p->headers);
    p->headers = headers;
    return 0;
}

int
web_post_init(struct web_post *p, struct web *web, size_t number)
{
    static const char *const headers[] = {"Content-Type: text/plain; charset=utf-8", "Expect:"};

    if (!web_post_prepare(p, web, number, "http,https", WHOLE_MILLISECONDS))
        return PASU_E_NOMEM;
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        struct curl_slist *longer = curl_slist_append(p->headers, headers[i]);

        if (!longer)
            return PASU_E_NOMEM;
        p->headers = longer;
    }
    return set_post(p) ? 0 : PASU_E_NOMEM;
}

void
web_post_release(struct web_post *p)
{
    if (p->is_running)
        curl_multi_remove_handle(p->web->multi, p->easy);
    curl_easy_cleanup(p->easy);
    curl_slist_free_all(p->headers);
    curl_slist_free_all(p->names);
    curl_slist_free_all(p->recipients);
    memory_free(p->message);
    memory_free(p->authorities);
    *p = (struct web_post){.easy = NULL};
}

/* "HOST:PORT:ADDRESS,ADDRESS": what libcurl shall take the name for. */
static int
set_names(struct web_post *p, const struct web_place *place)
{
    char line[ENDPOINT_HOST_SIZE + WEB_ADDRESSES_MAX * (ADDRESS_TEXT_SIZE + 3)];
    struct writer w = writer_of(line, sizeof(line) - 1);
    struct curl_slist *names;
    char text[ADDRESS_TEXT_SIZE + 8];
    int n = snprintf(line, sizeof(line), "%s:%u:", place->endpoint.host,
                     (unsigned)place->endpoint.port);

    w.at += n;
    for (size_t i = 0; i < place->count; i++) {
        char number[ADDRESS_TEXT_SIZE];

        address_text(number, sizeof(number), &place->addresses[i]);
        n = snprintf(text, sizeof(text), strchr(number, ':') ? "%s[%s]" : "%s%s", i > 0 ? "," : "",
                     number);
        writer_bytes(&w, text, (size_t)n);
    }
    *w.at = '\0';
    names = curl_slist_append(NULL, line);
    if (!names || curl_easy_setopt(p->easy, CURLOPT_RESOLVE, names) != CURLE_OK) {
        curl_slist_free_all(names);
        return PASU_E_NOMEM;
    }
    curl_slist_free_all(p->names);
    p->names = names;
    return 0;
}

int
web_post_begin(struct web_post *p, const struct web_place *place, struct view body)
{
    bool is_set = true;

    SET(CURLOPT_POSTFIELDSIZE, (long)body.length);
    SET(CURLOPT_COPYPOSTFIELDS, (const char *)body.bytes);
    return is_set ? web_post_start(p, place) : PASU_E_NOMEM;
}

int
web_post_start(struct web_post *p, const struct web_place *place)
{
    struct address number;
    bool is_set = true;
    int result =
        endpoint_address(&number, &place->endpoint) == PASU_E_NOTFOUND ? set_names(p, place) : 0;

    if (result != 0)
        return result;
    SET(CURLOPT_URL, place->url);
    p->length = 0;
    p->is_long = p->is_unreached = false;
    p->status = 0;
    p->failure[0] = p->error[0] = '\0';
    if (!is_set || curl_multi_add_handle(p->web->multi, p->easy) != CURLM_OK)
        return PASU_E_NOMEM;
    p->is_running = true;
    return 0;
}

static void
end(struct web_post *p, CURLcode code)
{
    p->is_running = false;
    curl_multi_remove_handle(p->web->multi, p->easy);
    if (code == CURLE_OK || p->is_long)
        curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &p->status);
    if (p->status != 0)
        return;
    p->is_unreached = code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT ||
                      code == CURLE_COULDNT_RESOLVE_HOST;
    snprintf(p->error, sizeof(p->error), "%.*s", WEB_ERROR_SIZE - 1,
             p->failure[0] != '\0' ? p->failure : curl_easy_strerror(code));
}

void
web_step(struct web *w, void (*done)(void *arg, struct web_post *post), void *arg)
{
    CURLMsg *message;
    int left;

    curl_multi_perform(w->multi, &left);
    while ((message = curl_multi_info_read(w->multi, &left)) != NULL) {
        struct web_post *p = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &p) != CURLE_OK || !p)
            continue;
        end(p, code);
        done(arg, p);
    }
}
