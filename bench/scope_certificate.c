/* SPDX-License-Identifier: Apache-2.0 */
#include "scope_certificate.h"

#include "base/memory.h"
#include "ledger/certify.h"
#include "ledger/deed.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static struct log quiet = {.fd = -1, .level = LOG_ERROR + 1, .os = &os_real};

static void
check(bool is_well, const char *what, int error)
{
    if (is_well)
        return;
    fprintf(stderr, "scope: %s: %s\n", what, error_text(error));
    exit(2);
}

void
certificate_begin(int folder)
{
    static struct record_keeping records;
    int result;

    record_init(&records, &quiet, folder);
    result = record_open(&records);
    check(result == 0, "begin", result);
    record_close(&records);
}

/* ---- the keeper ---- */

struct keeping {
    struct record_keeping records;
    struct intake intake;
    struct control control;
};

static void
answer(void *arg, struct control_client *client)
{
    struct keeping *k = arg;

    if (!deed_do(client, &k->intake) && !certify_ask(&k->records, client))
        control_end(client, PASU_E_PROTOCOL, 0);
}

static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    check(strlen(path) < sizeof(address.sun_path), path, PASU_E_RANGE);
    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    check(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
              listen(listener, 8) == 0,
          path, PASU_E_IO);
    return listener;
}

/* Says that it serves by a byte to `ready`; until it is killed. */
static void
keep(int folder, int listener, int ready)
{
    static const struct approvers nobody;
    static struct keeping k;
    struct pollfd polls[1 + CONTROL_CLIENTS_MAX];
    int result;

    record_init(&k.records, &quiet, folder);
    result = record_open(&k.records);
    check(result == 0, "keeper", result);
    result = record_sign(&k.records);
    check(result == 0, "sign", result);
    result = intake_init(&k.intake, &k.records, -1, -1, -1);
    check(result == 0, "intake", result);
    control_init(&k.control, listener, &nobody, &quiet);
    check(write(ready, "", 1) == 1, "keeper", PASU_E_IO);
    for (;;) {
        size_t count = control_polls(&k.control, polls);

        if (poll(polls, count, record_wait(&k.records, 1000)) > 0)
            control_serve(&k.control, polls, count, answer, &k);
        record_look(&k.records, os_monotonic(&os_real));
        control_look(&k.control, os_monotonic(&os_real));
    }
}

static pid_t
start_keeper(int folder, const char *socket_path)
{
    int listener = listen_at(socket_path), ready[2];
    char byte;
    pid_t pid;

    check(pipe2(ready, O_CLOEXEC) == 0, "pipe", PASU_E_IO);
    pid = fork();
    if (pid == 0)
        keep(folder, listener, ready[1]);
    close(ready[1]);
    close(listener);
    check(pid > 0 && read(ready[0], &byte, 1) == 1, "keeper", PASU_E_UNAVAILABLE);
    close(ready[0]);
    return pid;
}

/* ---- the command ---- */

static double
milliseconds(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec * 1e-3;
}

static void
certify(const char *program, const char *config, uint32_t key, int out,
        struct certificate_clocks *took)
{
    struct rusage usage;
    struct timespec begun, ended;
    char text[16];
    int status = 0;
    pid_t pid;

    snprintf(text, sizeof(text), "%u", key);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    pid = fork();
    if (pid == 0) {
        dup2(out, STDOUT_FILENO);
        execl(program, "pasu", "certify", "-c", config, text, (char *)NULL);
        _exit(2);
    }
    check(pid > 0 && wait4(pid, &status, 0, &usage) == pid && WIFEXITED(status) &&
              WEXITSTATUS(status) < 2,
          "certify", PASU_E_IO);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    took->wall = (double)(ended.tv_sec - begun.tv_sec) * 1e3 +
                 (double)(ended.tv_nsec - begun.tv_nsec) * 1e-6;
    took->cpu = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
}

static void
write_config(const char *path, const char *folder)
{
    FILE *file = fopen(path, "w");

    check(file != NULL, path, PASU_E_IO);
    fprintf(file,
            "gateway: {listen: 127.0.0.1:1, upstream: 127.0.0.1:2}\n"
            "ledger: {directory: %s}\ncontrol: %s/control.sock\n"
            "subjects: {customer: {table: public.customers, key: id}}\n"
            "personal_data:\n"
            "  - {table: public.customers, subject: customer, key: id, fields: {name: name, "
            "phone: phone, email: email, address: address}}\n",
            folder, folder);
    check(fclose(file) == 0, path, PASU_E_IO);
}

/* How often the document has it. */
static uint64_t
count_text(int file, const char *text)
{
    struct stat st = {0};
    uint64_t count = 0;
    char *bytes;

    check(fstat(file, &st) == 0, "document", PASU_E_IO);
    bytes = memory_new(1, (size_t)st.st_size + 1);
    check(bytes != NULL && pread(file, bytes, (size_t)st.st_size, 0) == st.st_size, "document",
          PASU_E_IO);
    for (const char *at = bytes; (at = strstr(at, text)) != NULL; at++)
        count++;
    memory_free(bytes);
    return count;
}

uint64_t
certificate_make(const char *folder, const char *program, const uint32_t *keys, size_t count,
                 struct certificate_clocks *took)
{
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), out;
    char config[PATH_SIZE], path[PATH_SIZE];
    uint64_t showings = 0;
    pid_t keeper;

    snprintf(config, sizeof(config), "%s/pasu.yaml", folder);
    snprintf(path, sizeof(path), "%s/control.sock", folder);
    write_config(config, folder);
    keeper = start_keeper(directory, path);
    out = openat(directory, "document", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(out >= 0, "document", PASU_E_IO);
    for (size_t i = 0; i < count; i++) {
        check(ftruncate(out, 0) == 0 && lseek(out, 0, SEEK_SET) == 0, "document", PASU_E_IO);
        certify(program, config, keys[i], out, &took[i]);
        check(count_text(out, "pasu certificate/v1") == 2, "not signed", PASU_E_MISUSE);
        showings += count_text(out, "\"what\":\"shown\",\"exposure\"");
        check(count_text(out, "\"why\":") == 0, "not proven", PASU_E_MISUSE);
    }
    kill(keeper, SIGTERM);
    waitpid(keeper, NULL, 0);
    close(out);
    close(directory);
    return showings;
}
