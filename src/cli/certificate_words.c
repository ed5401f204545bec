/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/certificate.h"

/* When a paragraph is said: all of its bits must hold. */
enum {
    ALWAYS = 0,
    IF_PROVEN = 1 << 0,
    IF_NOT_SHOWN = 1 << 1,
    IF_NUMBER = 1 << 2,    /* an ordinal is the key */
    IF_DIRECTORY = 1 << 3, /* an ordinal is one of the directory's */
    IF_UNPROVEN = 1 << 4,
    IF_SIGNED = 1 << 5,
    IF_UNSIGNED = 1 << 6,
    IF_OR_MORE = 1 << 7,
};

struct paragraph {
    unsigned when;
    const char *english, *korean;
};

static const struct paragraph paragraphs[] = {
    {ALWAYS,
     "This certificate says what the ledger named under \"origin\" records about one person. The "
     "ledger is a record of which personal data were shown to whom. A signed checkpoint covers "
     "its records: none of them can be changed, taken out or put in afterwards without being "
     "found out.",
     "이 증명서는 \"origin\"에 적힌 원장에 한 사람에 관하여 무엇이 기록되어 있는지를 밝힙니다. "
     "원장은 누구의 개인정보가 누구에게 보였는지를 적은 기록입니다. 모든 기록은 서명된 "
     "체크포인트로 묶여 있어, 나중에 고치거나 빼거나 끼워 넣으면 반드시 드러납니다."},
    {IF_PROVEN,
     "Each item under \"showings\" is one time that data of this person were shown (\"shown\"), or "
     "that this person was looked for and not found (\"missed\"): when, by whom, which fields, "
     "and how clearly. Each is proven: the entries, and the person's place in the list of that "
     "entry, lead to the signed checkpoint. Nobody else's data are in this document.",
     "\"showings\"의 각 항목은 이 사람의 개인정보가 보인 일(\"shown\") 또는 이 사람을 찾았으나 "
     "나오지 않은 일(\"missed\") 하나입니다. 언제, 누가, 어떤 항목을, 얼마나 분명하게 보았는지 "
     "적혀 있습니다. 각 항목은 증명되어 있습니다. 해당 기록과 그 명단에서 이 사람이 있는 자리가 "
     "서명된 체크포인트로 이어집니다. 이 문서에는 다른 사람의 정보가 들어 있지 않습니다."},
    {IF_OR_MORE,
     "The numbers under \"summary\" say at least how many times it was. Where the same is asked "
     "again "
     "within a second, in the same session, one record can be of several such times, and so can an "
     "item under \"showings\".",
     "\"summary\"의 횟수는 적어도 그만큼이라는 뜻입니다. 같은 접속에서 1초 안에 같은 조회가 "
     "되풀이되면 여러 번이 기록 하나에 함께 적힐 수 있으며, \"showings\"의 항목 하나도 그럴 수 "
     "있습니다."},
    {IF_NOT_SHOWN,
     "The ledger names no time at which data of this person were shown. This is not proven: no "
     "document can prove that something did not happen. It is the statement of whoever keeps the "
     "ledger, after reading all records below the number under \"records\".",
     "원장에는 이 사람의 개인정보가 보였다는 기록이 없습니다. 이것은 증명이 아닙니다. 어떤 "
     "문서도 일어나지 않은 일을 증명할 수는 없습니다. 이것은 원장을 관리하는 쪽이 \"records\"에 "
     "적힌 번호 앞까지의 모든 기록을 읽고 한 진술입니다."},
    {IF_NUMBER, "An \"ordinal\" that equals the person's key is the key itself.",
     "\"ordinal\"이 이 사람의 키와 같으면 그것이 곧 키입니다."},
    {IF_DIRECTORY,
     "An \"ordinal\" of 4026531840 or more is a number that the ledger gave to this key, in a "
     "sealed entry that only the keeper of the ledger can open. That the number stands for this "
     "key is their statement; an auditor who may see the ledger can check it.",
     "4026531840 이상의 \"ordinal\"은 원장이 이 키에 붙인 번호이며, 원장을 관리하는 쪽만 열 수 "
     "있는 봉인된 항목에 들어 있습니다. 그 번호가 이 키를 가리킨다는 것은 관리하는 쪽의 "
     "진술이며, 원장을 볼 수 있는 감사인이 확인할 수 있습니다."},
    {IF_UNPROVEN,
     "Items under \"unproven\" are recorded but not proven by this document; a later certificate "
     "can prove them.",
     "\"unproven\"의 항목은 기록되어 있으나 이 문서로는 증명되지 않습니다. 나중에 발급하는 "
     "증명서로 증명할 수 있습니다."},
    {ALWAYS,
     "What this document cannot say is under \"completeness\": times that were not recorded, "
     "records that are damaged, and under \"possible\" how many statements could not name "
     "everybody they showed. This person may be among those.",
     "이 문서가 말할 수 없는 것은 \"completeness\"에 있습니다. 기록되지 않은 시간과 손상된 "
     "기록이 적혀 있고, \"possible\"은 누구를 보여 주었는지 모두 밝히지 못한 조회의 수입니다. 이 "
     "사람이 그 가운데 있을 수 있습니다."},
    {IF_SIGNED,
     "The whole document is signed with the ledger's key. To check it: tools/verify-ledger "
     "--certificate FILE --key VERIFIER_KEY. Take the verifier's key from somewhere else than this "
     "document, for example from where it was published.",
     "문서 전체가 원장의 키로 서명되어 있습니다. 확인 방법: tools/verify-ledger --certificate "
     "파일 --key 검증키. 검증키는 이 문서가 아니라 공표된 곳 등 다른 곳에서 구하십시오."},
    {IF_UNSIGNED,
     "The document as a whole is not signed, because the ledger's keeper did not run: only what is "
     "under \"showings\" can be checked, with tools/verify-ledger --certificate FILE --key "
     "VERIFIER_KEY. All else is the word of whoever gave it to you.",
     "원장 관리 프로그램이 실행되고 있지 않아 문서 전체에는 서명이 없습니다. \"showings\"의 "
     "내용만 tools/verify-ledger --certificate 파일 --key 검증키로 확인할 수 있고, 나머지는 이 "
     "문서를 건네준 쪽의 말입니다."},
};

static unsigned
conditions_of(const struct certificate *c)
{
    unsigned holds = c->is_signed ? IF_SIGNED : IF_UNSIGNED;

    holds |= c->proven > 0 ? IF_PROVEN : 0;
    holds |= c->unproven > 0 ? IF_UNPROVEN : 0;
    holds |= c->subject->or_more ? IF_OR_MORE : 0;
    holds |= c->subject->shown == 0 ? IF_NOT_SHOWN : 0;
    for (size_t i = 0; i < c->subject->ordinal_count; i++)
        holds |= c->subject->ordinals[i] < KEY_ORDINAL_FIRST ? IF_NUMBER : IF_DIRECTORY;
    return holds;
}

void
certificate_put_words(const struct certificate *c, struct json_out *out)
{
    unsigned holds = conditions_of(c);

    json_put_open(out, "explanation", '{');
    for (int language = 0; language < 2; language++) {
        json_put_open(out, language == 0 ? "en" : "ko", '[');
        for (size_t i = 0; i < COUNT_OF(paragraphs); i++)
            if ((paragraphs[i].when & ~holds) == 0)
                json_out_text(out, language == 0 ? paragraphs[i].english : paragraphs[i].korean);
        json_out_close(out, ']');
    }
    json_out_close(out, '}');
}
