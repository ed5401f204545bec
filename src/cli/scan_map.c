/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan_map.h"

#include "cli/text.h"

#include <math.h>
#include <string.h>

enum { TILE = 22, COLUMNS = 35, ROWS = 19, NUMBER = 32, STEPS = 4 };

/* Between them the signs of a tile can be read, on light and on dark. */
#define FAINTEST 0.12
#define DARKEST  0.62

struct tile {
    char code[3];
    uint8_t column, row;
    const char *name;
};

static const struct tile tiles[] = {
#define X(code, column, row, name) {#code, column, row, name},
#include "cli/world.def"
#undef X
};

const char scan_map_style[] = ".tile{fill:var(--mark)}.land{fill:none;stroke:var(--line)}"
                              "svg .on{fill:var(--ink);font-size:10px}"
                              "svg .off{font-size:10px}";

static uint16_t
country_of(const struct tile *tile)
{
    return (uint16_t)((unsigned char)tile->code[0] << 8 | (unsigned char)tile->code[1]);
}

static const struct chart_place *
place_of(const struct chart *chart, uint16_t country)
{
    for (size_t i = 0; i < chart->place_count; i++)
        if (chart->places[i].country == country)
            return &chart->places[i];
    return NULL;
}

/* Each ten times as many are as much darker. */
static double
opacity_of(uint64_t persons, uint64_t most)
{
    double part = most > 1 ? log((double)persons) / log((double)most) : 1;

    return FAINTEST + (DARKEST - FAINTEST) * (persons > 0 ? part : 0);
}

static void
put_persons(FILE *file, const struct chart_place *place)
{
    char least[NUMBER], most[NUMBER];

    text_count(least, sizeof(least), place->at_least);
    text_count(most, sizeof(most), place->at_most);
    if (place->is_more)
        fprintf(file, "at least %s persons", least);
    else if (place->at_least < place->at_most)
        fprintf(file, "%s to %s persons", least, most);
    else
        fprintf(file, "%s person%s", most, place->at_most == 1 ? "" : "s");
}

static void
put_tile(FILE *file, const struct tile *tile, const struct chart_place *place, uint64_t most)
{
    int x = tile->column * TILE, y = tile->row * TILE;

    if (place == NULL) {
        fprintf(file,
                "<g aria-hidden=\"true\"><rect class=\"land\" x=\"%d\" y=\"%d\" width=\"%d\" "
                "height=\"%d\"/><text class=\"off\" x=\"%d\" y=\"%d\" "
                "text-anchor=\"middle\">%s</text><title>%s</title></g>\n",
                x + 1, y + 1, TILE - 2, TILE - 2, x + TILE / 2, y + 15, tile->code, tile->name);
        return;
    }
    fprintf(file, "<g role=\"listitem\" aria-label=\"%s (%s): ", tile->name, tile->code);
    put_persons(file, place);
    fprintf(file, "\"><title>%s (%s): ", tile->name, tile->code);
    put_persons(file, place);
    fprintf(file,
            "</title><rect class=\"land\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/><rect "
            "class=\"tile\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" opacity=\"%.2f\"/><text "
            "class=\"on\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text></g>\n",
            x + 1, y + 1, TILE - 2, TILE - 2, x + 1, y + 1, TILE - 2, TILE - 2,
            opacity_of(place->at_most, most), x + TILE / 2, y + 15, tile->code);
}

static bool
has_tile(uint16_t country)
{
    for (size_t i = 0; i < COUNT_OF(tiles); i++)
        if (country_of(&tiles[i]) == country)
            return true;
    return false;
}

/* Codes are of two letters, or of a database that says what it likes. */
static void
put_code(FILE *file, uint16_t country)
{
    char code[3] = {(char)(country >> 8), (char)(country & 0xff), '\0'};

    for (size_t i = 0; i < 2; i++)
        if (!((code[i] >= 'A' && code[i] <= 'Z') || (code[i] >= '0' && code[i] <= '9')))
            code[i] = '?';
    fputs(country == 0 ? "unknown" : code, file);
}

static void
put_beside(FILE *file, const struct chart *chart)
{
    const char *before = "<p class=\"beside\">Beside the map: ";

    for (size_t i = 0; i < chart->place_count; i++) {
        if (has_tile(chart->places[i].country))
            continue;
        fputs(before, file);
        put_code(file, chart->places[i].country);
        fputs(" ", file);
        put_persons(file, &chart->places[i]);
        before = ", ";
    }
    if (before[0] != '<')
        fputs("</p>\n", file);
}

/* How dark how many persons are: at both ends, and between. */
static void
put_legend(FILE *file, uint64_t most)
{
    char text[NUMBER];

    fputs("<p class=\"dim\">", file);
    for (unsigned i = 0; i <= STEPS; i++)
        fprintf(file,
                "<svg class=\"key\" width=\"12\" height=\"12\" aria-hidden=\"true\"><rect "
                "class=\"tile\" width=\"11\" height=\"11\" opacity=\"%.2f\"/></svg> ",
                FAINTEST + (DARKEST - FAINTEST) * i / STEPS);
    text_count(text, sizeof(text), most);
    fprintf(file, "from 1 to %s persons, by their logarithm; framed: none</p>\n", text);
}

void
scan_map_put(FILE *file, const struct chart *chart)
{
    uint64_t most = 1;

    for (size_t i = 0; i < chart->place_count; i++)
        if (has_tile(chart->places[i].country) && chart->places[i].at_most > most)
            most = chart->places[i].at_most;
    put_legend(file, most);
    fprintf(file,
            "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"list\" aria-label=\"map: persons "
            "shown, by country\">\n",
            COLUMNS * TILE, ROWS * TILE, COLUMNS * TILE);
    for (size_t i = 0; i < COUNT_OF(tiles); i++)
        put_tile(file, &tiles[i], place_of(chart, country_of(&tiles[i])), most);
    fputs("</svg>\n", file);
    put_beside(file, chart);
}
