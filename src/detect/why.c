/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"
#include "detect/logins.h"

#include <math.h>
#include <stdarg.h>

struct text {
    char *bytes;
    size_t length;
};

PASU_PRINTF(2, 3)
static void
say(struct text *t, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(t->bytes + t->length, DETECT_TEXT - t->length, format, arguments);
    va_end(arguments);
    if (length > 0)
        t->length += (size_t)length;
    if (t->length >= DETECT_TEXT)
        t->length = DETECT_TEXT - 1;
}

static void
say_misses(struct text *t, const double *n)
{
    say(t,
        "of %.0f persons asked for in a day, %.0f do not exist (%.1f %%); usual for it is %.2g %%, "
        "for its peers %.2g %%",
        n[1], n[0], n[0] / n[1] * 100, n[2] * 100, n[3] * 100);
}

static void
say_fanout(struct text *t, const double *n)
{
    say(t, "acted for %.0f accounts in a day; usual for it are %.3g, for its peers %.3g", n[0],
        n[1], n[2]);
}

static void
say_orphan(struct text *t, const double *n)
{
    if (n[1] > 0)
        say(t,
            "of %.0f accounts that it read persons with in a day, %.0f had not logged in before "
            "(%.1f %%; usual for it is %.2g %%)",
            n[1], n[0], n[0] / n[1] * 100, n[2] * 100);
    if (!isnan(n[5]))
        say(t, "%s%.0f of its %.0f requests were for persons (usual are %.2g %%)",
            n[1] > 0 ? "; " : "", n[3], n[4], n[5] * 100);
}

static void
say_successor(struct text *t, const double *n)
{
    say(t,
        "of %.0f persons in a day, %.0f have the number behind one of the last %.0f (%.2f %%); "
        "usual for it is %.2g %%, for its peers %.2g %%",
        n[1], n[0], n[4], n[0] / n[1] * 100, n[2] * 100, n[3] * 100);
}

static void
say_drift(struct text *t, const double *n)
{
    if (isnan(n[1])) {
        say(t,
            "of %.0f persons of a day, up to %.0f whose numbers are close to each other came in "
            "the order of the numbers; such orders come by chance once in 10^%.1f days; it had "
            "them "
            "on %.2g %% of its days",
            n[0], n[2], n[4], n[3] * 100);
        return;
    }
    say(t,
        "the numbers of %.0f persons of a day %s with time: rank correlation %.3f, %.1f standard "
        "deviations from chance; it had such an order on %.2g %% of its days",
        n[0], n[1] > 0 ? "rise" : "fall", n[1], fabs(n[2]), n[3] * 100);
}

static void
say_growth(struct text *t, const double *n)
{
    if (isnan(n[1])) {
        say(t,
            "%.0f persons in the first day, and up to %.0f in a minute, where %.3g are usual for "
            "the %.0f others",
            n[0], n[2], n[3], n[4]);
        return;
    }
    say(t,
        "%.0f persons in a day, where %.3g are usual for it, and up to %.0f in a minute, where "
        "%.3g "
        "are; its peers have %.3g a day",
        n[0], n[1], n[2], n[3], n[4]);
}

static void
say_coverage(struct text *t, const double *n)
{
    say(t,
        "was shown %.0f persons in all, %.1f times as many as its peers' median of %.0f (the most "
        "of them: %.0f; %.0f peers)",
        n[0], n[1] > 0 ? n[0] / n[1] : 0, n[1], n[2], n[3]);
}

static void
say_tiling(struct text *t, const double *n)
{
    say(t,
        "%.0f principals share persons out among themselves: of %.0f persons that were compared, "
        "pairs of them have %.0f in common, where by chance they would have %.0f",
        n[0], n[1], n[2], n[3]);
}

static void
say_novelty(struct text *t, const double *n)
{
    unsigned bits;

    if (isnan(n[1])) {
        say(t,
            "of %.0f reads of persons in a day, %.0f were %s (%.1f %%), which %.2g %% of its reads "
            "usually are",
            n[2], n[0], n[4] > 0 ? "outside of any session" : "in a session", n[0] / n[2] * 100,
            n[3] * 100);
        return;
    }
    bits = (unsigned)n[1];
    say(t, "read persons from where it never had:%s%s%s%s; on a usual day %.2g %% of that is new",
        bits & 1 ? " a new country" : "", bits & 2 ? " a new network" : "",
        bits & 4 ? " a new program" : "", bits & 8 ? " two countries within an hour" : "",
        n[2] * 100);
}

static void
say_waking(struct text *t, const double *n)
{
    say(t,
        "read persons %.0f days after its last day, and in %.0f of %.0f hours in which it never "
        "had (usual are %.2g %%)",
        n[0], n[1], n[2], n[3] * 100);
}

size_t
finding_why(const struct finding *finding, char text[DETECT_TEXT])
{
    static void (*const says[])(struct text *, const double *) = {
        [DETECTOR_COVERAGE] = say_coverage,   [DETECTOR_GROWTH] = say_growth,
        [DETECTOR_SUCCESSOR] = say_successor, [DETECTOR_DRIFT] = say_drift,
        [DETECTOR_FANOUT] = say_fanout,       [DETECTOR_ORPHAN] = say_orphan,
        [DETECTOR_MISSES] = say_misses,       [DETECTOR_TILING] = say_tiling,
        [DETECTOR_NOVELTY] = say_novelty,     [DETECTOR_WAKING] = say_waking,
    };
    struct text t = {.bytes = text};

    static_assert(COUNT_OF(says) == DETECTOR_COUNT, "each detector says why");
    text[0] = '\0';
    says[finding->detector](&t, finding->number);
    if (finding->bound > 0)
        say(&t, "; it can have been shown up to %llu persons whom nobody names",
            (unsigned long long)finding->bound);
    return t.length;
}

static const char *
begin(const struct text *t)
{
    return t->length > 0 ? "; " : "";
}

size_t
detect_approximate(const struct detect_report *report, char text[DETECT_TEXT])
{
    struct text t = {.bytes = text};

    text[0] = '\0';
    if (report->forgotten > 0)
        say(&t,
            "%llu times a principal was forgotten or not taken in, and begins anew where it comes "
            "back: all detectors may have missed it",
            (unsigned long long)report->forgotten);
    if (report->sketched > 0)
        say(&t,
            "%sof %llu principals fewer persons are held than else, and the others counted to 3.3 "
            "%%: "
            "tiling compares fewer of them",
            begin(&t), (unsigned long long)report->sketched);
    if (report->unfollowed > 0)
        say(&t, "%sthe walks of %llu principals were not followed: successor did not judge them",
            begin(&t), (unsigned long long)report->unfollowed);
    if (report->login_days > 0 && report->login_days < LOGINS_WINDOW / (24 * 60))
        say(&t, "%sa login is known for %u days, not %d: orphan counts later reads as without one",
            begin(&t), report->login_days, LOGINS_WINDOW / (24 * 60));
    return t.length;
}
