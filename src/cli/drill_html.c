/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture of a drill. For each scenario two charts: how many persons were shown over the time,
 * without controls and with all of them; and, on a scale of powers of ten, how many were shown
 * until each control noticed. Then the table.
 */
#include "base/log.h"
#include "base/os.h"
#include "cli/drill_view.h"
#include "cli/html.h"
#include "cli/text.h"

#include <math.h>

enum {
    WIDTH = 720,
    HEIGHT = 180,
    RIGHT = 90, /* room for the numbers */
    LABEL = 110,
    BAR = 18,
    NUMBER = 32,
    TIME = 40,
};

static const char style[] =
    "<style>:root{--mark:#1f5fae}@media(prefers-color-scheme:dark){:root{--mark:#7db3ff}}"
    "h3{margin:1.6rem 0 .2rem}svg{display:block;max-width:100%;height:auto}"
    "svg text{fill:var(--dim);font-size:11px}.axis{stroke:var(--line)}"
    ".curve{fill:none;stroke:var(--mark);stroke-width:2}.bar{fill:var(--mark)}"
    ".harm{fill:none;stroke:var(--bad);stroke-width:2}.worst{fill:var(--bad)}"
    "td.n,th.n{text-align:right}td.n,td:first-child{white-space:nowrap}"
    "th small{display:block;word-break:keep-all}</style>\n";

struct page {
    FILE *file;
    const struct drill *drill;
    const char *config; /* NULL: the usual one */
};

static void
put_count(struct page *p, uint64_t n)
{
    char text[NUMBER];

    text_count(text, sizeof(text), n);
    fputs(text, p->file);
}

static void
put_time(struct page *p, int64_t time)
{
    char text[TIME];

    log_time_text(text, sizeof(text), time);
    fprintf(p->file, "%.10s %.5sZ", text, text + 11);
}

/* ---- persons over the time ---- */

static double
height_of(const struct drill_scenario *s, uint64_t persons)
{
    uint64_t most = s->cells[DRILL_NONE].shown;

    return HEIGHT - (double)persons / (double)(most > 0 ? most : 1) * (HEIGHT - 8);
}

static double
place_of(size_t part)
{
    return 1 + (double)part / DRILL_CURVE * (WIDTH - RIGHT - 2);
}

/* Up to the notice as without; then nobody more. */
static void
put_with(struct page *p, const struct drill_scenario *s)
{
    const struct drill_cell *all = &s->cells[DRILL_ALL];
    int64_t span = s->ends - s->begins;
    double at =
        all->is_noticed && span > 0 ? (double)all->after / (double)span * (WIDTH - RIGHT - 2) : 0;
    double height = height_of(s, all->shown);

    if (!all->is_noticed)
        return;
    fprintf(p->file, "<path class=\"curve\" d=\"M1 %d L%.1f %.1f H%d\"/><text x=\"%d\" y=\"%.1f\">",
            HEIGHT, 1 + at, height, WIDTH - RIGHT, WIDTH - RIGHT + 6, height < 34 ? 34 : height);
    put_count(p, all->shown);
    fputs("</text>", p->file);
}

static void
put_curves(struct page *p, const struct drill_scenario *s)
{
    fprintf(p->file,
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" width=\"%d\"><title>persons shown over the "
            "time, without controls and with all</title><path class=\"axis\" fill=\"none\" "
            "d=\"M1 8V%dH%d\"/><path class=\"harm\" d=\"M1 %d",
            WIDTH, HEIGHT + 24, WIDTH, HEIGHT, WIDTH - RIGHT, HEIGHT);
    for (size_t i = 0; i < DRILL_CURVE; i++)
        fprintf(p->file, "L%.1f %.1f", place_of(i + 1), height_of(s, s->curve[i]));
    fprintf(p->file, "\"/><text x=\"%d\" y=\"14\">", WIDTH - RIGHT + 6);
    put_count(p, s->cells[DRILL_NONE].shown);
    fputs("</text>", p->file);
    put_with(p, s);
    fprintf(p->file, "<text x=\"1\" y=\"%d\">", HEIGHT + 16);
    put_time(p, s->begins);
    fprintf(p->file, "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - RIGHT,
            HEIGHT + 16);
    put_time(p, s->ends);
    fputs("</text></svg>\n", p->file);
}

/* ---- persons by control ---- */

static void
put_bars(struct page *p, const struct drill_scenario *s)
{
    double most = log10((double)s->cells[DRILL_NONE].shown + 1);

    fprintf(p->file,
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" width=\"%d\"><title>persons shown until each "
            "control noticed, on a scale of powers of ten</title>",
            WIDTH, DRILL_CELLS * BAR + 4, WIDTH);
    for (int i = 0; i < DRILL_CELLS; i++) {
        const struct drill_cell *cell = &s->cells[i];
        double length = most > 0 ? log10((double)cell->shown + 1) / most : 0;

        fprintf(p->file,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text><rect class=\"%s\" x=\"%d\" "
                "y=\"%d\" width=\"%.1f\" height=\"%d\"/><text x=\"%.1f\" y=\"%d\">",
                LABEL - 8, i * BAR + 14, drill_cell_name((size_t)i),
                cell->is_noticed ? "bar" : "worst", LABEL, i * BAR + 4,
                1 + length * (WIDTH - LABEL - RIGHT), BAR - 6,
                LABEL + 7 + length * (WIDTH - LABEL - RIGHT), i * BAR + 14);
        put_count(p, cell->shown);
        fputs("</text>", p->file);
    }
    fputs("</svg>\n", p->file);
}

/* ---- the table ---- */

static void
put_row(struct page *p, const struct drill_cell *cell, size_t at)
{
    char after[DRILL_TEXT], known[DRILL_TEXT];

    drill_after_text(after, cell);
    drill_known_text(known, cell);
    fprintf(p->file, "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">", drill_cell_name(at),
            after);
    put_count(p, cell->shown);
    fprintf(p->file, "</td><td class=\"n\">%s</td><td>", known);
    html_text(p->file, drill_cell_by(cell, at));
    if (cell->why[0] != '\0') {
        fputs("<br><small>", p->file);
        html_text(p->file, cell->why);
        fputs("</small>", p->file);
    }
    fputs("</td></tr>\n", p->file);
}

static void
put_scenario(struct page *p, const struct drill_scenario *s)
{
    html_tag(p->file, "h3", s->title);
    fputs("\n<p>", p->file);
    html_text(p->file, s->text);
    fputs(".</p>\n<p class=\"dim\">Red: without any control <span lang=\"ko\">(통제가 없을 때)"
          "</span>. Blue: with all of them <span lang=\"ko\">(모든 통제가 있을 때)</span>.</p>\n",
          p->file);
    put_curves(p, s);
    fputs("<p class=\"dim\">Persons shown until each control alone noticed; each step is ten times "
          "as many. Red: it never did. <span lang=\"ko\">각 통제가 알아챌 때까지 노출된 사람 수 "
          "(로그 눈금)</span></p>\n",
          p->file);
    put_bars(p, s);
    fputs(
        "<table><tr><th>control <small lang=\"ko\">통제</small></th><th class=\"n\">noticed "
        "<small lang=\"ko\">인지</small></th><th class=\"n\">persons shown <small "
        "lang=\"ko\">노출 인원</small></th><th class=\"n\">scope known in <small "
        "lang=\"ko\">범위 확정</small></th><th>by <small lang=\"ko\">무엇으로</small></th></tr>\n",
        p->file);
    for (size_t i = 0; i < DRILL_CELLS; i++)
        put_row(p, &s->cells[i], i);
    fputs("</table>\n", p->file);
}

static void
put_page(FILE *file, const void *arg)
{
    struct page page = *(const struct page *)arg;

    page.file = file;
    html_begin(file, "en", "pasu drill");
    fputs(style, file);
    fputs("<p lang=\"ko\">모의 유출 훈련: 다시 재현한 유출</p>\n", file);
    html_tag(file, "p", page.config != NULL ? page.config : "a usual configuration");
    html_tag(file, "p", drill_played);
    for (size_t i = 0; i < page.drill->count; i++)
        put_scenario(&page, &page.drill->scenarios[i]);
    html_end(file);
}

int
drill_save_html(const char *path, const struct drill *drill, const char *config_path)
{
    const struct page page = {.drill = drill, .config = config_path};

    return html_save(path, "html", put_page, &page);
}
