/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clerk: the process behind the console. It has no listening socket and is spoken to by the
 * console alone; it knows whose a contact is, has codes sent, judges them, and shows what the
 * ledger says of who has given the right one. A console that was taken over learns of nobody whose
 * code it has not seen pass.
 *
 * What takes time is done by processes of its own, a few at a time (jobs): that a contact is known,
 * and how long it takes to send something there, is seen by nobody who asks for something else.
 * How it is looked up is lent by who runs it, because what reads a ledger is above (cli).
 *
 *      console                 clerk                          jobs
 *      CODE_WANTED ──────────▶ counted ─────────────────────▶ find ──▶ database, decoys
 *                              code made, or nothing ───────▶ send ──▶ folder, webhook
 *      CODE_GIVEN ───────────▶ judged, from memory ──▶ CODE_JUDGED
 *      LOOK ─────────────────▶ token ───────────────────────▶ show ──▶ ledger ──▶ SEEN
 *
 * clerk_main is called in a fresh child of the supervisor which has dropped its privileges. It
 * takes the descriptors.
 */
#ifndef PASU_CONSOLE_CLERK_H
#define PASU_CONSOLE_CLERK_H

#include "base/log.h"
#include "config/model.h"
#include "console/codes.h"

#include <stdio.h>

/* Whose a contact is: nobody's (count 0), somebody's, or that of several of a kind, so that it says
 * not who of them asks. */
struct clerk_found {
    struct persons persons;
    bool is_shared;
    char to[INQUIRY_CONTACT_SIZE]; /* as the database has it */
    char kind[8];                  /* "email", "phone" */
};

/* All but the first are called in jobs, each in a process of its own. Their results: 0, or an exit
 * status, after a complaint on standard error. */
struct clerk_lent {
    /* Before files are out of reach: what it needs of them. PASU_E_… */
    int (*prepare)(void **state, struct config *config);
    int (*find)(void *state, const char *contact, struct clerk_found *found);
    /* A JSON object: the values of shown.html. */
    int (*show)(void *state, const struct persons *persons, enum inquiry_language language,
                FILE *file);
    /* The document that is signed. */
    int (*certify)(void *state, const struct person *person, FILE *file);
};

enum { CLERK_FOLDERS = 5 };

struct clerk_start {
    int supervisor_fd, directory_fd, outbox_fd /* -1: none */;
    int read_fds[CLERK_FOLDERS]; /* folders that may be read, too; -1: none */
    struct config *config;       /* with what it needs of secrets, and no other: taken */
    struct view webhook_secret,
        authorities; /* borrowed until it is set up, and beyond: the secret */
    const struct clerk_lent *lent;
};

/* The process's exit status: 0 as asked, 2 on a fault. */
int clerk_main(const struct clerk_start *start, const struct log *log);

#endif
