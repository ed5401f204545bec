/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A notice as a mailer takes it: one line of JSON, or of CSV, with the whole text in Korean and
 * English. Every sentence about the person is made of the notice's fields, which are the ledger's;
 * everything else is the lawyer's (notice_texts.h).
 */
#ifndef PASU_CLI_NOTICE_WRITE_H
#define PASU_CLI_NOTICE_WRITE_H

#include "cli/key_list.h"
#include "cli/notice_set.h"

/* One column of what a contact query gave. */
struct notice_contact {
    const char *name, *value; /* value NULL: it has none */
};

struct notice_writer {
    FILE *file;
    bool is_csv;
    const struct notice_set *set;
    const struct notice_texts *texts;
    const struct roster *roster;
    uint64_t incident;
    uint64_t counts[NOTICE_KINDS]; /* of those that were written; */
    uint64_t unreached;            /* of them, without a contact */
};

/* The line of CSV that names the columns; nothing for JSON. */
void notice_begin(struct notice_writer *writer);
/* Writes it; `key` is the person's, `contacts` what is known of how to reach them. PASU_E_NOMEM,
 * PASU_E_CRYPTO. */
PASU_MUST_USE int notice_write(struct notice_writer *writer, const struct notice *notice,
                               const char *key, enum key_form form,
                               const struct notice_contact *contacts, size_t contact_count);
/* The class of risk, of the fields that were shown in full. */
const struct notice_risk *notice_risk_of(const struct notice_writer *writer,
                                         const struct notice *notice);

#endif
