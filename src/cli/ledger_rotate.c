/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger_rotate.h"

#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/run.h"
#include "ledger/rotation.h"
#include "ledger/verify_key.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int
complain_rotation(int result, const struct ask *ask, bool is_lost)
{
    if (result == PASU_E_NOTFOUND && !is_lost)
        complain("if the key is lost, and no backup has it, say --lost",
                 "there is no signing.key, or no ledger, in %s", ask->config->ledger.directory);
    else if (result == PASU_E_NOTFOUND)
        complain("a ledger without a checkpoint cannot go on under another key",
                 "there is no ledger in %s", ask->config->ledger.directory);
    else if (result == PASU_E_USAGE)
        complain("leave --lost away: the old key is to sign for the new one",
                 "the ledger's key is there");
    else if (result == PASU_E_UNAVAILABLE)
        complain(is_lost ? "stop it: where the key is lost, only a command can replace it"
                         : "it has the ledger, and does not answer now: try again",
                 "a guard runs");
    else
        return asked_complain(result, "the ledger");
    return result == PASU_E_NOTFOUND ? 1 : 2;
}

/* The key that has signed the last checkpoint. */
static int
find_key(const struct ask *ask, struct note_key *key)
{
    struct verify_signed *found = memory_new(1, sizeof(*found));
    int directory = open(ask->config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;
    struct segment_keys keys = {0};

    if (!found || directory < 0)
        result = found ? error_from_errno(errno) : PASU_E_NOMEM;
    else
        result = ask_keys(ask, &keys) == 0
                     ? verify_newest(found, &os_real, directory, NULL, 0, &keys)
                     : PASU_E_DENIED;
    segment_keys_release(&keys);
    if (result == 0)
        *key = found->key;
    if (directory >= 0)
        close(directory);
    memory_free(found);
    return result;
}

static void
print(const struct note_key *key, bool is_json)
{
    char text[NOTE_KEY_TEXT_MAX + 1];
    struct json_out out = {.file = stdout};

    note_key_text(text, key);
    if (!is_json) {
        puts(text);
        return;
    }
    json_out_open(&out, '{');
    json_put_text(&out, "origin", key->name);
    json_put_text(&out, "key", text);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static int
rotate(const struct ask *ask, const struct arguments *arguments)
{
    bool is_lost = arguments_given(arguments, OPTION_lost);
    struct note_key key;
    int result = asked_rotate(ask, arguments->values[OPTION_why], is_lost);

    if (result != 0)
        return complain_rotation(result, ask, is_lost);
    result = find_key(ask, &key);
    if (result != 0) {
        complain("see: pasu ledger checkpoint --json",
                 "the key was changed, but the new verifier key cannot be read here");
        return 0;
    }
    print(&key, arguments_given(arguments, OPTION_json));
    return 0;
}

int
ledger_rotate(const struct arguments *arguments)
{
    struct ask ask;
    int status;

    if (!asked_has_why(arguments, ROTATION_WHY_MAX))
        return output_end(2);
    status = ask_init(&ask, arguments);
    if (status == 0)
        status = rotate(&ask, arguments);
    ask_release(&ask);
    return output_end(status);
}
