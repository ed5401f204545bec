/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of notices, from YAML that a lawyer can correct (contrib/incident/notices.yaml says
 * what its keys mean): what fields are called and what to do when they have leaked, the classes of
 * risk by combinations of fields, and for each notice its paragraphs, in Korean and English.
 */
#ifndef PASU_CLI_NOTICE_TEXTS_H
#define PASU_CLI_NOTICE_TEXTS_H

#include "config/fault.h"
#include "config/store.h"
#include "policy/roster.h"

enum notice_language { NOTICE_KO, NOTICE_EN, NOTICE_LANGUAGES };
enum notice_kind {
    NOTICE_NONE,
    NOTICE_LEAK,
    NOTICE_ADDITION,
    NOTICE_POSSIBLE,
    NOTICE_RETRACTION,
    NOTICE_KINDS
};
/* How a field was shown: perhaps none of its values was, or it had none. */
enum notice_clarity { SHOWN_NULL, SHOWN_MAYBE, SHOWN_MASKED, SHOWN_CLEAR, NOTICE_CLARITIES };
enum notice_own { OWN_NAME, OWN_CONTACT, OWN_PATH, OWN_MEASURES, OWN_REMEDY, OWN_MORE, OWNS };
enum { NOTICE_PARAGRAPHS_MAX = 32, NOTICE_RISK_FIELDS_MAX = 16, NOTICE_PRINCIPALS = 4 };

struct notice_field {
    const char *field; /* as the configuration calls it */
    const char *name[NOTICE_LANGUAGES], *advice[NOTICE_LANGUAGES];
};

struct notice_risk {
    const char *class;
    const char *text[NOTICE_LANGUAGES];
    const char *fields[NOTICE_RISK_FIELDS_MAX];
    size_t count;
};

struct notice_form {
    const char *subject;
    const char *paragraphs[NOTICE_PARAGRAPHS_MAX];
    size_t count;
};

struct notice_texts {
    const char *own[OWNS][NOTICE_LANGUAGES]; /* of the controller; "" where it is not filled in */
    struct notice_field *fields;
    size_t field_count;
    const char *other[NOTICE_LANGUAGES]; /* advice */
    const char *clarity[NOTICE_CLARITIES][NOTICE_LANGUAGES];
    struct notice_risk *risks;
    size_t risk_count;
    const char *by[NOTICE_PRINCIPALS][NOTICE_LANGUAGES]; /* by enum principal_kind */
    const char *rights[NOTICE_LANGUAGES];
    struct notice_form forms[NOTICE_KINDS][NOTICE_LANGUAGES];
    struct store store;
};

/* "leak", "addition", "possible", "retraction"; "none". */
const char *notice_kind_text(enum notice_kind kind);
/* "none", "maybe", "masked", "clear". */
extern const char *const notice_clarities[NOTICE_CLARITIES];
extern const char *const notice_languages[NOTICE_LANGUAGES];

/* PASU_E_CONFIG with faults, PASU_E_NOMEM. Release it in any case. */
PASU_MUST_USE int notice_texts_parse(struct notice_texts *texts, struct view text, const char *path,
                                     struct config_faults *faults);
void notice_texts_release(struct notice_texts *texts);
/* NULL: it is not listed. */
const struct notice_field *notice_texts_field(const struct notice_texts *texts, const char *field);
/* Which of the controller's own must be filled in for a notice, and is not: its key; NULL: none. */
const char *notice_texts_missing(const struct notice_texts *texts);

#endif
