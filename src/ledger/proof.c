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
        base64_write(w, extra.bytes, extra.length);
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
        if (base64_read(NULL, 0, p->extra) <= 0)
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
    ssize_t length = base64_read(NULL, 0, p->extra);

    if (!bytes || length < 0)
        return length;
    return (size_t)length > size ? PASU_E_RANGE : base64_read(bytes, size, p->extra);
}
