/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text in a zip archive, as it comes, in pieces of any length and bounded memory: a workbook
 * (.xlsx, .ods) as the text of its XML, and whatever has a name that text has (.csv, .sql, …).
 *
 *      xl/sharedStrings.xml    <si><t>kim@x.kr</t></si>                 →  kim@x.kr \n
 *      xl/worksheets/1.xml     <c t="n"><v>1012345678</v></c></row>     →  1012345678 \t \n
 *                              <c t="s"><v>17</v></c>                   →  nothing: a number of a
 * text people.csv              as it is
 *
 * Read from the front by what stands before each file, not by the directory at the end. Other
 * files, archives in it, too, are passed over. XML with a document type, which could define
 * entities, ends the reading, as does a tag that is longer than ARCHIVE_TOKEN_MAX. Bytes are
 * hostile. One thread.
 *
 * Source: APPNOTE.TXT 6.3.3 (PKWARE), ECMA-376 part 1, 18.3 and 18.4.
 */
#ifndef PASU_SCAN_ARCHIVE_H
#define PASU_SCAN_ARCHIVE_H

#include "base/bytes.h"

enum { ARCHIVE_TOKEN_MAX = 1 << 20 };

/* Text. 0, or an error that ends the reading. */
typedef int archive_fn(void *arg, struct view text);

struct archive;

bool archive_is(struct view head);
/* PASU_E_NOMEM. */
PASU_MUST_USE int archive_new(struct archive **archive, archive_fn *fn, void *arg);
void archive_free(struct archive *archive); /* NULL is allowed */
/* The next bytes. PASU_E_CORRUPT: what came before holds; PASU_E_DENIED: a file in it is encrypted;
 * PASU_E_NOMEM; what `fn` returned. Nothing more is to be given then. */
PASU_MUST_USE int archive_take(struct archive *archive, struct view bytes);
/* How many files of it were passed over so far; 0 of a workbook, where that says nothing. */
uint64_t archive_passed(const struct archive *archive);
/* No more come. PASU_E_CORRUPT: it is cut off; PASU_E_NOTFOUND: it has no text that is read. */
PASU_MUST_USE int archive_end(struct archive *archive);

#endif
