/* SPDX-License-Identifier: Apache-2.0 */
/* Each profile as its process has it: gate's and keeper's on top of the supervisor's. What is tried
 * is tried in a process of its own, with arguments that make it fail where nothing forbids it. */
#include "base/sandbox.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROFILES = 10, WORKS = 0, NO_SANDBOX = 254, KILLED = 255 };

static const char *const names[PROFILES] = {"supervisor", "gate",      "keeper",  "herald",
                                            "indexer",    "registrar", "console", "clerk",
                                            "scanner",    "importer"};

#ifdef PASU_SANITIZED
static const bool is_filtered = false;
#else
static const bool is_filtered = true;
#endif

/* The numbers of the C library's, not of libseccomp's, so that a slip in one of them shows. */
struct call {
    const char *name;
    long number;
    int answer[PROFILES];
};

static const struct call calls[] = {
#define X(name, supervisor, gate, keeper, herald, indexer, registrar, console, clerk, scanner,     \
          importer)                                                                                \
    {#name,                                                                                        \
     SYS_##name,                                                                                   \
     {supervisor, gate, keeper, herald, indexer, registrar, console, clerk, scanner, importer}},
#include "base/sandbox.def"
#undef X
};

typedef int act_fn(const void *arg);

/* What became of act() in the profile: KILLED by the filter, or its result. */
static int
try(int profile, act_fn *act, const void *arg)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        /* Whose child it is; those who read logs are nobody's. */
        if ((profile < SANDBOX_SCANNER && sandbox_enter(SANDBOX_SUPERVISOR) != 0) ||
            (profile != SANDBOX_SUPERVISOR && sandbox_enter((enum sandbox_profile)profile) != 0))
            _exit(NO_SANDBOX);
        _exit(act(arg));
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return KILLED;
    }
    return WEXITSTATUS(status);
}

/* The error that the call fails with; its arguments are wrong for every call. */
static int
act_call(const void *arg)
{
    const long *number = arg;

    return syscall(*number, -1L, -1L, -1L, -1L, -1L, -1L) < 0 ? errno : WORKS;
}

static void
check(const char *name, int profile, int got, int due)
{
    if (got != due)
        fail_msg("%s in the %s: %d, not %d", name, names[profile], got, due);
}

static void
what_the_table_does_not_allow_fails_or_kills(void **state PASU_UNUSED)
{
    if (!is_filtered)
        skip();
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        for (int p = 0; p < PROFILES; p++)
            if (calls[i].answer[p] != 1)
                check(calls[i].name, p, try(p, act_call, &calls[i].number),
                      calls[i].answer[p] == 0 ? KILLED : calls[i].answer[p]);
}

static void
no_process_runs_programs_or_reaches_into_the_kernel(void **state PASU_UNUSED)
{
#define CALL(name)                                                                                 \
    {                                                                                              \
#name, SYS_##name,                                                                         \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
    static const struct call deadly[] = {
        CALL(execve),
        CALL(execveat),
        CALL(ptrace),
        CALL(process_vm_readv),
        CALL(process_vm_writev),
        CALL(process_madvise),
        CALL(pidfd_open),
        CALL(pidfd_getfd),
        CALL(kcmp),
        CALL(mount),
        CALL(umount2),
        CALL(pivot_root),
        CALL(chroot),
        CALL(open_tree),
        CALL(move_mount),
        CALL(fsopen),
        CALL(fsconfig),
        CALL(fsmount),
        CALL(fspick),
        CALL(mount_setattr),
        CALL(unshare),
        CALL(setns),
        CALL(bpf),
        CALL(perf_event_open),
        CALL(userfaultfd),
        CALL(init_module),
        CALL(finit_module),
        CALL(delete_module),
        CALL(kexec_load),
        CALL(kexec_file_load),
        CALL(reboot),
        CALL(swapon),
        CALL(swapoff),
        CALL(acct),
        CALL(quotactl),
        CALL(keyctl),
        CALL(add_key),
        CALL(request_key),
        CALL(name_to_handle_at),
        CALL(open_by_handle_at),
        CALL(mknodat),
        CALL(capset),
        CALL(personality),
        CALL(settimeofday),
        CALL(clock_settime),
        CALL(adjtimex),
        CALL(sethostname),
        CALL(syslog),
    };
#undef CALL

    if (!is_filtered)
        skip();
    for (size_t i = 0; i < COUNT_OF(deadly); i++)
        for (int p = 0; p < PROFILES; p++)
            check(deadly[i].name, p, try(p, act_call, &deadly[i].number), KILLED);
}

/* A ring does what no filter sees: the gate has those that it made before, restricted. */
static void
a_ring_is_made_by_none_of_the_children(void **state PASU_UNUSED)
{
    static const struct call rings[] = {
        {"io_uring_setup",
         SYS_io_uring_setup,
         {WORKS, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"io_uring_register",
         SYS_io_uring_register,
         {WORKS, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"io_uring_enter",
         SYS_io_uring_enter,
         {WORKS, WORKS, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
    };

    if (!is_filtered)
        skip();
    for (size_t i = 0; i < COUNT_OF(rings); i++)
        for (int p = 0; p < PROFILES; p++)
            if (rings[i].answer[p] == KILLED)
                check(rings[i].name, p, try(p, act_call, &rings[i].number), KILLED);
            else
                assert_int_not_equal(try(p, act_call, &rings[i].number), KILLED);
}

struct socket_kind {
    const char *name;
    int family, type, protocol;
    int answer[PROFILES];
};

/* A kernel without the family has not forbidden it. */
static int
act_socket(const void *arg)
{
    const struct socket_kind *kind = arg;

    return socket(kind->family, kind->type | SOCK_CLOEXEC, kind->protocol) >= 0 ||
                   errno == EAFNOSUPPORT
               ? WORKS
               : errno;
}

static void
sockets_are_those_that_each_process_needs(void **state PASU_UNUSED)
{
    static const struct socket_kind kinds[] = {
        {"TCP",
         AF_INET,
         SOCK_STREAM,
         0,
         {WORKS, WORKS, KILLED, WORKS, KILLED, KILLED, KILLED, WORKS, KILLED, KILLED}},
        {"TCP over IPv6",
         AF_INET6,
         SOCK_STREAM,
         0,
         {WORKS, WORKS, KILLED, WORKS, KILLED, KILLED, KILLED, WORKS, KILLED, KILLED}},
        {"a Unix socket",
         AF_UNIX,
         SOCK_STREAM | SOCK_NONBLOCK,
         0,
         {WORKS, WORKS, KILLED, WORKS, KILLED, KILLED, KILLED, WORKS, KILLED, KILLED}},
        {"UDP",
         AF_INET,
         SOCK_DGRAM,
         0,
         {WORKS, KILLED, KILLED, WORKS, KILLED, KILLED, KILLED, WORKS, KILLED, KILLED}},
        {"UDP over IPv6",
         AF_INET6,
         SOCK_DGRAM,
         0,
         {WORKS, KILLED, KILLED, WORKS, KILLED, KILLED, KILLED, WORKS, KILLED, KILLED}},
        {"a Unix socket of packets",
         AF_UNIX,
         SOCK_DGRAM,
         0,
         {WORKS, KILLED, KILLED, WORKS, KILLED, KILLED, KILLED, WORKS, KILLED, KILLED}},
        {"netlink, routes",
         AF_NETLINK,
         SOCK_RAW,
         NETLINK_ROUTE,
         {WORKS, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, WORKS, KILLED, KILLED}},
        {"netlink, audit",
         AF_NETLINK,
         SOCK_RAW,
         NETLINK_AUDIT,
         {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"raw IP",
         AF_INET,
         SOCK_RAW,
         1,
         {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"raw frames",
         AF_PACKET,
         SOCK_RAW,
         0,
         {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"the kernel's ciphers",
         AF_ALG,
         SOCK_SEQPACKET,
         0,
         {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
        {"the hypervisor",
         AF_VSOCK,
         SOCK_STREAM,
         0,
         {KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED}},
    };

    if (!is_filtered)
        skip();
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        for (int p = 0; p < PROFILES; p++)
            check(kinds[i].name, p, try(p, act_socket, &kinds[i]), kinds[i].answer[p]);
}

static int
act_fork(const void *arg PASU_UNUSED)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(WORKS);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? WORKS : errno;
}

static void *
run_nothing(void *arg)
{
    return arg;
}

static int
act_thread(const void *arg PASU_UNUSED)
{
    pthread_t thread;
    int result = pthread_create(&thread, NULL, run_nothing, NULL);

    return result == 0 ? pthread_join(thread, NULL) : result;
}

/* As fork() does it, with what is asked for beside. */
static int
act_clone(const void *arg)
{
    const unsigned long *flags = arg;
    long pid = syscall(SYS_clone, *flags | SIGCHLD, NULL, NULL, NULL, 0L);

    if (pid == 0)
        _exit(WORKS);
    return pid > 0 ? WORKS : errno;
}

static void
processes_and_threads_are_made_by_whom_needs_them(void **state PASU_UNUSED)
{
    static const unsigned long namespaces[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                               CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                               CLONE_NEWNET};

    if (!is_filtered)
        skip();
    check("fork", SANDBOX_SUPERVISOR, try(SANDBOX_SUPERVISOR, act_fork, NULL), WORKS);
    check("fork", SANDBOX_GATE, try(SANDBOX_GATE, act_fork, NULL), KILLED);
    check("fork", SANDBOX_KEEPER, try(SANDBOX_KEEPER, act_fork, NULL), KILLED);
    check("a thread", SANDBOX_SUPERVISOR, try(SANDBOX_SUPERVISOR, act_thread, NULL), WORKS);
    check("a thread", SANDBOX_GATE, try(SANDBOX_GATE, act_thread, NULL), WORKS);
    check("a thread", SANDBOX_KEEPER, try(SANDBOX_KEEPER, act_thread, NULL), KILLED);
    check("fork", SANDBOX_HERALD, try(SANDBOX_HERALD, act_fork, NULL), KILLED);
    check("a thread", SANDBOX_HERALD, try(SANDBOX_HERALD, act_thread, NULL), KILLED);
    check("fork", SANDBOX_REGISTRAR, try(SANDBOX_REGISTRAR, act_fork, NULL), KILLED);
    check("a thread", SANDBOX_REGISTRAR, try(SANDBOX_REGISTRAR, act_thread, NULL), KILLED);
    check("fork", SANDBOX_CONSOLE, try(SANDBOX_CONSOLE, act_fork, NULL), KILLED);
    check("a thread", SANDBOX_CONSOLE, try(SANDBOX_CONSOLE, act_thread, NULL), KILLED);
    check("fork", SANDBOX_CLERK, try(SANDBOX_CLERK, act_fork, NULL), WORKS);
    check("fork", SANDBOX_SCANNER, try(SANDBOX_SCANNER, act_fork, NULL), KILLED);
    check("a thread", SANDBOX_SCANNER, try(SANDBOX_SCANNER, act_thread, NULL), 0);
    check("fork", SANDBOX_IMPORTER, try(SANDBOX_IMPORTER, act_fork, NULL), KILLED);
    check("a thread", SANDBOX_IMPORTER, try(SANDBOX_IMPORTER, act_thread, NULL), 0);
    check("fork", SANDBOX_INDEXER, try(SANDBOX_INDEXER, act_fork, NULL), KILLED);
    check("a thread", SANDBOX_INDEXER, try(SANDBOX_INDEXER, act_thread, NULL), WORKS);
    for (size_t i = 0; i < COUNT_OF(namespaces); i++)
        for (int p = 0; p < PROFILES; p++)
            check("a namespace", p, try(p, act_clone, &namespaces[i]), KILLED);
}

#ifdef __x86_64__

/* x32's getpid, which differs from our own by one bit. */
static void *
run_x32(void *arg)
{
    syscall(0x40000000L | SYS_getpid);
    return arg;
}

static int
act_x32(const void *arg PASU_UNUSED)
{
    pthread_t thread;
    int result = pthread_create(&thread, NULL, run_x32, NULL);

    return result == 0 ? pthread_join(thread, NULL) : result;
}

static void
a_call_of_another_abi_ends_the_whole_process(void **state PASU_UNUSED)
{
    if (!is_filtered)
        skip();
    for (int p = SANDBOX_SUPERVISOR; p <= SANDBOX_GATE; p++)
        check("x32", p, try(p, act_x32, NULL), KILLED);
}

#endif

static int
open_error(int directory, const char *path, int flags)
{
    int fd = openat(directory, path, flags | O_CLOEXEC, 0600);

    return fd >= 0 ? close(fd) : errno;
}

/* `arg` is a folder, open: below it plain files are made, written and replaced; nothing else is. */
static int
act_confined(const void *arg)
{
    const int *folder = arg;
    int result = sandbox_confine(&(struct sandbox_folder){*folder, SANDBOX_WRITES}, 1);

    if (result == PASU_E_UNAVAILABLE)
        return NO_SANDBOX;
    if (result != 0)
        return 1;
    if (open_error(*folder, "new", O_WRONLY | O_CREAT | O_TRUNC) != 0 ||
        open_error(*folder, "new", O_WRONLY | O_TRUNC) != 0)
        return 2;
    if (renameat(*folder, "new", *folder, "old") != 0 || fsync(*folder) != 0)
        return 3;
    if (open_error(*folder, "old", O_RDONLY) != EACCES ||
        open_error(AT_FDCWD, "/etc/passwd", O_RDONLY) != EACCES ||
        open_error(AT_FDCWD, "/tmp/beside", O_WRONLY | O_CREAT) != EACCES)
        return 4;
    return mkdirat(*folder, "folder", 0700) != 0 && errno == EACCES ? WORKS : 5;
}

/* `arg` is a folder, open: of the two in it the one is read, the other kept. */
static int
act_kept(const void *arg)
{
    const int *folder = arg;
    struct sandbox_folder folders[] = {
        {openat(*folder, "read", O_RDONLY | O_DIRECTORY | O_CLOEXEC), SANDBOX_READS},
        {openat(*folder, "kept", O_RDONLY | O_DIRECTORY | O_CLOEXEC), SANDBOX_KEEPS}};
    int read = folders[0].fd, kept = folders[1].fd, result = sandbox_confine(folders, 2);

    if (result == PASU_E_UNAVAILABLE)
        return NO_SANDBOX;
    if (result != 0)
        return 1;
    if (open_error(read, "file", O_RDONLY) != 0 || open_error(read, ".", O_RDONLY) != 0 ||
        open_error(read, "file", O_RDWR) != EACCES ||
        open_error(read, "new", O_WRONLY | O_CREAT) != EACCES || unlinkat(read, "file", 0) == 0 ||
        mkdirat(read, "folder", 0700) == 0)
        return 2;
    if (mkdirat(kept, "one", 0700) != 0 || open_error(kept, "one/file", O_RDWR | O_CREAT) != 0 ||
        open_error(kept, "one/file", O_RDONLY) != 0 || renameat(kept, "one", kept, "two") != 0 ||
        unlinkat(kept, "two/file", 0) != 0 || unlinkat(kept, "two", AT_REMOVEDIR) != 0)
        return 3;
    return open_error(*folder, ".", O_RDONLY) == EACCES &&
                   open_error(*folder, "beside", O_WRONLY | O_CREAT) == EACCES &&
                   renameat(*folder, "read", *folder, "other") != 0 &&
                   mkdirat(*folder, "third", 0700) != 0
               ? WORKS
               : 4;
}

static void
a_confined_process_reads_or_keeps_what_it_is_given(void **state PASU_UNUSED)
{
    char path[] = "/tmp/confined.XXXXXX";
    int folder, file, got;

    assert_non_null(mkdtemp(path));
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0 && mkdirat(folder, "read", 0700) == 0 &&
                mkdirat(folder, "kept", 0700) == 0);
    file = openat(folder, "read/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(file);
    got = try(SANDBOX_SUPERVISOR, act_kept, &folder);
    unlinkat(folder, "read/file", 0);
    unlinkat(folder, "read", AT_REMOVEDIR);
    unlinkat(folder, "kept", AT_REMOVEDIR);
    close(folder);
    assert_int_equal(rmdir(path), 0);
    if (got == NO_SANDBOX)
        skip(); /* no Landlock here */
    assert_int_equal(got, WORKS);
}

static void
a_confined_process_writes_below_its_folders_alone(void **state PASU_UNUSED)
{
    char path[] = "/tmp/confined.XXXXXX";
    int folder, got;

    assert_non_null(mkdtemp(path));
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0);
    got = try(SANDBOX_SUPERVISOR, act_confined, &folder);
    unlinkat(folder, "old", 0);
    close(folder);
    rmdir(path);
    if (got == NO_SANDBOX)
        skip(); /* no Landlock here */
    assert_int_equal(got, WORKS);
}

static int
act_ask_privileges(const void *arg PASU_UNUSED)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? WORKS : 1;
}

static void
the_first_filter_gives_up_new_privileges(void **state PASU_UNUSED)
{
    if (!is_filtered)
        skip();
    check("no_new_privs", SANDBOX_SUPERVISOR, try(SANDBOX_SUPERVISOR, act_ask_privileges, NULL),
          WORKS);
}

/* Waits for a byte, then does what is forbidden. */
static void *
run_later(void *arg)
{
    const int *fd = arg;
    char byte;

    if (read(*fd, &byte, 1) == 1)
        syscall(SYS_unshare, -1L);
    return NULL;
}

static void
threads_that_run_already_are_filtered_too(void **state PASU_UNUSED)
{
    int status;
    pid_t pid;

    if (!is_filtered)
        skip();
    pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        pthread_t thread;
        int ends[2];

        setrlimit(RLIMIT_CORE, &none);
        if (pipe2(ends, O_CLOEXEC) != 0 ||
            pthread_create(&thread, NULL, run_later, &ends[0]) != 0 ||
            sandbox_enter(SANDBOX_GATE) != 0 || write(ends[1], "", 1) != 1)
            _exit(NO_SANDBOX);
        pthread_join(thread, NULL);
        _exit(WORKS);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* As under valgrind, or in a container that forbids it. */
static void
where_the_kernel_takes_no_filter_it_is_said_so(void **state PASU_UNUSED)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the call's number */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0x00050000 | ENOSYS), /* SECCOMP_RET_ERRNO */
        BPF_STMT(BPF_RET | BPF_K, 0x7fff0000),          /* SECCOMP_RET_ALLOW */
    };
    struct sock_fprog none = {COUNT_OF(code), code};
    int status;
    pid_t pid;

    if (!is_filtered)
        skip();
    pid = fork();
    if (pid == 0)
        _exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                      prctl(PR_SET_SECCOMP, 2 /* a filter */, &none) != 0
                  ? NO_SANDBOX
                  : sandbox_enter(SANDBOX_SCANNER) != PASU_E_DENIED);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == WORKS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_table_does_not_allow_fails_or_kills),
        cmocka_unit_test(no_process_runs_programs_or_reaches_into_the_kernel),
        cmocka_unit_test(a_ring_is_made_by_none_of_the_children),
        cmocka_unit_test(sockets_are_those_that_each_process_needs),
        cmocka_unit_test(processes_and_threads_are_made_by_whom_needs_them),
#ifdef __x86_64__
        cmocka_unit_test(a_call_of_another_abi_ends_the_whole_process),
#endif
        cmocka_unit_test(a_confined_process_writes_below_its_folders_alone),
        cmocka_unit_test(a_confined_process_reads_or_keeps_what_it_is_given),
        cmocka_unit_test(the_first_filter_gives_up_new_privileges),
        cmocka_unit_test(threads_that_run_already_are_filtered_too),
        cmocka_unit_test(where_the_kernel_takes_no_filter_it_is_said_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
