/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is to be told what about an incident: by a version of its scope, and by what the notices
 * before it have told. Both are computed from the ledger, in one reading, by the questions and the
 * numbers of records that the versions hold; nothing is kept of what was sent but that it was.
 *
 *      named now                 not told before            leak
 *                                told, now more fields      addition
 *                                told all that             (nothing)
 *      not named, but the kind   not told before            possible, where that is wanted
 *      has some nobody can name  told before               (nothing)
 *      neither                   told before                retraction
 *                                not told before           (nothing)
 *
 * So nobody outside the upper bound is told that something of theirs leaked, and nobody who is
 * named is left out. What is wrong is complained about here; results are exit statuses.
 */
#ifndef PASU_CLI_NOTICE_SET_H
#define PASU_CLI_NOTICE_SET_H

#include "breach/affected.h"
#include "cli/incident_scope.h"
#include "cli/notice_texts.h"

/* Notices that were made before, of one version, one after the other. */
struct notice_past {
    struct scope_version version;
    bool has_possible; /* those who could not be named were told, too */
    struct book *book;
    struct filter filter;
    struct places places;
    struct selection selection;
    struct affected affected;
};

struct notice_set {
    struct evidence *evidence;
    struct scope_version version;
    struct affected now;
    struct notice_past *pasts;
    size_t past_count;
    size_t noticed;    /* notices that were made: several can be of one version */
    bool has_possible; /* that is wanted */
};

/* What one person is to be told. Fields are places of the evidence's names. */
struct notice {
    enum notice_kind kind;
    const char *subject; /* kind of subject */
    uint64_t clear, masked, maybe, null;
    uint64_t added;      /* of an addition: those of them that were not told before */
    int64_t first, last; /* realtime ns; 0: nothing was shown */
    uint32_t statements;
    uint64_t principals; /* as of affected_person */
    bool was_possible;   /* it was told before that this may be */
};

/* The version (0: the last) of the incident, and its notices before. The evidence is open, and has
 * asked nothing yet; its filter becomes the version's. Release it in any case. */
PASU_MUST_USE int notice_set_read(struct notice_set *set, struct evidence *evidence,
                                  const struct incidents *incidents, uint64_t incident,
                                  unsigned version, bool has_possible);
void notice_set_release(struct notice_set *set);
/* Of a person with these ordinals (none: the ledger does not know them), of a kind. */
void notice_set_ask(const struct notice_set *set, const char *subject, const uint32_t *ordinals,
                    size_t count, struct notice *notice);
/* Whether keys of the kind are numbers, as far as somebody of it was ever named. */
bool notice_set_has_numbers(const struct notice_set *set, const char *subject);
/* Whether persons whom the ledger does not name can have to be told something. */
bool notice_set_has_unnamed(const struct notice_set *set, const char *subject);
/* At least so many persons are looked at by those who look at all: an estimate, for who waits. */
uint64_t notice_set_persons(const struct notice_set *set);
/* Each person of a kind that is named, now or in a notice before, once, in no order, until `fn`
 * returns other than 0; what it returned. */
PASU_MUST_USE int notice_set_each(const struct notice_set *set, const char *subject,
                                  int (*fn)(void *arg, uint32_t ordinal), void *arg);

#endif
