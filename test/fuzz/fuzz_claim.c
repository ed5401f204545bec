/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text, or the head of a connection, says of whom it is for: claims that anybody can make.
 * Each is cut to what a record has room for, of UTF-8 without control characters; and nobody
 * guesses a signature.
 */
#include "base/utf8.h"
#include "config/load.h"
#include "gate/proxy_header.h"
#include "gate/source_claim.h"
#include "postgres/claim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static const struct config *
signing(void)
{
    static char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    static const char *names[] = {"sqlcommenter"};
    static struct config config;

    config.sources.claimed_from.items = names;
    config.sources.claimed_from.count = 1;
    config.sources.claim_key_file.path = "key";
    config.sources.claim_key_file.bytes = view_of(key, strlen(key));
    config.sources.claim_age = INT64_MAX;
    return &config;
}

static void
check_text(const char *text, size_t size)
{
    struct view rest = view_of(text, strnlen(text, size));
    uint32_t character;

    must(rest.length < size);
    for (size_t n; rest.length > 0; rest = view_of(rest.bytes + n, rest.length - n)) {
        n = utf8_first(rest, &character);
        must(n > 0 && character >= ' ' && character != 0x7f);
    }
}

static void
check_source(const char *text)
{
    struct source_claim claim;

    source_claim_read(&claim, text, signing(), 0);
    must(!claim.is_signed);
    check_text(claim.text, sizeof(claim.text));
    must((text[0] == '\0') == (claim.text[0] == '\0'));
    must((claim.address.length == 0) == (claim.text[0] == '\0' || strcmp(claim.text, "?") == 0));
}

static void
check_claim(struct view text)
{
    struct claim claim;

    must(claim_at(text) <= text.length);
    if (!claim_read(&claim, text))
        return;
    check_text(claim.actor, sizeof(claim.actor));
    check_text(claim.purpose, sizeof(claim.purpose));
    check_text(claim.source, sizeof(claim.source));
    must(claim.purpose[strspn(claim.purpose, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_.:/#-")] == '\0');
    check_source(claim.source);
}

static void
check_header(struct view bytes)
{
    struct address address = {0};
    int length;

    if (bytes.length < PROXY_FIXED_LENGTH)
        return;
    length = proxy_header_length(bytes.bytes);
    if (length < 0)
        return;
    must(length >= PROXY_FIXED_LENGTH && length <= PROXY_LENGTH_MAX);
    if ((size_t)length <= bytes.length &&
        proxy_header_parse(&address, view_of(bytes.bytes, (size_t)length)) == 0) {
        char text[64];

        address_text(text, sizeof(text), &address);
        must(strlen(text) < sizeof(text));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = view_of(data, size);
    char text[CLAIM_SOURCE_MAX];

    check_claim(bytes);
    text_from_view(text, sizeof(text), bytes);
    check_source(text);
    claim_put(text, sizeof(text), bytes);
    check_text(text, sizeof(text));
    check_header(bytes);
    return 0;
}
