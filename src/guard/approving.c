/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/approving.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
add(struct approvers *a, uint32_t uid, const char *name, bool is_named)
{
    struct approver *one;

    if (approvers_find(a, uid))
        return 0;
    if (a->count == APPROVERS_MAX)
        return PASU_E_RANGE;
    one = &a->items[a->count++];
    one->uid = uid;
    one->is_named = is_named;
    snprintf(one->name, sizeof(one->name), "%s", name);
    return 0;
}

/* Accounts without a name are "uid N" then. */
static int
add_account(struct approvers *a, uid_t uid)
{
    const struct passwd *found = getpwuid(uid);

    return found ? add(a, (uint32_t)uid, found->pw_name, false) : 0;
}

int
approving_find(struct approvers *a, const struct config *config,
               const struct sandbox_account *account, const struct log *log)
{
    int result;

    *a = (struct approvers){0};
    result = add(a, 0, "root", false);
    if (result == 0)
        result = add_account(a, account->uid != 0 ? account->uid : geteuid());
    for (size_t i = 0; i < config->approvals.approvers.count && result == 0; i++) {
        const char *name = config->approvals.approvers.items[i];
        const struct passwd *found = getpwnam(name);

        result = found ? add(a, (uint32_t)found->pw_uid, found->pw_name, true) : PASU_E_NOTFOUND;
        if (result != 0)
            LOG_EVENT(log, START_FAILED, F_TEXT("approver", name),
                      F_TEXT("error", found ? "there are too many" : "no such account"),
                      F_TEXT("hint", "correct approvals.approvers in the configuration"));
    }
    return result;
}

void
approving_check(const struct config *config, struct config_faults *faults)
{
    for (size_t i = 0; i < config->approvals.approvers.count; i++) {
        const char *name = config->approvals.approvers.items[i];

        if (!getpwnam(name))
            config_fault_add(faults, config->path, 0, 0,
                             "name an account of the machine that pasu runs on",
                             "approvals.approvers: there is no account \"%s\" here", name);
    }
}

/* The ledger's folder, which the guard makes for itself alone, or another one that nobody else may
 * enter. */
static bool
is_shut(const struct config *config, const char *folder)
{
    struct stat st;

    return strcmp(folder, config->ledger.directory) == 0 ||
           (stat(folder, &st) == 0 && (st.st_mode & (S_IXGRP | S_IXOTH)) == 0);
}

void
approving_warn(const struct config *config, struct config_faults *warnings)
{
    char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    char *slash;

    if (config->approvals.approvers.count == 0 || !config->control)
        return;
    snprintf(folder, sizeof(folder), "%s", config->control);
    while ((slash = strrchr(folder, '/')) != NULL && slash > folder) {
        *slash = '\0';
        if (!is_shut(config, folder))
            continue;
        config_fault_add(warnings, config->path, 0, 0,
                         "set control to a path in a folder that they may enter, such as "
                         "/run/pasu/control.sock",
                         "approvals.approvers: only pasu's own account may enter %s, where the "
                         "control socket is: they cannot approve",
                         folder);
        return;
    }
}
