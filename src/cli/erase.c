/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/evidence.h"
#include "cli/json_out.h"
#include "cli/run.h"
#include "exposure/tuple.h"
#include "ledger/control_protocol.h"

#include <inttypes.h>

enum { ORDINALS_MAX = 64 };

/* The person's entries in the directory: their number, or the exit status, negative. */
static int
find(struct evidence *e, const char *key, uint32_t ordinals[ORDINALS_MAX])
{
    uint8_t values[TUPLE_TEXT_MAX], bytes[TUPLE_TEXT_MAX];
    struct view text = view_of_text(key);
    struct tuple tuple;
    uint32_t self;
    int count, status = evidence_read_keys(e);

    if (status != 0)
        return -status;
    if (!e->has_secret) {
        complain("it is the file \"secret\" in the ledger's folder",
                 "the ledger's secret cannot be read");
        return -2;
    }
    count = keys_find(&e->keys, text, ordinals, ORDINALS_MAX);
    if (count == 0 && tuple_read(&tuple, text, values) == 0 &&
        tuple_write(&tuple, bytes, &text) == 0) /* values that name somebody together */
        count = keys_find(&e->keys, text, ordinals, ORDINALS_MAX);
    if (count < 0)
        return -complain_error(count, "erase");
    if (count == 0 && key_is_ordinal(text, &self))
        complain("only the keys of kinds with directory: sealed, and those that are no small "
                 "numbers, can be erased",
                 "the number stands for itself in the ledger, or nobody has it");
    else if (count == 0)
        complain("see pasu subject", "the ledger has nobody with this key");
    return count == 0 ? -1 : count;
}

static void
print(const struct arguments *arguments, int count)
{
    struct json_out out = {.file = stdout};

    if (!arguments_given(arguments, OPTION_json)) {
        printf("erased: %d entr%s of the directory\n", count, count == 1 ? "y" : "ies");
        return;
    }
    json_out_open(&out, '{');
    json_out_key(&out, "erased");
    json_out_integer(&out, count);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static int
erase(struct evidence *e, const struct arguments *arguments)
{
    uint32_t ordinals[ORDINALS_MAX];
    int count = find(e, arguments->operands[0], ordinals);

    if (count < 0)
        return -count;
    for (int i = 0; i < count; i++) {
        int result = asked_erase(&e->ask, ordinals[i], arguments->values[OPTION_why]);

        if (result != 0)
            return asked_complain(result, i == 0 ? "nothing is erased"
                                                 : "only a part of the person's entries is erased");
    }
    print(arguments, count);
    return 0;
}

int
run_erase(const struct arguments *arguments)
{
    struct evidence evidence;
    int status;

    if (!asked_has_why(arguments, CONTROL_TEXT_SIZE - 1))
        return output_end(2);
    status = evidence_open(&evidence, arguments);
    if (status == 0)
        status = erase(&evidence, arguments);
    evidence_close(&evidence);
    return output_end(status);
}
