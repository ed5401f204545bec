/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int
sandbox_account_find(struct sandbox_account *account, const char *name)
{
    const struct passwd *entry;

    *account = (struct sandbox_account){0};
    if (geteuid() != 0)
        return 0;
    entry = getpwnam(name ? name : "pasu");
    if (!entry && !name)
        entry = getpwnam("nobody");
    if (!entry || entry->pw_uid == 0)
        return PASU_E_NOTFOUND;
    account->uid = entry->pw_uid;
    account->gid = entry->pw_gid;
    return 0;
}

int
sandbox_close_others(const int *keep, size_t count)
{
    int next = 3;

    /* In rising order of what stays, everything between goes. */
    for (;;) {
        int lowest = -1;

        for (size_t i = 0; i < count; i++)
            if (keep[i] >= next && (lowest < 0 || keep[i] < lowest))
                lowest = keep[i];
        if (lowest < 0)
            return close_range((unsigned)next, ~0u, 0) == 0 ? 0 : error_from_errno(errno);
        if (lowest > next && close_range((unsigned)next, (unsigned)lowest - 1, 0) != 0)
            return error_from_errno(errno);
        next = lowest + 1;
    }
}

int
sandbox_drop(const struct sandbox_account *account)
{
    if (account->uid != 0 &&
        (setgroups(0, NULL) != 0 || setresgid(account->gid, account->gid, account->gid) != 0 ||
         setresuid(account->uid, account->uid, account->uid) != 0))
        return error_from_errno(errno);
    /* After the change of account, which resets both. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return error_from_errno(errno);
    return 0;
}

#ifdef PASU_SANITIZED

int
sandbox_enter(enum sandbox_profile profile PASU_UNUSED)
{
    return 0;
}

#else

struct call {
    int number;
    bool gate, keeper;
};

static const struct call calls[] = {
#define X(name, gate_, keeper_) {SCMP_SYS(name), gate_, keeper_},
#include "base/sandbox.def"
#undef X
};

/* What libraries try and live without: an error instead of an end. */
static int
refuse_politely(scmp_filter_ctx filter, bool may_open)
{
    static const int tried[] = {SCMP_SYS(access),   SCMP_SYS(faccessat), SCMP_SYS(stat),
                                SCMP_SYS(readlink), SCMP_SYS(open),      SCMP_SYS(uname),
                                SCMP_SYS(getcwd),   SCMP_SYS(socket),    SCMP_SYS(prctl),
                                SCMP_SYS(ioctl)};
    int result = 0;

    if (!may_open)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
    for (size_t i = 0; i < COUNT_OF(tried) && result == 0; i++)
        if (tried[i] != SCMP_SYS(socket))
            result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), tried[i], 0);
    /* glibc then makes its threads with clone, whose flags can be looked at. */
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return result;
}

/* Threads, but no processes; stream sockets of the three families, nothing else. */
static int
allow_gate(scmp_filter_ctx filter)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

    for (size_t i = 0; i < COUNT_OF(families) && result == 0; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
                                  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xF, SOCK_STREAM));
    return result;
}

int
sandbox_enter(enum sandbox_profile profile)
{
    scmp_filter_ctx filter;
    bool is_gate = profile == SANDBOX_GATE;
    int result = 0;

    if (profile == SANDBOX_SUPERVISOR)
        return 0; /* it starts processes, opens sockets and reads files: nothing is left to forbid
                   */
    filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return PASU_E_NOMEM;
    /* For all threads; as a tree and not a chain of comparisons; and without slowing down
     * speculation for a process that runs no foreign code: each system call of the relay passes
     * here. */
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1) != 0)
        result = -1;
    for (size_t i = 0; i < COUNT_OF(calls) && result == 0; i++)
        if (is_gate ? calls[i].gate : calls[i].keeper)
            result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i].number, 0);
    if (result == 0)
        result = refuse_politely(filter, !is_gate);
    if (result == 0 && is_gate)
        result = allow_gate(filter);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 ? 0 : PASU_E_DENIED;
}

#endif
