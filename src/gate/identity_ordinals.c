/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity_ordinals.h"

#include "exposure/directory.h"
#include "exposure/identity_build.h"

enum { KIND = 0 }; /* they are of one directory */

#define LOOK_AGAIN (NANOSECONDS_PER_MILLISECOND)
#define PATIENCE   (10 * NANOSECONDS_PER_SECOND)

void
identity_ordinals_init(struct identity_ordinals *o, struct ring *ring, int wake,
                       struct directory *directory, const struct os *os, struct identity_bell *bell,
                       const _Atomic bool *is_stopping)
{
    *o = (struct identity_ordinals){.os = os, .bell = bell, .is_stopping = is_stopping};
    recorder_init(&o->recorder, ring, wake, directory);
    o->ordinals.directory = directory;
    o->ordinals.recorder = &o->recorder;
}

void
identity_ordinals_release(struct identity_ordinals *o)
{
    recorder_release(&o->recorder);
}

void
identity_ordinals_begin(struct identity_ordinals *o, enum catalog_key_type type, bool is_sealed)
{
    o->key_type = (uint8_t)type;
    o->ordinals.sealed = is_sealed ? 1u << KIND : 0;
}

int
identity_ordinals_settle(struct identity_ordinals *o)
{
    int64_t until = os_monotonic(o->os) + PATIENCE;
    int result;

    while ((result = recorder_pay(&o->recorder)) == PASU_E_AGAIN && !*o->is_stopping) {
        int64_t now = os_monotonic(o->os);

        if (now >= until)
            return result;
        identity_bell_await(o->bell, now + LOOK_AGAIN);
    }
    return result;
}

int
identity_ordinals_get(void *arg, struct view key, uint32_t *ordinal)
{
    struct identity_ordinals *o = arg;
    int result = ordinal_of_value(&o->ordinals, KIND, o->key_type, KEY_BINARY, key, ordinal);

    if (result == PASU_E_MALFORMED || result == PASU_E_RANGE) { /* it is no key (gate/ordinals.h) */
        *ordinal = IDENTITY_NOBODY;
        return 0;
    }
    /* What has no room waits in memory: not more than a few. */
    return result == 0 && o->recorder.owed ? identity_ordinals_settle(o) : result;
}
