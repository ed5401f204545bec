/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"

const char *
detector_name(enum detector detector)
{
    static const char *const names[] = {"coverage", "growth", "successor", "drift",   "fanout",
                                        "orphan",   "misses", "tiling",    "novelty", "waking"};

    static_assert(COUNT_OF(names) == DETECTOR_COUNT, "one for each of detector.def");
    return names[detector];
}

const char *
detector_text(enum detector detector)
{
    static const char *const texts[] = {
#define X(name, text, needs) text,
#include "detect/detector.def"
#undef X
    };

    return texts[detector];
}

const char *
axis_name(enum axis axis)
{
    static const char *const names[] = {"account", "token", "session", "address",
                                        "network", "asn",   "agent"};

    static_assert(COUNT_OF(names) == AXIS_COUNT, "one for each axis");
    return names[axis];
}
