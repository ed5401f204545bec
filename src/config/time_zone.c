/* SPDX-License-Identifier: Apache-2.0 */
#include "config/time_zone.h"

#include "base/os.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

static const char folder[] = "/usr/share/zoneinfo/", magic[] = "TZif";

bool
time_zone_is_name(const char *text)
{
    bool is_start = true;

    for (const char *at = text; *at != '\0'; at++) {
        bool is_word = isalnum((unsigned char)*at) || *at == '_' || *at == '+' || *at == '-';

        if (!is_word && (*at != '/' || is_start))
            return false;
        is_start = !is_word;
    }
    return !is_start && strlen(text) <= 63;
}

bool
time_zone_is_there(const char *name)
{
    const struct os *os = &os_real;
    char path[128], start[sizeof(magic) - 1];
    bool is;
    int fd;

    if (!time_zone_is_name(name))
        return false;
    snprintf(path, sizeof(path), "%s%s", folder, name);
    fd = os->openat(os->arg, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return false;
    is = os_read_all(os, fd, start, sizeof(start), 0) == 0 &&
         memcmp(start, magic, sizeof(start)) == 0;
    os->close(os->arg, fd);
    return is;
}

void
time_zone_check(const struct config *config, struct config_faults *faults)
{
    if (config->time_zone != NULL && !time_zone_is_there(config->time_zone))
        config_fault_add(faults, config->path, config->time_zone_line, 0,
                         "write a name that is there, such as Asia/Seoul, or install tzdata",
                         "time_zone: %s%s cannot be read, or is no time zone", folder,
                         config->time_zone);
}

int
time_zone_use(const struct config *config)
{
    if (config->time_zone != NULL && setenv("TZ", config->time_zone, 1) != 0)
        return PASU_E_NOMEM;
    tzset();
    return 0;
}
