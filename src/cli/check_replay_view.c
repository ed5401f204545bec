/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_replay.h"

#include "base/log.h"
#include "cli/scope_view.h"
#include "cli/text.h"
#include "config/key.h"
#include "policy/condition.h"

#include <inttypes.h>

enum { TIME_SIZE = 32, NUMBER_SIZE = 32, NAME_TEXT = NAME_SIZE * 4 + 1, LINE_SIZE = 512 };

static const char not_held[] =
    "Judged is what the ledger holds: a statement that showed nobody, and of which nothing was to "
    "be said, is not in it. What was stopped then showed nobody, and is in no budget's window. "
    "What a statement could have shown besides what it did is not recorded.";

/* What a record lacks, for people. */
static const char *const reasons[] = {
    [REPLAY_LACKS_VERBS] = "an earlier version recorded it, without its verbs",
    [REPLAY_LACKS_COUNTRY] = "the country was not recorded with the session",
    [REPLAY_LACKS_ASN] = "the network was not recorded with the session",
    [REPLAY_LACKS_FIELDS] = "what it could have shown is not recorded",
    [REPLAY_LACKS_USE] = "whether it was run before, showing nobody, is not recorded",
    [REPLAY_LACKS_SOURCE] = "where the address was that the application gave is not recorded",
};

static void
verdict_text(char *text, size_t size, enum config_verdict verdict)
{
    struct view word = condition_word(config_key_at(KEY_rules_verdict)->allowed, (size_t)verdict);

    snprintf(text, size, "%.*s", (int)word.length, (const char *)word.bytes);
}

static const char *
session_text(enum config_session session)
{
    return session == CONFIG_SESSION_CLOSE ? "close" : "keep";
}

/* ---- JSON ---- */

static void
put_interval(struct json_out *out, const char *key, uint64_t at_least, uint64_t at_most)
{
    json_put_open(out, key, '{');
    json_put_count(out, "at_least", at_least);
    json_put_count(out, "at_most", at_most);
    json_out_close(out, '}');
}

static void
put_persons(struct json_out *out, const struct replay *r, const struct replay_outcome *o)
{
    json_put_open(out, "persons", '{');
    for (size_t k = 0; k < r->kinds.count; k++) {
        uint64_t at_least, at_most;

        replay_persons(o, k, &at_least, &at_most);
        if (at_most > 0)
            put_interval(out, r->kinds.names[k], at_least, at_most);
    }
    json_out_close(out, '}');
}

static void
put_then(struct json_out *out, const char *key, const uint64_t then[REPLAY_VERDICTS])
{
    json_put_open(out, key, '{');
    for (unsigned v = 0; v < REPLAY_VERDICTS; v++)
        if (then[v] > 0)
            json_put_count(out, exposure_verdict_text((enum verdict)v), then[v]);
    json_out_close(out, '}');
}

static void
put_examples(struct json_out *out, const struct replay_outcome *o)
{
    json_put_open(out, "examples", '[');
    for (size_t i = 0; i < o->example_count; i++) {
        json_out_open(out, '{');
        json_put_count(out, "seq", o->examples[i].seq);
        json_put_time(out, "time", o->examples[i].time);
        json_put_text(out, "principal", o->examples[i].principal);
        json_out_key(out, "certain");
        json_out_bool(out, o->examples[i].is_sure);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void
put_outcome(struct json_out *out, const struct replay *r, const struct replay_outcome *o)
{
    put_interval(out, "statements", o->statements[true], o->statements[false]);
    put_persons(out, r, o);
    json_put_open(out, "principals", '[');
    for (size_t i = 0; i < o->principals.count; i++)
        json_out_text(out, o->principals.items[i]);
    json_out_close(out, ']');
    json_put_time(out, "first", o->first);
    json_put_time(out, "last", o->last);
    put_then(out, "then", o->then[false]);
    put_examples(out, o);
    json_put_open(out, "not_held", '{');
    for (unsigned lack = 0; lack < REPLAY_LACKS; lack++)
        if (o->lacks[lack] > 0)
            json_put_count(out, replay_lack_text((enum replay_lack)lack), o->lacks[lack]);
    json_out_close(out, '}');
}

static void
put_rule(struct json_out *out, const struct replay *r, size_t index)
{
    const struct config_rule *rule = &r->config->rules[index];
    char verdict[16];

    verdict_text(verdict, sizeof(verdict), rule->verdict);
    json_out_open(out, '{');
    json_put_text(out, "name", rule->name);
    json_put_count(out, "line", rule->line);
    json_put_text(out, "verdict", verdict);
    json_put_text(out, "session", session_text(rule->session));
    json_out_key(out, "shadow");
    json_out_bool(out, rule->shadow);
    put_outcome(out, r, replay_rule(r, index));
    json_out_close(out, '}');
}

static void
put_budget(struct json_out *out, const struct replay *r, size_t index)
{
    const struct config_budget *budget = &r->config->budgets[index];
    char verdict[16], name[EXPOSURE_TEXT_MAX];

    verdict_text(verdict, sizeof(verdict), budget->verdict);
    budget_rule_text(name, budget);
    json_out_open(out, '{');
    json_put_text(out, "name", name);
    json_put_count(out, "line", budget->line);
    json_put_text(out, "verdict", verdict);
    json_put_text(out, "session", session_text(budget->session));
    json_put_count(out, "alerts", replay_budget(r, index)->alerts);
    put_outcome(out, r, replay_budget(r, index));
    json_out_close(out, '}');
}

void
replay_view_json(FILE *file, const struct evidence *e, const struct replay *r)
{
    const struct replay_outcome *stopped = replay_stopped(r);
    struct json_out out = {.file = file};

    json_out_open(&out, '{');
    json_put_time(&out, "from", r->from);
    json_put_time(&out, "to", r->to);
    json_put_count(&out, "statements", r->statements);
    put_then(&out, "then", r->then);
    json_put_open(&out, "stopped", '{');
    put_outcome(&out, r, stopped);
    json_out_close(&out, '}');
    json_put_open(&out, "rules", '[');
    for (size_t i = 0; i < r->config->rule_count; i++)
        put_rule(&out, r, i);
    json_out_close(&out, ']');
    json_put_open(&out, "budgets", '[');
    for (size_t i = 0; i < r->config->budget_count; i++)
        put_budget(&out, r, i);
    json_out_close(&out, ']');
    json_put_open(&out, "completeness", '{');
    scope_put_gaps(&out, &e->selection);
    json_put_count(&out, "untestable", r->untestable);
    json_out_close(&out, '}');
    json_put_text(&out, "note", not_held);
    json_out_close(&out, '}');
    json_out_end(&out);
}

/* ---- a page ---- */

static void
print_interval(FILE *file, uint64_t at_least, uint64_t at_most)
{
    char least[NUMBER_SIZE], most[NUMBER_SIZE];

    text_count(least, sizeof(least), at_least);
    text_count(most, sizeof(most), at_most);
    if (at_least == at_most)
        fputs(most, file);
    else
        fprintf(file, "%s to %s", least, most);
}

static void
print_then(FILE *file, const uint64_t then[REPLAY_VERDICTS])
{
    const char *before = "";

    for (unsigned v = 0; v < REPLAY_VERDICTS; v++) {
        char count[NUMBER_SIZE];

        if (then[v] == 0)
            continue;
        text_count(count, sizeof(count), then[v]);
        fprintf(file, "%s%s %s", before, exposure_verdict_text((enum verdict)v), count);
        before = ", ";
    }
}

static void
print_names(FILE *file, const struct name_set *names)
{
    enum { NAMES_SHOWN = 8 };

    for (size_t i = 0; i < names->count && i < NAMES_SHOWN; i++) {
        char name[NAME_TEXT];

        text_escape(name, sizeof(name), view_of_text(names->items[i]));
        fprintf(file, "%s%s", i > 0 ? ", " : "", name);
    }
    if (names->count > NAMES_SHOWN)
        fprintf(file, " and %zu more", names->count - NAMES_SHOWN);
}

static void
print_persons(FILE *file, const struct replay *r, const struct replay_outcome *o)
{
    const char *label = "  persons     ";

    for (size_t k = 0; k < r->kinds.count; k++) {
        uint64_t at_least, at_most;
        char name[NAME_TEXT];

        replay_persons(o, k, &at_least, &at_most);
        if (at_most == 0)
            continue;
        text_escape(name, sizeof(name), view_of_text(r->kinds.names[k]));
        fprintf(file, "%s%s: ", label, name);
        print_interval(file, at_least, at_most);
        fputc('\n', file);
        label = "              ";
    }
}

static void
print_outcome(FILE *file, const struct replay *r, const struct replay_outcome *o)
{
    char first[TIME_SIZE], last[TIME_SIZE];

    fputs("  statements  ", file);
    print_interval(file, o->statements[true], o->statements[false]);
    fputs("; then: ", file);
    print_then(file, o->then[false]);
    fputc('\n', file);
    print_persons(file, r, o);
    fputs("  principals  ", file);
    print_names(file, &o->principals);
    log_time_text(first, sizeof(first), o->first);
    log_time_text(last, sizeof(last), o->last);
    fprintf(file, "\n  from, to    %s, %s\n  records     ", first, last);
    for (size_t i = 0; i < o->example_count; i++)
        fprintf(file, "%s%" PRIu64 "%s", i > 0 ? ", " : "", o->examples[i].seq,
                o->examples[i].is_sure ? "" : " (perhaps)");
    fputc('\n', file);
    for (unsigned lack = 0; lack < REPLAY_LACKS; lack++)
        if (o->lacks[lack] > 0)
            fprintf(file, "  undecided   %" PRIu64 " record%s: %s\n", o->lacks[lack],
                    o->lacks[lack] == 1 ? "" : "s", reasons[lack]);
}

static void
print_one(FILE *file, const struct replay *r, const struct replay_outcome *o, const char *name,
          uint32_t line, enum config_verdict verdict, enum config_session session)
{
    char escaped[NAME_TEXT], word[16];

    text_escape(escaped, sizeof(escaped), view_of_text(name));
    verdict_text(word, sizeof(word), verdict);
    fprintf(file, "\n%s (line %u): %s%s\n", escaped, (unsigned)line, word,
            session == CONFIG_SESSION_CLOSE ? ", and the session ends" : "");
    if (o->statements[false] == 0)
        fputs("  nothing\n", file);
    else
        print_outcome(file, r, o);
    if (o->alerts > 0)
        fprintf(file, "  alerts      %" PRIu64 "\n", o->alerts);
}

void
replay_view_page(FILE *file, const struct evidence *e, const struct replay *r)
{
    const struct replay_outcome *stopped = replay_stopped(r);
    const struct gaps *gaps = &e->book->gaps;
    char from[TIME_SIZE] = "the beginning", to[TIME_SIZE] = "now", count[NUMBER_SIZE];

    if (r->from > 0)
        log_time_text(from, sizeof(from), r->from);
    if (r->to > 0)
        log_time_text(to, sizeof(to), r->to);
    text_count(count, sizeof(count), r->statements);
    fprintf(file, "from %s to %s\n%s statement%s judged; then: ", from, to, count,
            r->statements == 1 ? "" : "s");
    print_then(file, r->then);
    fprintf(file, "%s\n\nwould be stopped, held or masked\n", r->statements > 0 ? "" : "none");
    if (stopped->statements[false] == 0)
        fputs("  nothing\n", file);
    else
        print_outcome(file, r, stopped);
    for (size_t i = 0; i < r->config->rule_count; i++) {
        const struct config_rule *rule = &r->config->rules[i];
        char name[LINE_SIZE];

        snprintf(name, sizeof(name), "%srule %.63s", rule->shadow ? "shadow " : "", rule->name);
        print_one(file, r, replay_rule(r, i), name, rule->line, rule->verdict, rule->session);
    }
    for (size_t i = 0; i < r->config->budget_count; i++) {
        const struct config_budget *budget = &r->config->budgets[i];
        char name[EXPOSURE_TEXT_MAX];

        budget_rule_text(name, budget);
        print_one(file, r, replay_budget(r, i), name, budget->line, budget->verdict,
                  budget->session);
    }
    fputs("\ncompleteness\n", file);
    for (size_t g = 0; g < gaps->count; g++)
        if (gap_concerns(&gaps->items[g], r->from, r->to))
            scope_view_gap(file, gaps, &gaps->items[g]);
    if (r->untestable > 0)
        fprintf(file, "  %" PRIu64 " statement%s of sessions that nobody recorded %s not judged\n",
                r->untestable, r->untestable == 1 ? "" : "s", r->untestable == 1 ? "is" : "are");
    text_wrap(file, not_held, 2, 80);
}
