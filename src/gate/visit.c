/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/visit.h"

#include "gate/trial.h"

#include <string.h>

void
visits_init(struct visits *visits)
{
    pthread_mutex_init(&visits->lock, NULL);
}

static bool
is_free(const struct visit *visit, int64_t now)
{
    return visit->left == 0 || now > visit->until;
}

void
visits_add(struct visits *visits, const struct message_try *asked, int64_t now)
{
    pthread_mutex_lock(&visits->lock);
    for (size_t i = 0; i < VISITS_MAX; i++) {
        struct visit *visit = &visits->items[i];

        if (!is_free(visit, now))
            continue;
        *visit =
            (struct visit){.token = asked->token,
                           .left = asked->count < VISIT_COUNT_MAX ? asked->count : VISIT_COUNT_MAX,
                           .until = now + VISIT_SECONDS * NANOSECONDS_PER_SECOND};
        memcpy(visit->gateway, asked->gateway, sizeof(visit->gateway));
        memcpy(visit->database, asked->database, sizeof(visit->database));
        break;
    }
    pthread_mutex_unlock(&visits->lock);
}

bool
visits_take(struct visits *visits, char *application, int64_t now)
{
    uint64_t token = trial_token(application, VISIT_PREFIX);
    bool is_one = false;

    if (token == 0)
        return false;
    pthread_mutex_lock(&visits->lock);
    for (size_t i = 0; i < VISITS_MAX && !is_one; i++) {
        is_one = visits->items[i].token == token && !is_free(&visits->items[i], now);
        visits->items[i].left -= is_one;
    }
    pthread_mutex_unlock(&visits->lock);
    if (is_one)
        application[sizeof(VISIT_PREFIX) - 2] = '\0';
    return is_one;
}

uint64_t
visits_take_unseen(struct visits *visits, const char *database, uint64_t most, int64_t now,
                   visit_leads *leads, const void *arg)
{
    uint64_t count = 0;

    pthread_mutex_lock(&visits->lock);
    for (size_t i = 0; i < VISITS_MAX && count < most; i++) {
        struct visit *visit = &visits->items[i];

        if (is_free(visit, now) || strcmp(visit->database, database) != 0 ||
            !leads(arg, visit->gateway))
            continue;
        for (; visit->left > 0 && count < most; visit->left--)
            count++;
    }
    pthread_mutex_unlock(&visits->lock);
    return count;
}
