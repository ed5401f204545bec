/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a database in MaxMind's format, for tests. */
#ifndef PASU_TEST_MMDB_MADE_H
#define PASU_TEST_MMDB_MADE_H

#include "base/bytes.h"

enum { TYPE_TEXT = 2, TYPE_U16 = 5, TYPE_U32 = 6, TYPE_MAP = 7, TYPE_U64 = 9, TYPE_LIST = 11 };

static void
put_head(struct writer *w, unsigned type, size_t size)
{
    writer_u8(w, (uint8_t)(type < 8 ? type << 5 | size : size));
    if (type >= 8)
        writer_u8(w, (uint8_t)(type - 7));
}

static void
put_text(struct writer *w, const char *text)
{
    put_head(w, TYPE_TEXT, strlen(text));
    writer_bytes(w, text, strlen(text));
}

static void
put_number(struct writer *w, unsigned type, uint64_t number)
{
    size_t size = type == TYPE_U16 ? 2 : type == TYPE_U32 ? 4 : 8;

    put_head(w, type, size);
    for (size_t i = size; i-- > 0;)
        writer_u8(w, (uint8_t)(number >> 8 * i));
}

/* What stands behind a tree of records of 24 bits, and its values. */
static void
put_about(struct writer *w, uint32_t nodes, uint16_t ip_version)
{
    writer_bytes(w, "\xab\xcd\xefMaxMind.com", 14);
    put_head(w, TYPE_MAP, 9);
    put_text(w, "node_count");
    put_number(w, TYPE_U32, nodes);
    put_text(w, "record_size");
    put_number(w, TYPE_U16, 24);
    put_text(w, "ip_version");
    put_number(w, TYPE_U16, ip_version);
    put_text(w, "database_type");
    put_text(w, "Test");
    put_text(w, "languages");
    put_head(w, TYPE_LIST, 0);
    put_text(w, "binary_format_major_version");
    put_number(w, TYPE_U16, 2);
    put_text(w, "binary_format_minor_version");
    put_number(w, TYPE_U16, 0);
    put_text(w, "build_epoch");
    put_number(w, TYPE_U64, 1767225600);
    put_text(w, "description");
    put_head(w, TYPE_MAP, 0);
}

#endif
