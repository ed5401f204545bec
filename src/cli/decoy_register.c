/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/decoy.h"
#include "cli/decoy_person.h"
#include "cli/evidence_part.h"
#include "cli/json_out.h"
#include "ledger/control_client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { PLANTED_MAX = DECOY_SET_MAX * DECOY_SETS_MAX };

void
decoy_value_hash(const struct seal *seal, int which, const char *form,
                 uint8_t hash[DECOY_HASH_SIZE])
{
    struct view before = which == DECOY_EMAIL ? VIEW("decoy email ") : VIEW("decoy phone ");
    size_t length = strnlen(form, DECOY_TEXT_SIZE);
    uint8_t whole[SEAL_HASH_SIZE],
        text[DECOY_TEXT_SIZE + 16]; /* of each value of a dump: no printf */

    memset(hash, 0, DECOY_HASH_SIZE);
    if (length == 0)
        return;
    memcpy(text, before.bytes, before.length);
    memcpy(text + before.length, form, length);
    seal_hash(seal, view_of(text, before.length + length), whole);
    memcpy(hash, whole, DECOY_HASH_SIZE);
}

int
decoy_batch_init(struct decoy_batch *b, struct evidence *e, const struct arguments *arguments,
                 const struct config_subject *subject)
{
    *b = (struct decoy_batch){.evidence = e, .arguments = arguments, .subject = subject};
    if (!e->has_secret) {
        complain("it is the file \"secret\" in the ledger's folder; run it as root, or as the "
                 "account that pasu guard runs as",
                 "the ledger's secret cannot be read");
        return 2;
    }
    return seal_init(&b->seal, e->secret) == 0 ? 0 : complain_error(PASU_E_CRYPTO, "decoy");
}

void
decoy_batch_release(struct decoy_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        memory_free(b->keys[i]);
    memory_free(b->keys);
    memory_free(b->items);
    seal_release(&b->seal);
    *b = (struct decoy_batch){0};
}

/* ---- what was planted ---- */

static int
make_room(struct decoy_batch *b)
{
    size_t space = b->space > 0 ? 2 * b->space : 32;
    struct payload_decoy *items;
    char **keys;

    if (b->count < b->space)
        return 0;
    items = memory_resize(b->items, space, sizeof(*items));
    if (items == NULL)
        return PASU_E_NOMEM;
    b->items = items;
    keys = memory_resize(b->keys, space, sizeof(*keys));
    if (keys == NULL)
        return PASU_E_NOMEM;
    b->keys = keys;
    b->space = space;
    return 0;
}

/* Its ordinal, if its key has one by now. 0, or the exit status. */
static int
find_ordinal(struct decoy_batch *b, size_t at)
{
    struct payload_decoy *item = &b->items[at];
    struct view text = view_of_text(b->keys[at]);
    size_t count = 0;
    int status = 0;

    if (!b->subject->is_sealed && key_is_ordinal(text, &item->ordinal))
        count = 1;
    else
        status = evidence_find_key(b->evidence, text, &item->ordinal, 1, &count);
    item->is_known = count > 0;
    if (!item->is_known)
        item->ordinal = 0;
    return status;
}

static int
add(struct decoy_batch *b, const char *key, const char *email, const char *phone)
{
    char form[DECOY_TEXT_SIZE];
    struct payload_decoy *item;
    int result = make_room(b);

    if (result != 0)
        return complain_error(result, "decoy");
    item = &b->items[b->count];
    *item = (struct payload_decoy){0};
    b->keys[b->count] = memory_new(strlen(key) + 1, 1);
    if (b->keys[b->count] == NULL)
        return complain_error(PASU_E_NOMEM, "decoy");
    memcpy(b->keys[b->count], key, strlen(key));
    seal_hash(&b->seal, view_of_text(key), item->key);
    decoy_email_form(form, email);
    decoy_value_hash(&b->seal, DECOY_EMAIL, form, item->values[DECOY_EMAIL]);
    decoy_phone_form(form, phone);
    decoy_value_hash(&b->seal, DECOY_PHONE, form, item->values[DECOY_PHONE]);
    b->count++;
    return find_ordinal(b, b->count - 1);
}

static const char *
text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));

    return text != NULL ? text : "";
}

int
decoy_batch_take(struct decoy_batch *b, const char *line, size_t length, unsigned number)
{
    json_t *json = json_loadb(line, length, 0, NULL);
    const char *key = text_of(json, "key");
    int status = 2;

    if (*key == '\0' || strlen(key) > SEAL_TEXT_MAX)
        complain("it is what the SQL of pasu decoy plant answers: run it with psql -qAtX",
                 "line %u is no person that was planted", number);
    else if (b->count == PLANTED_MAX)
        complain("", "there are more than %d", PLANTED_MAX);
    else
        status = add(b, key, text_of(json, "email"), text_of(json, "phone"));
    json_decref(json);
    return status;
}

/* ---- into the ledger ---- */

static void
fill(const struct decoy_batch *b, struct control_decoys *decoys, size_t from, size_t count)
{
    const char *const *values = b->arguments->values;
    const char *principal = values[OPTION_principal];

    *decoys = (struct control_decoys){.count = (uint32_t)count};
    snprintf(decoys->kind, sizeof(decoys->kind), "%s", b->subject->name);
    snprintf(decoys->principal, sizeof(decoys->principal), "%s", principal ? principal : "");
    snprintf(decoys->who, sizeof(decoys->who), "%s", values[OPTION_who]);
    snprintf(decoys->why, sizeof(decoys->why), "%s", values[OPTION_why]);
    memcpy(decoys->items, b->items + from, count * sizeof(b->items[0]));
}

/* The number of the set that was registered without a guard. */
static uint64_t
newest(struct evidence *e)
{
    uint64_t number = 0;

    memory_free(e->decoys);
    e->decoys = NULL;
    if (evidence_read_decoys(e) != 0 || e->decoys == NULL)
        return 0;
    for (size_t i = 0; i < e->decoys->count; i++)
        if (e->decoys->sets[i].head.number > number)
            number = e->decoys->sets[i].head.number;
    return number;
}

/* Keys can have got their numbers between our look and the registration: the keeper has not heard
 * of those. */
static int
look_again(struct decoy_batch *b, struct control_decoys *decoys, size_t from, uint64_t number)
{
    bool is_new = false;
    int status = 0;

    for (size_t i = 0; i < decoys->count && status == 0; i++) {
        if (b->items[from + i].is_known)
            continue;
        status = find_ordinal(b, from + i);
        is_new |= b->items[from + i].is_known != 0;
    }
    if (status != 0 || !is_new)
        return status;
    decoys->number = number;
    memcpy(decoys->items, b->items + from, decoys->count * sizeof(b->items[0]));
    return asked_plant(&b->evidence->ask, decoys, &number) == 0
               ? 0
               : complain_error(PASU_E_UNAVAILABLE, "a set is registered, and some of it is not "
                                                    "watched: retire it, and plant others");
}

static bool
are_all_known(const struct decoy_batch *b, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!b->items[from + i].is_known)
            return false;
    return true;
}

static void
print_set(const struct decoy_batch *b, uint64_t number, size_t count)
{
    struct json_out out = {.file = stdout};

    if (!arguments_given(b->arguments, OPTION_json)) {
        printf("set %" PRIu64 ": %zu decoy%s\n", number, count, count == 1 ? "" : "s");
        return;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "set", number);
    json_put_count(&out, "decoys", count);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static int
complain_plant(int error)
{
    if (error == PASU_E_RANGE) {
        complain("put those that are planted next into larger sets, or keep to fewer",
                 "there are %d sets, which is the most", DECOY_SETS_MAX);
        return 2;
    }
    return asked_complain(error, "the decoys are not registered");
}

static int
register_set(struct decoy_batch *b, size_t from, size_t count)
{
    struct control_decoys decoys;
    uint64_t number = 0;
    int result, status = 0;

    fill(b, &decoys, from, count);
    result = asked_plant(&b->evidence->ask, &decoys, &number);
    if (result != 0)
        return complain_plant(result);
    if (number == 0)
        number = newest(b->evidence);
    if (!are_all_known(b, from, count)) {
        result = ledger_flush(b->evidence->ask.path);
        (void)result; /* without a guard nothing comes meanwhile */
        evidence_forget_index(b->evidence);
        evidence_forget_keys(b->evidence);
        status = look_again(b, &decoys, from, number);
    }
    if (status == 0)
        print_set(b, number, count);
    return status;
}

int
decoy_batch_register(struct decoy_batch *b)
{
    int status = decoy_batch_check(b);

    for (size_t at = 0; at < b->count && status == 0; at += DECOY_SET_MAX) {
        size_t left = b->count - at;

        status = register_set(b, at, left < DECOY_SET_MAX ? left : DECOY_SET_MAX);
    }
    return status;
}

/* ---- from a file ---- */

static int
read_lines(struct decoy_batch *b, FILE *file)
{
    char *line = NULL;
    size_t space = 0;
    ssize_t length;
    unsigned number = 0;
    int status = 0;

    while (status == 0 && (length = getline(&line, &space, file)) >= 0) {
        number++;
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        if (length > 0)
            status = decoy_batch_take(b, line, (size_t)length, number);
    }
    free(line);
    if (status == 0 && ferror(file)) {
        complain("", "the file could not be read: %s", strerror(errno));
        status = 2;
    }
    return status;
}

int
decoy_register(struct evidence *e, const struct arguments *arguments)
{
    const char *name = arguments->operands[1];
    const struct config_subject *subject = decoy_subject(&e->ask, arguments);
    bool is_input = strcmp(name, "-") == 0;
    struct decoy_batch batch;
    FILE *file;
    int status;

    if (subject == NULL || !asked_has_reason(arguments))
        return 2;
    file = is_input ? stdin : fopen(name, "re");
    if (file == NULL) {
        complain("", "%s: %s", name, strerror(errno));
        return 2;
    }
    status = decoy_batch_init(&batch, e, arguments, subject);
    if (status == 0)
        status = read_lines(&batch, file);
    if (status == 0 && batch.count == 0) {
        complain("give it what the SQL of pasu decoy plant has answered",
                 "nobody was planted: the file is empty");
        status = 2;
    }
    if (status == 0)
        status = decoy_batch_register(&batch);
    decoy_batch_release(&batch);
    if (!is_input)
        fclose(file);
    return status;
}
