/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture of a drill. For each scenario two charts: how many persons were shown over the time,
 * without controls and with all of them; and, on a scale of powers of ten, how many were shown
 * until each control noticed. Then the table.
 */
#include "base/os.h"
#include "cli/drill_view.h"
#include "cli/html.h"

#include <math.h>

enum {
    WIDTH = 720,
    HEIGHT = 180,
    RIGHT = 90, /* room for the numbers */
    LABEL = 110,
    BAR = 18,
};

struct page {
    FILE *file;
    const struct drill *drill;
    const char *config; /* NULL: the usual one */
};

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
    html_count(p->file, all->shown);
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
    html_count(p->file, s->cells[DRILL_NONE].shown);
    fputs("</text>", p->file);
    put_with(p, s);
    fprintf(p->file, "<text x=\"1\" y=\"%d\">", HEIGHT + 16);
    html_time(p->file, s->begins);
    fprintf(p->file, "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - RIGHT,
            HEIGHT + 16);
    html_time(p->file, s->ends);
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
        html_count(p->file, cell->shown);
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
    html_count(p->file, cell->shown);
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
    fputs("<h3>", p->file);
    html_text(p->file, s->title);
    fputs("</h3>\n<p>", p->file);
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
put_page(FILE *file, void *arg)
{
    struct page *p = arg;

    p->file = file;
    html_head(file, "pasu drill");
    fputs("<h1>pasu drill <small lang=\"ko\">모의 유출 훈련</small></h1>\n<p>", file);
    html_text(file, p->config != NULL ? p->config : "a usual configuration");
    fputs("</p>\n<p class=\"dim\">", file);
    html_text(file, drill_played);
    fputs("</p>\n", file);
    html_title(file, "Breaches, told again", "다시 재현한 유출");
    for (size_t i = 0; i < p->drill->count; i++)
        put_scenario(p, &p->drill->scenarios[i]);
    fputs("</body></html>\n", file);
}

int
drill_save_html(const char *path, const struct drill *drill, const char *config_path)
{
    struct page page = {.drill = drill, .config = config_path};

    return html_save(path, put_page, &page);
}
