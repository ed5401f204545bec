/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/incident_whole.h"

#include "cli/html.h"

enum { SAID_SIZE = 512 };

static long long
count_of(const json_t *more, const char *name)
{
    const json_t *value = json_object_get(more, name);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

void
incident_whole_of(struct incident_whole *whole, const struct incidents *incidents,
                  const struct incident_event *version)
{
    struct scope_version found = {0};

    *whole = (struct incident_whole){-1, -1, -1, -1};
    if (!scope_version_at(&found, incidents, version->body.number, version->index))
        return;
    whole->gaps = count_of(found.more, "gaps");
    whole->damaged = count_of(found.more, "damaged");
    whole->unattributed = count_of(found.more, "unattributed");
    whole->unrecorded = count_of(found.more, "unrecorded");
    json_decref(found.more);
}

/* "2, of which 1 damaged" */
static void
gaps_text(char *text, size_t size, const struct incident_whole *w)
{
    if (w->gaps < 0)
        snprintf(text, size, "not recorded");
    else if (w->gaps == 0)
        snprintf(text, size, "none");
    else if (w->damaged < 0)
        snprintf(text, size, "%lld, damaged places not told apart", w->gaps);
    else
        snprintf(text, size, "%lld, of which %lld damaged", w->gaps, w->damaged);
}

void
incident_whole_line(FILE *file, const struct incident_whole *w)
{
    char text[SAID_SIZE];

    gaps_text(text, sizeof(text), w);
    if (w->gaps != 0)
        fprintf(file, "    gaps of the record: %s\n", text);
    if (w->unattributed > 0)
        fprintf(file, "    statements of nobody known: %lld\n", w->unattributed);
    if (w->unrecorded > 0)
        fprintf(file, "    sessions that are not recorded: %lld\n", w->unrecorded);
}

void
incident_whole_cell(FILE *file, const struct incident_whole *w)
{
    char text[SAID_SIZE];

    gaps_text(text, sizeof(text), w);
    html_tag(file, w->gaps == 0 ? "td" : "td class=\"bad\"", text);
}

/* One after the other, in both languages. */
static void
say(FILE *file, bool is_page, bool is_bad, const char *en, const char *ko)
{
    const char *tag = is_bad ? "p class=\"bad\"" : "p";

    if (!is_page) {
        fprintf(file, "  %s\n  %s\n", en, ko);
        return;
    }
    html_tag(file, tag, en);
    html_tag(file, is_bad ? "p class=\"bad\" lang=\"ko\"" : "p lang=\"ko\"", ko);
}

static void
say_gaps(FILE *file, const struct incident_whole *w, bool is_page)
{
    char en[SAID_SIZE], ko[SAID_SIZE];

    if (w->gaps < 0) {
        say(file, is_page, true,
            "How many gaps the record had was not recorded with the last version. Ask again: pasu "
            "incident scope.",
            "마지막 버전에는 기록 공백의 수가 남아 있지 않습니다. 다시 조회하십시오: pasu incident "
            "scope.");
        return;
    }
    if (w->gaps == 0) {
        say(file, is_page, false,
            "No gap of the record that is known of concerns the last version, and no damaged place "
            "of the ledger.",
            "마지막 버전과 관련하여 알려진 기록 공백과 원장의 손상된 위치는 없습니다.");
        return;
    }
    snprintf(en, sizeof(en),
             "What was shown in %lld gap%s of the record is not in the numbers of the last "
             "version: persons can be missing.",
             w->gaps, w->gaps == 1 ? "" : "s");
    snprintf(ko, sizeof(ko),
             "마지막 버전의 인원수에는 기록 공백 %lld곳에서 조회된 내용이 포함되어 있지 않습니다. "
             "누락된 정보주체가 있을 수 있습니다.",
             w->gaps);
    say(file, is_page, true, en, ko);
    if (w->damaged <= 0)
        return;
    snprintf(en, sizeof(en),
             "Of these, %lld %s where the ledger is damaged (pasu ledger verify says "
             "where; a backup of the ledger may be whole there).",
             w->damaged, w->damaged == 1 ? "is a place" : "are places");
    snprintf(
        ko, sizeof(ko),
        "그중 %lld곳은 원장의 기록이 손상된 위치입니다(위치는 pasu ledger verify로 확인; 원장의 "
        "백업에 온전한 기록이 있을 수 있습니다).",
        w->damaged);
    say(file, is_page, true, en, ko);
}

static void
say_unknown(FILE *file, const struct incident_whole *w, bool is_page)
{
    long long statements = w->unattributed > 0 ? w->unattributed : 0;
    long long sessions = w->unrecorded > 0 ? w->unrecorded : 0;
    char en[SAID_SIZE], ko[SAID_SIZE];

    if (statements == 0 && sessions == 0)
        return;
    snprintf(en, sizeof(en),
             "Statements of nobody known: %lld; sessions that are not recorded: %lld.", statements,
             sessions);
    snprintf(ko, sizeof(ko), "조회자를 알 수 없는 조회: %lld건, 기록되지 않은 접속: %lld건.",
             statements, sessions);
    say(file, is_page, true, en, ko);
}

void
incident_whole_say(FILE *file, const struct incidents *incidents, const struct incident_whole *last,
                   bool is_page)
{
    if (last) {
        say_gaps(file, last, is_page);
        say_unknown(file, last, is_page);
    } else {
        say(file, is_page, false, "Nobody has asked for the scope yet.",
            "유출 범위를 아직 조회하지 않았습니다.");
    }
    if (incidents->is_damaged)
        say(file, is_page, true,
            "Records of the ledger since the incident was opened are damaged: something of the "
            "incident may be missing on this page (pasu ledger verify says where).",
            "사고 등록 이후의 원장 기록 일부가 손상되어 이 페이지에 누락된 사항이 있을 수 "
            "있습니다(위치는 pasu ledger verify로 확인).");
}
