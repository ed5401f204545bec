/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

/* What Landlock of this version (1: Linux 5.13) can forbid of files: all of it is forbidden. */
static uint64_t
forbidden(long version)
{
    const uint64_t refer = UINT64_C(1) << 13, truncate = UINT64_C(1) << 14;

    return (refer - 1) | (version >= 2 ? refer : 0) | (version >= 3 ? truncate : 0);
}

static uint64_t
rights_of(enum sandbox_use use)
{
    const uint64_t refer = UINT64_C(1) << 13, truncate = UINT64_C(1) << 14;
    const uint64_t reads = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    const uint64_t writes = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                            LANDLOCK_ACCESS_FS_REMOVE_FILE | truncate;

    switch (use) {
    case SANDBOX_READS:
        return reads;
    case SANDBOX_SHARES:
        return reads | LANDLOCK_ACCESS_FS_WRITE_FILE;
    case SANDBOX_WRITES:
        return writes;
    case SANDBOX_KEEPS:
    case SANDBOX_MOVES:
        return reads | writes | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |
               (use == SANDBOX_MOVES ? refer : 0);
    }
    return 0;
}

static int
allow_below(int ruleset, uint64_t handled, const struct sandbox_folder *folders, size_t count)
{
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++) {
        struct landlock_path_beneath_attr rule = {
            .allowed_access = handled & rights_of(folders[i].use), .parent_fd = folders[i].fd};

        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
            result = PASU_E_DENIED;
    }
    return result;
}

int
sandbox_confine(const struct sandbox_folder *folders, size_t count)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION),
         ruleset;
    struct landlock_ruleset_attr handled = {.handled_access_fs = forbidden(version)};
    int result;

    if (version < 1)
        return PASU_E_UNAVAILABLE;
    for (size_t i = 0; i < count; i++)
        if (folders[i].use == SANDBOX_MOVES && version < 2) /* it would be forbidden everywhere */
            return PASU_E_UNAVAILABLE;
    ruleset = syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled.handled_access_fs), 0);
    if (ruleset < 0)
        return PASU_E_UNAVAILABLE;
    result = allow_below((int)ruleset, handled.handled_access_fs, folders, count);
    if (result == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                        syscall(SYS_landlock_restrict_self, ruleset, 0) != 0))
        result = PASU_E_DENIED;
    close((int)ruleset);
    return result;
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
    int answer[10]; /* by profile: 1, 0 or an error number, as sandbox.def has them */
};

static const struct call calls[] = {
#define X(name, supervisor, gate, keeper, herald, indexer, registrar, console, clerk, scanner,     \
          importer)                                                                                \
    {SCMP_SYS(name),                                                                               \
     {supervisor, gate, keeper, herald, indexer, registrar, console, clerk, scanner, importer}},
#include "base/sandbox.def"
#undef X
};

/* Of all filters of a process the one that kills wins, then the one that fails, then the others. */
#define HAS_ROOM(above, below) ((above) == 1 || ((below) != 1 && ((above) != 0 || (below) == 0)))
#define X(name, supervisor, gate, keeper, herald, indexer, registrar, console, clerk, scanner,     \
          importer)                                                                                \
    _Static_assert(HAS_ROOM(supervisor, gate) && HAS_ROOM(supervisor, keeper) &&                   \
                       HAS_ROOM(supervisor, herald) && HAS_ROOM(supervisor, indexer) &&            \
                       HAS_ROOM(supervisor, registrar) && HAS_ROOM(supervisor, console) &&         \
                       HAS_ROOM(supervisor, clerk),                                                \
                   #name ": the supervisor's filter applies to its children, too");
#include "base/sandbox.def"
#undef X
#undef HAS_ROOM

#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

static int
allow_sockets(scmp_filter_ctx filter, int type)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
    int result = 0;

    for (size_t i = 0; i < COUNT_OF(families) && result == 0; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
                                  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xF, (scmp_datum_t)type));
    return result;
}

/* The kernel's routes, which the look-up of names reads. */
static int
allow_netlink(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                            SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
                            SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0));
}

/* Processes and threads in the namespaces that there are; UDP and netlink are for names. */
static int
allow_supervisor(scmp_filter_ctx filter)
{
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));

    if (result == 0)
        result = allow_netlink(filter);
    if (result == 0)
        result = allow_sockets(filter, SOCK_STREAM);
    return result == 0 ? allow_sockets(filter, SOCK_DGRAM) : result;
}

/* But no processes. */
static int
allow_threads(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

static int
allow_gate(scmp_filter_ctx filter)
{
    int result = allow_threads(filter);

    return result == 0 ? allow_sockets(filter, SOCK_STREAM) : result;
}

/* Neither threads nor processes; UDP is for syslog. */
static int
allow_herald(scmp_filter_ctx filter)
{
    int result = allow_sockets(filter, SOCK_STREAM);

    return result == 0 ? allow_sockets(filter, SOCK_DGRAM) : result;
}

/* Processes for what it is asked, which have its rights and no more; UDP is for names. */
static int
allow_clerk(scmp_filter_ctx filter)
{
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));

    if (result == 0)
        result = allow_netlink(filter);
    if (result == 0)
        result = allow_sockets(filter, SOCK_STREAM);
    return result == 0 ? allow_sockets(filter, SOCK_DGRAM) : result;
}

/* What isatty and the width of a page ask. */
static int
allow_scanner(scmp_filter_ctx filter)
{
    static const unsigned long asked[] = {TCGETS, TIOCGWINSZ};
    int result = allow_threads(filter);

    for (size_t i = 0; i < COUNT_OF(asked) && result == 0; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                  SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)asked[i], 0));
    return result;
}

static int
add_rules(scmp_filter_ctx filter, enum sandbox_profile profile)
{
    int result = 0;

    for (size_t i = 0; i < COUNT_OF(calls) && result == 0; i++) {
        int answer = calls[i].answer[profile];

        if (answer != 0)
            result = seccomp_rule_add(
                filter, answer == 1 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((unsigned)answer),
                calls[i].number, 0);
    }
    if (result == 0 && profile == SANDBOX_SUPERVISOR)
        result = allow_supervisor(filter);
    if (result == 0 && profile == SANDBOX_GATE)
        result = allow_gate(filter);
    if (result == 0 && profile == SANDBOX_HERALD)
        result = allow_herald(filter);
    if (result == 0 && profile == SANDBOX_INDEXER)
        result = allow_threads(filter);
    if (result == 0 && profile == SANDBOX_CLERK)
        result = allow_clerk(filter);
    if (result == 0 && (profile == SANDBOX_SCANNER || profile == SANDBOX_IMPORTER))
        result = allow_scanner(filter);
    return result;
}

/* libseccomp's level of a kernel that has SECCOMP_RET_KILL_PROCESS (Linux 4.14). */
enum { API_OF_KILLING = 3 };

int
sandbox_enter(enum sandbox_profile profile)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int result = 0;

    if (!filter) /* it asks the kernel first whether it can end a process so */
        return seccomp_api_get() < API_OF_KILLING ? PASU_E_DENIED : PASU_E_NOMEM;
    /* For all threads; another ABI's call ends the process, not one thread of it; as a tree and not
     * a chain of comparisons; and without slowing down speculation for a process that runs no
     * foreign code: each system call of the relay passes here. */
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1) != 0)
        result = -1;
    if (result == 0)
        result = add_rules(filter, profile);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 ? 0 : PASU_E_DENIED;
}

#endif
