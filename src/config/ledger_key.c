/* SPDX-License-Identifier: Apache-2.0 */
#include "config/ledger_key.h"

#include "base/memory.h"
#include "config/file.h"
#include "config/holder.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <sys/stat.h>

enum { DIGITS = 2 * LEDGER_KEY_SIZE };

int
ledger_key_parse(struct view contents, uint8_t key[LEDGER_KEY_SIZE])
{
    char text[DIGITS + 1] = {0};
    size_t length = 0;
    bool is_good;

    if (contents.length == 0)
        return PASU_E_NOTFOUND;
    if (contents.length == LEDGER_KEY_SIZE) {
        memcpy(key, contents.bytes, LEDGER_KEY_SIZE);
        return 0;
    }
    if (contents.length > 0 && contents.bytes[contents.length - 1] == '\n')
        contents.length--;
    if (contents.length > 0 && contents.bytes[contents.length - 1] == '\r')
        contents.length--;
    if (contents.length != DIGITS)
        return PASU_E_MALFORMED;
    memcpy(text, contents.bytes, DIGITS);
    is_good = OPENSSL_hexstr2buf_ex(key, LEDGER_KEY_SIZE, &length, text, '\0') == 1 &&
              length == LEDGER_KEY_SIZE;
    memory_wipe(text, sizeof(text));
    return is_good ? 0 : PASU_E_MALFORMED;
}

/* ---- loading ---- */

PASU_PRINTF(5, 6)
static void
complain(struct config *config, struct config_faults *faults, size_t index, const char *hint,
         const char *format, ...)
{
    const struct config_file *file = &config->ledger.keys[index];
    char label[40] = "ledger.key_file", text[256];
    va_list arguments;

    if (config->ledger.key_count > 1)
        snprintf(label, sizeof(label), "ledger.key_file[%zu]", index);
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    config_fault_add(faults, config->path, file->line, file->column, hint, "%s: %s %s", label,
                     file->path, text);
}

static bool
is_another(const struct config *config, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (view_equal(config->ledger.keys[i].bytes, config->ledger.keys[index].bytes))
            return false;
    return true;
}

static void
load_key(struct config *config, struct config_faults *faults, size_t index)
{
    struct config_file *key = &config->ledger.keys[index];
    uint8_t bytes[LEDGER_KEY_SIZE];
    struct file content;
    int r;

    if (key->path == NULL) /* its fault has been told: config_look */
        return;
    r = file_read(&content, &holder_of(config)->store, key->path, CONFIG_FILE_SIZE_MAX);
    if (r == PASU_E_NOMEM)
        return;
    if (r != 0) {
        complain(config, faults, index, content.hint, "cannot be read: %s", content.error);
        return;
    }
    key->bytes = content.bytes;
    if ((content.mode & (S_IRWXG | S_IRWXO)) != 0)
        complain(config, faults, index, "take the right away from others: chmod 600 FILE",
                 "can be read or written by others (its mode is %04o)", (unsigned)content.mode);
    if (ledger_key_parse(content.bytes, bytes) != 0)
        complain(config, faults, index, "make one: openssl rand -hex 32 >FILE",
                 "is no key: neither 32 bytes nor 64 hex digits");
    else if (!is_another(config, index))
        complain(config, faults, index, "leave one of them out",
                 "is the same key as one before it");
    memory_wipe(bytes, sizeof(bytes));
    /* Whoever has a copy of the folder would have the key. */
    if (config->ledger.directory && file_is_below(key->path, config->ledger.directory))
        complain(config, faults, index, "keep the key apart from what it encrypts",
                 "is in the ledger's own folder");
}

void
ledger_keys_load(struct config *config, struct config_faults *faults)
{
    for (size_t i = 0; i < config->ledger.key_count; i++)
        load_key(config, faults, i);
}
