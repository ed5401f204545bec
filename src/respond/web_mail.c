/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/web_mail.h"

#include "base/memory.h"

enum { WHOLE_MILLISECONDS = 30000 };

#define SET(option, value) (is_set = curl_easy_setopt(p->easy, option, value) == CURLE_OK && is_set)

/* libcurl asks for the next bytes of the message. */
static size_t
give(char *bytes, size_t one, size_t count, void *arg)
{
    struct web_post *p = arg;
    size_t length = one * count;

    if (length > p->message_length - p->message_at)
        length = p->message_length - p->message_at;
    memcpy(bytes, p->message + p->message_at, length);
    p->message_at += length;
    return length;
}

static bool
set_login(struct web_post *p, const struct web_mail_way *way)
{
    char *password = memory_dup(way->password.bytes, way->password.length);
    bool is_set = password != NULL;

    /* Both send the password itself, through TLS; others are of no more use there. */
    SET(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
    SET(CURLOPT_USERNAME, way->user);
    SET(CURLOPT_PASSWORD, password);
    if (password)
        memory_wipe(password, way->password.length);
    memory_free(password);
    return is_set;
}

int
web_mail_init(struct web_post *p, struct web *web, size_t number, const struct web_mail_way *way)
{
    bool is_set = web_post_prepare(p, web, number, "smtp,smtps", WHOLE_MILLISECONDS);

    if (!is_set)
        return PASU_E_NOMEM;
    SET(CURLOPT_USE_SSL, (long)(way->is_clear ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    SET(CURLOPT_MAIL_FROM, way->from);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, give);
    SET(CURLOPT_READDATA, p);
    if (way->user && !way->is_clear)
        is_set = set_login(p, way) && is_set;
    return is_set ? 0 : PASU_E_NOMEM;
}

static int
set_recipients(struct web_post *p, const struct mail_list *to)
{
    struct curl_slist *all = NULL;

    for (size_t i = 0; i < to->count; i++) {
        struct curl_slist *longer = curl_slist_append(all, to->addresses[i]);

        if (!longer) {
            curl_slist_free_all(all);
            return PASU_E_NOMEM;
        }
        all = longer;
    }
    if (curl_easy_setopt(p->easy, CURLOPT_MAIL_RCPT, all) != CURLE_OK) {
        curl_slist_free_all(all);
        return PASU_E_NOMEM;
    }
    curl_slist_free_all(p->recipients);
    p->recipients = all;
    return 0;
}

int
web_mail_begin(struct web_post *p, const struct web_place *place, const struct mail_list *to,
               struct view message)
{
    bool is_set = true;
    int result = set_recipients(p, to);

    if (result != 0)
        return result;
    memory_free(p->message);
    p->message = memory_dup(message.bytes, message.length);
    p->message_length = p->message ? message.length : 0;
    p->message_at = 0;
    SET(CURLOPT_INFILESIZE, (long)message.length);
    return p->message && is_set ? web_post_start(p, place) : PASU_E_NOMEM;
}

char *
web_mail_url(const char *server, const char *host)
{
    size_t size = strlen(server) + strlen(host) + sizeof("/");
    char *url = memory_new(size, 1);

    if (!url)
        return NULL;
    snprintf(url, size, "%s/%s", server, host);
    for (char *at = url + strlen(server) + 1; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || *at == '.' || *at == '-'))
            *at = '-';
    return url;
}
