/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts by e-mail: the next one that is due, to whoever has it. */
#include "respond/state.h"

#include "base/memory.h"
#include "respond/web_mail.h"

/* Where whoever has it by now is reached. */
static const struct mail_list *
list_of(const struct herald_mail *mail, const struct message_delivery *d)
{
    for (size_t i = 0; d->to[0] != '\0' && i < mail->step_count; i++)
        if (mail->steps[i].list.count > 0 && strcmp(mail->steps[i].to, d->to) == 0)
            return &mail->steps[i].list;
    return &mail->to;
}

int
herald_mail_begin(struct herald *h, const struct message_delivery *d)
{
    const struct herald_mail *mail = h->mail;
    const struct mail_list *to = list_of(mail, d);
    uint8_t *bytes = memory_new(MAIL_MESSAGE_MAX, 1);
    ssize_t length;
    int result;

    if (!bytes)
        return PASU_E_NOMEM;
    length = alert_mail(bytes, MAIL_MESSAGE_MAX, d, mail->from, to);
    result = length < 0
                 ? (int)length
                 : web_mail_begin(h->posts[PUBLISH_ALERT_EMAIL], &h->places[PUBLISH_ALERT_EMAIL],
                                  to, view_of(bytes, (size_t)length));
    memory_free(bytes);
    return result;
}

/* The password is the file's first line. */
static struct view
first_line(struct view file)
{
    const uint8_t *end = file.length > 0 ? memchr(file.bytes, '\n', file.length) : NULL;
    size_t length = end ? (size_t)(end - file.bytes) : file.length;

    if (length > 0 && file.bytes[length - 1] == '\r')
        length--;
    return view_of(file.bytes, length);
}

static int
set_post(struct herald *h, const struct config *config)
{
    const struct web_mail_way way = {
        .is_clear = config->alerts.email.tls == CONFIG_MAIL_CLEAR,
        .from = h->mail->from,
        .user = config->alerts.email.user,
        .password = first_line(config->alerts.email.password_file.bytes),
    };
    struct web_place *place = &h->places[PUBLISH_ALERT_EMAIL];
    struct web_post *post = memory_new(1, sizeof(*post));
    char host[SINK_HOST_SIZE];

    h->posts[PUBLISH_ALERT_EMAIL] = post;
    sink_host_name(host);
    memory_free(place->url);
    place->url = web_mail_url(config->alerts.email.server, host);
    return post && place->url ? web_mail_init(post, &h->web, PUBLISH_ALERT_EMAIL, &way)
                              : PASU_E_NOMEM;
}

int
herald_mail_set(struct herald *h, const struct config *config)
{
    struct view ca = config->alerts.ca.bytes;
    struct herald_mail *mail;
    char name[TARGET_NAME_SIZE];
    int result;

    if (!config->alerts.email.server)
        return 0;
    h->mail = mail = memory_new(1, sizeof(*mail));
    if (!mail)
        return PASU_E_NOMEM;
    snprintf(mail->from, sizeof(mail->from), "%s", config->alerts.email.from);
    mail_list_set(&mail->to, &config->alerts.email.to);
    for (size_t i = 0; i < config->alerts.escalation_count && i < ALERT_STEPS_MAX; i++) {
        struct herald_mail_step *step = &mail->steps[mail->step_count++];

        snprintf(step->to, sizeof(step->to), "%s", config->alerts.escalation[i].to);
        mail_list_set(&step->list, &config->alerts.escalation[i].email);
    }
    endpoint_text(name, sizeof(name), &h->places[PUBLISH_ALERT_EMAIL].endpoint);
    target_init(&h->targets[PUBLISH_ALERT_EMAIL], "email", name);
    result = set_post(h, config);
    return result == 0 && ca.length > 0 ? web_post_trust(h->posts[PUBLISH_ALERT_EMAIL], ca)
                                        : result;
}
