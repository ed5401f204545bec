/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/principal.h"

#include "base/error.h"
#include "base/memory.h"
#include "detect/fusion.h"

struct principal *
principal_new(uint64_t who, uint8_t axis, size_t *held)
{
    struct principal *p = memory_new(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    *held += sizeof(*p);
    p->who = who;
    p->axis = axis;
    return p;
}

void
principal_free(struct principal *p, size_t *held)
{
    if (p == NULL)
        return;
    principal_end_day(p, held);
    life_release(&p->life, held);
    if (p->history != NULL) {
        *held -= p->history->walk != NULL ? sizeof(*p->history->walk) : 0;
        memory_free(p->history->walk);
        *held -= sizeof(*p->history);
        memory_free(p->history);
    }
    *held -= sizeof(*p);
    memory_free(p);
}

static int
begin_judged(struct day *day, size_t *held)
{
    if ((day->judged = memory_new(1, sizeof(*day->judged))) == NULL)
        return PASU_E_NOMEM;
    *held += sizeof(*day->judged);
    return 0;
}

struct day *
principal_today(struct principal *p, int64_t time, size_t *held)
{
    if (p->today != NULL)
        return p->today;
    if ((p->today = memory_new(1, sizeof(*p->today))) == NULL)
        return NULL;
    *held += sizeof(*p->today);
    p->today->first = time;
    if (p->history != NULL && begin_judged(p->today, held) < 0) {
        principal_end_day(p, held);
        return NULL;
    }
    return p->today;
}

void
principal_end_day(struct principal *p, size_t *held)
{
    struct day *day = p->today;

    if (day == NULL)
        return;
    sample_release(&day->asked, held);
    accounts_release(&day->accounts, held);
    *held -= day->judged != NULL ? sizeof(*day->judged) : 0;
    memory_free(day->judged);
    *held -= sizeof(*day);
    memory_free(day);
    p->today = NULL;
}

int
principal_test(struct principal *p, size_t *held)
{
    if ((p->history = memory_new(1, sizeof(*p->history))) == NULL)
        return PASU_E_NOMEM;
    *held += sizeof(*p->history);
    fusion_begin(p->history);
    return p->today != NULL ? begin_judged(p->today, held) : 0;
}
