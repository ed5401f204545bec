/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile journal file is opened, appended to and opened again. */
#include "ledger/journal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
open_file(void *arg, int directory PASU_UNUSED, const char *path PASU_UNUSED, int flags PASU_UNUSED,
          mode_t mode PASU_UNUSED)
{
    return dup(*(const int *)arg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("journal", MFD_CLOEXEC);
    struct os os = os_real;
    struct journal_report report, again;
    struct journal j;

    os.arg = &fd;
    os.openat = open_file;
    if (write(fd, data, size) == (ssize_t)size &&
        journal_open(&j, &os, -1, "j", NULL, &report) == 0) {
        if (journal_append(&j, JOURNAL_OPENED, "payload", 7) != 0)
            __builtin_trap();
        journal_close(&j);
        if (journal_open(&j, &os, -1, "j", NULL, &again) != 0 ||
            again.records != report.records + 1 || again.cut != 0)
            __builtin_trap();
        journal_close(&j);
    }
    close(fd);
    return 0;
}
