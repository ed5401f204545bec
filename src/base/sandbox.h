/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process gives up before it touches hostile bytes: root, new privileges, core dumps, other
 * descriptors, and every system call that its profile does not list (seccomp; a call outside kills
 * the process, and the supervisor logs it and starts a new one; where it is the supervisor, its
 * children end with it and the service manager starts all anew).
 *
 * `pasu scan`, which nobody supervises, gives up as much once it has read what it was told to do;
 * where it imports, once it has opened the ledger.
 *
 * The profiles are one table, sandbox.def. A process keeps its parent's filter beside its own, so
 * the supervisor's is what its children start with, and holds more than it makes use of itself.
 * What it cannot do any more, nor any process of pasu: run a program, trace or enter another
 * process or namespace, mount, load code into the kernel, or open sockets other than those of the
 * internet, of Unix, and of the kernel's routes (which the look-up of names reads).
 */
#ifndef PASU_BASE_SANDBOX_H
#define PASU_BASE_SANDBOX_H

#include "base/error.h"

#include <sys/types.h>

enum sandbox_profile {
    SANDBOX_SUPERVISOR,
    SANDBOX_GATE,
    SANDBOX_KEEPER,
    SANDBOX_HERALD,
    SANDBOX_INDEXER,
    SANDBOX_REGISTRAR,
    SANDBOX_CONSOLE,
    SANDBOX_CLERK,
    SANDBOX_SCANNER,
    SANDBOX_IMPORTER
};

/* What may be done below a folder. */
enum sandbox_use {
    SANDBOX_READS,
    SANDBOX_SHARES, /* that, and files that are there are written to */
    SANDBOX_WRITES, /* plain files are made, written and replaced */
    SANDBOX_KEEPS,  /* all of that, and folders made and taken away */
    SANDBOX_MOVES,  /* and files are moved from one folder below it to another */
};

struct sandbox_folder {
    int fd;
    enum sandbox_use use;
};

/* Who the process will be. uid 0 means: stay who we are (we were not started by root). */
struct sandbox_account {
    uid_t uid;
    gid_t gid;
};

/* Finds the account by name; NULL means "pasu" if it exists, else "nobody". Not as root: all zero.
 * PASU_E_NOTFOUND if the named account does not exist. */
PASU_MUST_USE int sandbox_account_find(struct sandbox_account *account, const char *name);
/* Closes every descriptor above 2 that is not among `keep`. */
PASU_MUST_USE int sandbox_close_others(const int *keep, size_t count);
/* Changes to the account for good (groups too), sets no_new_privs, undumpable, and the signal that
 * ends the process when its parent dies. */
PASU_MUST_USE int sandbox_drop(const struct sandbox_account *account);
/* From now on files are opened only below these folders (none: nowhere), for their uses; what is
 * open stays open. Of this thread and those that it makes from now on. Needs no rights.
 * PASU_E_UNAVAILABLE: the kernel cannot (Landlock, from Linux 5.13 on, with SANDBOX_MOVES from 5.19
 * on); PASU_E_DENIED. */
PASU_MUST_USE int sandbox_confine(const struct sandbox_folder *folders, size_t count);
/* Sets no_new_privs and installs the filter, for all threads and for what they start, on top of the
 * filters that there are. PASU_E_DENIED: the kernel takes none. A sanitized build installs none. */
PASU_MUST_USE int sandbox_enter(enum sandbox_profile profile);

#endif
