/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_page.h"

#include "cli/html.h"
#include "cli/report_part.h"

#include <inttypes.h>

struct row {
    const char *law, *label;
    report_row_fn *put;  /* NULL: what only the controller can say, */
    enum notice_own own; /* which is this */
};

static const char *const names[REPORT_FORMS] = {"pipc", "gdpr", "8k"};

static const char *const titles[REPORT_FORMS] = {
    "개인정보 유출등 신고서", "Notification of a personal data breach (GDPR art. 33)",
    "Fact sheet: material cybersecurity incident (Form 8-K, Item 1.05)"};

/* PIPA art. 34(1), (4); Enforcement Decree art. 40. */
static const struct row pipc[] = {
    {"", "개인정보처리자", NULL, OWN_NAME},
    {"시행령 제40조", "유출등을 알게 된 시점", report_known, OWNS},
    {"", "인지 경위", report_detected, OWNS},
    {"법 제34조제1항제1호", "유출등이 된 개인정보의 항목과 규모(항목별 정보주체 수)", report_fields,
     OWNS},
    {"", "정보주체 수", report_persons, OWNS},
    {"", "정보주체의 유형별 수", report_kinds, OWNS},
    {"", "조회 건수", report_views, OWNS},
    {"", "조회되지 않은 것으로 확인된 항목", report_absent, OWNS},
    {"", "기록의 완전성", report_complete, OWNS},
    {"법 제34조제1항제2호", "유출등이 된 시점", report_period, OWNS},
    {"법 제34조제1항제2호", "유출등의 경위", NULL, OWN_PATH},
    {"시행령 제40조제1항제2호", "민감정보 또는 고유식별정보의 유출등 여부", NULL, OWNS},
    {"시행령 제40조제1항제3호", "외부로부터의 불법적인 접근에 의한 것인지 여부", NULL, OWNS},
    {"법 제34조제1항제3호·제4호", "대응조치 및 피해 최소화 방법", NULL, OWN_MEASURES},
    {"법 제34조제1항제4호", "피해 구제절차", NULL, OWN_REMEDY},
    {"법 제34조제1항제5호", "담당부서 및 연락처", NULL, OWN_CONTACT},
    {"법 제34조제1항", "정보주체에 대한 통지", report_told, OWNS},
    {"시행령 제40조제2항", "규모 판단의 변경 이력", report_versions, OWNS},
    {"", "법정 기한", report_deadlines, OWNS},
};

static const struct row gdpr[] = {
    {"", "Controller", NULL, OWN_NAME},
    {"art. 33(1)", "Aware since", report_known, OWNS},
    {"art. 33(1)", "Reasons for a delay beyond 72 hours", report_delay, OWNS},
    {"art. 33(3)(a)", "Nature of the breach", NULL, OWN_PATH},
    {"", "How it was detected", report_detected, OWNS},
    {"art. 33(3)(a)", "Approximate number of data subjects", report_persons, OWNS},
    {"art. 33(3)(a)", "Categories of data subjects, and their numbers", report_kinds, OWNS},
    {"art. 33(3)(a)", "Categories of data, and numbers of data subjects for each", report_fields,
     OWNS},
    {"art. 33(3)(a)", "Approximate number of records: statements that asked for them", report_views,
     OWNS},
    {"", "Categories that were watched and not shown", report_absent, OWNS},
    {"", "What the record lacks", report_complete, OWNS},
    {"", "Period", report_period, OWNS},
    {"art. 33(3)(b)", "Contact point", NULL, OWN_CONTACT},
    {"art. 33(3)(c)", "Likely consequences", NULL, OWN_MORE},
    {"art. 33(3)(d)", "Measures taken", NULL, OWN_MEASURES},
    {"art. 33(3)(d)", "Measures to mitigate effects for data subjects", NULL, OWN_REMEDY},
    {"art. 34", "Communication to data subjects", report_told, OWNS},
    {"", "Member States of the data subjects", NULL, OWNS},
    {"art. 33(4)", "What was known before", report_versions, OWNS},
    {"", "Deadlines", report_deadlines, OWNS},
};

static const struct row form_8k[] = {
    {"", "Registrant", NULL, OWN_NAME},
    {"Item 1.05(a)", "Materiality determined", report_material, OWNS},
    {"Item 1.05(a)", "Discovered", report_known, OWNS},
    {"", "How it was detected", report_detected, OWNS},
    {"Item 1.05(a)", "Nature", NULL, OWN_PATH},
    {"Item 1.05(a)", "Scope: persons", report_persons, OWNS},
    {"Item 1.05(a)", "Scope: kinds of persons", report_kinds, OWNS},
    {"Item 1.05(a)", "Scope: data", report_fields, OWNS},
    {"", "Scope: statements", report_views, OWNS},
    {"", "Data that was watched and not shown", report_absent, OWNS},
    {"", "What the record lacks", report_complete, OWNS},
    {"Item 1.05(a)", "Timing", report_period, OWNS},
    {"Item 1.05(a)", "Material impact, or reasonably likely material impact", NULL, OWNS},
    {"", "Response", NULL, OWN_MEASURES},
    {"Instruction 2 to Item 1.05", "What was known before; amend within four business days",
     report_versions, OWNS},
    {"", "Deadlines", report_deadlines, OWNS},
};

bool
report_form_of(enum report_form *form, const char *name)
{
    for (unsigned f = 0; f < REPORT_FORMS; f++)
        if (strcmp(names[f], name) == 0) {
            *form = (enum report_form)f;
            return true;
        }
    return false;
}

const char *
report_form_text(enum report_form form)
{
    return names[form];
}

static void
put_source(FILE *file, const struct report *r)
{
    const char *root = json_string_value(json_object_get(r->version.more, "root"));

    fputs("<p class=\"dim\">", file);
    html_text(file, report_word(r, "서명된 원장에서 작성. 작성 시점: ",
                                "Made from the signed ledger, as of "));
    html_local_time(file, r->now);
    fputs(". ", file);
    if (r->version.event)
        html_format(file, "span",
                    report_word(r, "규모 판단 %u차: 원장 기록 %" PRIu64 "건, 트리 루트 %s. ",
                                "Version %u of the scope: %" PRIu64
                                " records, root of the tree %s. "),
                    r->version.number, r->version.event->body.about, root ? root : "?");
    html_text(file, report_word(
                        r,
                        "수치 아래의 명령은 같은 기록에서 같은 수치를 다시 얻습니다. 조회된 것이 "
                        "곧 제3자가 보관한 것은 아니며, 이 원장이 증명하는 것은 조회된 사실입니다.",
                        "The command below a number gets it again from the same records. What is "
                        "proven is that "
                        "data was shown, not what somebody has kept of it."));
    fputs("</p>\n", file);
}

void
report_page(FILE *file, struct report *r)
{
    static const struct {
        const struct row *rows;
        size_t count;
    } forms[REPORT_FORMS] = {
        {pipc, COUNT_OF(pipc)}, {gdpr, COUNT_OF(gdpr)}, {form_8k, COUNT_OF(form_8k)}};

    html_begin(file, report_word(r, "ko", "en"), titles[r->form]);
    put_source(file, r);
    fputs("<table>\n", file);
    for (size_t i = 0; i < forms[r->form].count; i++) {
        const struct row *row = &forms[r->form].rows[i];

        fputs("<tr><th scope=\"row\">", file);
        html_text(file, row->label);
        if (row->law[0] != '\0') {
            fputs("<br>", file);
            html_tag(file, "small class=\"dim\"", row->law);
        }
        fputs("</th><td>", file);
        if (row->put)
            row->put(file, r);
        else
            report_own(file, r, row->own);
        fputs("</td></tr>\n", file);
    }
    fputs("</table>\n", file);
    html_end(file);
}
