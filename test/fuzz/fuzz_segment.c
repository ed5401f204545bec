/* SPDX-License-Identifier: Apache-2.0 */
/* A segment of hostile bytes: it is read to its end, and what is whole in it has the right index.
 */
#include "ledger/segment_scan.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static int fd = -1;
    struct segment_scan scan;
    struct segment_record record;
    uint64_t next = 0;
    int result;

    if (fd < 0)
        fd = memfd_create("segment", MFD_CLOEXEC);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, bytes, length, 0) != (ssize_t)length)
        abort();
    if (segment_scan_init(&scan, &os_real, fd, 0) != 0)
        return 0;
    while ((result = segment_scan_next(&scan, &record)) != 0) {
        if (result != 1 && result != PASU_E_CORRUPT)
            abort();
        if (result == 1 && (record.index != next || record.offset + record.payload.length > length))
            abort();
        next = result == 1 ? next + 1 : scan.next;
        if (scan.next != next)
            abort();
    }
    segment_scan_release(&scan);
    return 0;
}
