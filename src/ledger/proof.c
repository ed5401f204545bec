/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/proof.h"

#include "base/base64.h"

#define FIRST_LINE  "c2sp.org/tlog-proof@v1"
#define EXTRA_WORD  "extra "
#define INDEX_WORD  "index "
#define NUMBER_SIZE sizeof("18446744073709551615")

static bool
is_checkpoint(struct view v)
{
    return v.length > 0 && v.bytes[0] != '\n';
}

/* ---- base64 of any length: pieces that are whole groups, together one text ---- */

static void
write_base64(struct writer *w, struct view bytes)
{
    for (size_t at = 0; at < bytes.length; at += BASE64_BYTES_MAX) {
        size_t left = bytes.length - at;

        base64_write(w, bytes.bytes + at, left < BASE64_BYTES_MAX ? left : BASE64_BYTES_MAX);
    }
}

/* Into `bytes`, or, where that is NULL, to see whether it is canonical. How many bytes, or
 * PASU_E_MALFORMED, or PASU_E_RANGE where they are more than `size`. */
static ssize_t
read_base64(struct view text, uint8_t *bytes, size_t size)
{
    uint8_t piece[BASE64_BYTES_MAX];
    size_t total = 0;

    for (size_t at = 0; at < text.length; at += BASE64_TEXT_MAX) {
        size_t left = text.length - at;
        bool is_last = left <= BASE64_TEXT_MAX;
        int n = base64_read(piece, sizeof(piece),
                            view_of(text.bytes + at, is_last ? left : BASE64_TEXT_MAX));

        if (n < 0)
            return n;
        if (!is_last && n != BASE64_BYTES_MAX) /* padding in the middle */
            return PASU_E_MALFORMED;
        if (bytes && (size_t)n > size - total)
            return PASU_E_RANGE;
        if (bytes)
            memcpy(bytes + total, piece, (size_t)n);
        total += (size_t)n;
    }
    return (ssize_t)total;
}

/* ---- writing ---- */

static void
write_text(struct writer *w, const char *text)
{
    writer_bytes(w, text, strlen(text));
}

int
proof_write(struct writer *w, uint64_t index, const struct tree_hash *hashes, size_t count,
            struct view extra, struct view checkpoint)
{
    char number[NUMBER_SIZE];

    if (count > PROOF_HASHES_MAX)
        return PASU_E_RANGE;
    if (!is_checkpoint(checkpoint))
        return PASU_E_MALFORMED;
    write_text(w, FIRST_LINE "\n");
    if (extra.length > 0) {
        write_text(w, EXTRA_WORD);
        write_base64(w, extra);
        write_text(w, "\n");
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)index);
    write_text(w, INDEX_WORD);
    write_text(w, number);
    write_text(w, "\n");
    for (size_t i = 0; i < count; i++) {
        base64_write(w, hashes[i].bytes, TREE_HASH_SIZE);
        write_text(w, "\n");
    }
    write_text(w, "\n");
    writer_bytes(w, checkpoint.bytes, checkpoint.length);
    return 0;
}

/* ---- reading ---- */

/* Up to the newline, which is consumed; failure where there is none. */
static struct view
read_line(struct reader *r)
{
    const uint8_t *newline = NULL;
    struct view line;

    if (reader_left(r) > 0)
        newline = memchr(r->at, '\n', reader_left(r));
    if (!newline) {
        r->failed = true;
        return view_of(r->at, 0);
    }
    line = reader_bytes(r, (size_t)(newline - r->at));
    r->at++;
    return line;
}

/* Whether the line begins with the word; then *rest is what follows. */
static bool
take_word(struct view line, const char *word, struct view *rest)
{
    size_t length = strlen(word);

    if (line.length < length || memcmp(line.bytes, word, length) != 0)
        return false;
    *rest = view_of(line.bytes + length, line.length - length);
    return true;
}

/* Digits only, no leading zero, below 2^64. */
static bool
read_number(struct view text, uint64_t *number)
{
    *number = 0;
    if (text.length == 0 || (text.bytes[0] == '0' && text.length > 1))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned)text.bytes[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, digit, number))
            return false;
    }
    return true;
}

static bool
read_hash(struct view line, struct tree_hash *hash)
{
    return base64_read(hash->bytes, TREE_HASH_SIZE, line) == TREE_HASH_SIZE;
}

static bool
parse(struct proof *p, struct reader *r)
{
    struct view line, rest;

    if (!view_equal(read_line(r), VIEW(FIRST_LINE)))
        return false;
    line = read_line(r);
    if (take_word(line, EXTRA_WORD, &p->extra)) {
        if (read_base64(p->extra, NULL, 0) <= 0)
            return false;
        line = read_line(r);
    }
    if (!take_word(line, INDEX_WORD, &rest) || !read_number(rest, &p->index))
        return false;
    for (line = read_line(r); line.length > 0; line = read_line(r))
        if (p->count == PROOF_HASHES_MAX || !read_hash(line, &p->hashes[p->count++]))
            return false;
    p->checkpoint = reader_bytes(r, reader_left(r));
    return is_checkpoint(p->checkpoint);
}

int
proof_parse(struct proof *p, struct view text)
{
    struct reader r = reader_of(text);

    *p = (struct proof){0};
    if (parse(p, &r))
        return 0;
    *p = (struct proof){0};
    return PASU_E_MALFORMED;
}

ssize_t
proof_extra(const struct proof *p, uint8_t *bytes, size_t size)
{
    return read_base64(p->extra, bytes, size);
}
