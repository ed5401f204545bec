/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/approving.h"

#include <pwd.h>
#include <stdio.h>
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
