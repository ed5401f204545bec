/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page that pasu made (cli/html.h) as PDF: WeasyPrint, a program of its own, lays it out. It gets
 * the page on standard input, loads nothing else (the page names nothing), and has no environment
 * but where programs are.
 */
#ifndef PASU_CLI_PDF_H
#define PASU_CLI_PDF_H

#include "base/bytes.h"
#include "cli/hashed_out.h"

/* Writes a new file, for this account alone, once all of it is made, and says its SHA-256. Takes a
 * second or two, for very many rows minutes. 0, or the exit status, after a complaint; there is no
 * file then. SIGCHLD is not ignored any more. */
PASU_MUST_USE int pdf_save(const char *path, struct view page, char digest[HASHED_TEXT_SIZE]);

#endif
