/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml.h"

#include "config/yaml_text.h"

#include <libfyaml.h>

struct level {
    struct yaml_node *node;
    const struct yaml_node *key; /* of a map: read, its value comes next */
};

struct builder {
    struct view text;
    struct store *store;
    const char *path;
    struct config_faults *faults;
    struct yaml_node *root;
    struct level levels[YAML_DEPTH_MAX];
    size_t depth;
    size_t nodes;
    size_t documents;
};

struct place {
    uint32_t line, column;
};

static struct place
place_of_mark(const struct fy_mark *mark)
{
    return mark != NULL && mark->line >= 0 && mark->column >= 0
               ? (struct place){(uint32_t)mark->line + 1, (uint32_t)mark->column + 1}
               : (struct place){0, 0};
}

/* Where the event begins; what has no mark of its own stands where its key does, or its map. */
static struct place
place_of(const struct builder *b, struct fy_event *event)
{
    struct place place = place_of_mark(fy_event_start_mark(event));
    const struct level *level = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;

    if (place.line > 0)
        return place;
    if (level != NULL && level->key != NULL)
        return (struct place){level->key->line, level->key->column};
    return level != NULL ? (struct place){level->node->line, level->node->column} : place;
}

PASU_PRINTF(4, 5)
static void
complain(struct builder *b, struct place place, const char *hint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    config_fault_add_list(b->faults, b->path, place.line, place.column, hint, format, arguments);
    va_end(arguments);
}

static struct yaml_node *
node_new(struct builder *b, struct place place, enum yaml_kind kind)
{
    struct yaml_node *node = store_new(b->store, 1, sizeof(*node));

    if (node != NULL) {
        node->kind = kind;
        node->line = place.line;
        node->column = place.column;
    }
    return node;
}

/* Puts a node where it belongs: the root, an item, a key or a key's value. */
static void
attach(struct builder *b, struct yaml_node *node)
{
    struct level *level = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;

    if (level == NULL) {
        b->root = node;
        return;
    }
    if (level->node->kind == YAML_MAP) {
        if (level->key == NULL) {
            level->key = node;
            return;
        }
        node->key = level->key;
        level->key = NULL;
    }
    if (level->node->first == NULL)
        level->node->first = node;
    else
        level->node->last->next = node;
    level->node->last = node;
    level->node->count++;
}

static bool
is_key_next(const struct builder *b)
{
    return b->depth > 0 && b->levels[b->depth - 1].node->kind == YAML_MAP &&
           b->levels[b->depth - 1].key == NULL;
}

/* The bytes that a token takes in the file; its text is never more than twice as long. */
static size_t
raw_length(struct fy_token *token)
{
    const struct fy_mark *start = fy_token_start_mark(token), *end = fy_token_end_mark(token);

    return start != NULL && end != NULL && end->input_pos > start->input_pos
               ? end->input_pos - start->input_pos
               : 0;
}

static bool
is_null(const char *text, size_t length)
{
    return length == 0 || (length == 1 && text[0] == '~') ||
           (length == 4 && memcmp(text, "null", 4) == 0);
}

/*
 * The text of a single-quoted scalar on one line, read here: libfyaml 0.7.12 gets those wrong in
 * which one doubled quote follows another. NULL where it is not on one line, or without memory.
 */
static const char *
single_quoted(struct builder *b, struct fy_token *token)
{
    const struct fy_mark *start = fy_token_start_mark(token);
    size_t length = raw_length(token), used = 0;
    const char *raw;
    char *text;

    if (start == NULL || start->input_pos > b->text.length ||
        length > b->text.length - start->input_pos)
        return NULL;
    raw = (const char *)b->text.bytes + start->input_pos;
    if (memchr(raw, '\n', length) != NULL)
        return NULL;
    text = store_new(b->store, length + 1, 1);
    for (size_t i = 0; text != NULL && i < length; i++) {
        text[used++] = raw[i];
        if (raw[i] == '\'' && i + 1 < length && raw[i + 1] == '\'')
            i++;
    }
    return text;
}

static void
fill_scalar(struct builder *b, struct yaml_node *node, struct fy_token *token)
{
    static const char *const one_line = "write the value on one line";
    struct place place = {node->line, node->column};
    enum fy_scalar_style style = fy_scalar_token_get_style(token);
    size_t length = 0;
    const char *text;

    node->kind = YAML_BAD;
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && node->column > 1)
        node->column = --place.column; /* the mark is behind the quote */
    if (style == FYSS_LITERAL || style == FYSS_FOLDED) {
        if (b->depth > 0 && b->levels[b->depth - 1].key != NULL)
            place = (struct place){b->levels[b->depth - 1].key->line,
                                   b->levels[b->depth - 1].key->column};
        complain(b, place, one_line, "a block text (| or >) is not used here");
        return;
    }
    if (raw_length(token) > YAML_TEXT_MAX) {
        complain(b, place, "shorten it", "a value is longer than %d bytes", YAML_TEXT_MAX);
        return;
    }
    if (style == FYSS_SINGLE_QUOTED) {
        text = single_quoted(b, token);
        length = text != NULL ? strlen(text) : 0;
    } else {
        text = fy_token_get_text(token, &length);
    }
    if (style == FYSS_PLAIN && (text == NULL || is_null(text, length))) {
        node->kind = YAML_EMPTY;
        return;
    }
    if (text == NULL || yaml_text_has_controls(view_of(text, length))) {
        complain(b, place, one_line,
                 text == NULL ? "a value is on several lines"
                              : "a value has a control character in it");
        return;
    }
    node->text = store_dup(b->store, view_of(text, length));
    if (node->text != NULL)
        node->kind = YAML_TEXT;
}

/* Faults of what is written before a node: its anchor and its tag. */
static void
refuse_properties(struct builder *b, struct fy_event *event)
{
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);
    struct place place = place_of_mark(anchor != NULL ? fy_token_start_mark(anchor) : NULL);

    if (place.column > 1)
        place.column--; /* the mark is behind the & */
    if (anchor != NULL && event->type != FYET_ALIAS)
        complain(b, place, "write the value in each place; a text that begins with & needs quotes",
                 "an anchor (&) is not allowed");
    if (tag != NULL)
        complain(b, place_of_mark(fy_token_start_mark(tag)),
                 "leave it out; a text that begins with ! needs quotes",
                 "a tag (!) is not allowed");
}

/* 0, or an error that ends the work. */
static int
add_leaf(struct builder *b, struct fy_event *event)
{
    struct place place = place_of(b, event);
    struct yaml_node *node;

    if (event->type == FYET_ALIAS && place.column > 1)
        place.column--; /* the mark is behind the * */
    node = node_new(b, place, YAML_BAD);
    if (node == NULL)
        return PASU_E_NOMEM;
    if (event->type == FYET_ALIAS)
        complain(b, place, "write the value itself; a text that begins with * needs quotes",
                 "an alias (*) is not allowed");
    else if (event->scalar.value == NULL)
        node->kind = YAML_EMPTY;
    else
        fill_scalar(b, node, event->scalar.value);
    if (is_key_next(b) && node->kind == YAML_EMPTY) {
        complain(b, place, "write KEY: VALUE", "a key is empty");
        node->kind = YAML_BAD;
    }
    attach(b, node);
    return 0;
}

static int
open_level(struct builder *b, struct fy_event *event)
{
    struct place place = place_of(b, event);
    struct yaml_node *node;

    if (b->depth == YAML_DEPTH_MAX) {
        complain(b, place, "no key of the configuration needs that",
                 "more than %d maps and lists inside each other", YAML_DEPTH_MAX);
        return PASU_E_CONFIG;
    }
    if (is_key_next(b)) {
        complain(b, place, "write KEY: VALUE; a text that begins with { or [ needs quotes",
                 "a key is a map or a list");
        return PASU_E_CONFIG;
    }
    node = node_new(b, place, event->type == FYET_MAPPING_START ? YAML_MAP : YAML_LIST);
    if (node == NULL)
        return PASU_E_NOMEM;
    attach(b, node);
    b->levels[b->depth++] = (struct level){node, NULL};
    return 0;
}

static int
take_event(struct builder *b, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (b->documents++ == 0)
            return 0;
        complain(b, place_of(b, event), "keep one, and leave out the line ---",
                 "there is a second document in the file");
        return PASU_E_CONFIG;
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START:
    case FYET_SCALAR:
    case FYET_ALIAS:
        if (++b->nodes > YAML_NODES_MAX) {
            complain(b, place_of(b, event), "no configuration needs that many",
                     "more than %d values", YAML_NODES_MAX);
            return PASU_E_CONFIG;
        }
        refuse_properties(b, event);
        return event->type == FYET_SCALAR || event->type == FYET_ALIAS ? add_leaf(b, event)
                                                                       : open_level(b, event);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        if (b->depth > 0)
            b->depth--;
        return 0;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        break;
    }
    return 0;
}

/* The parser's own fault: it stops at the first. */
static void
take_complaint(struct builder *b, struct fy_diag *diag)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
    struct place place = {0, 0};
    const char *message = "cannot be read";

    if (error != NULL && error->line > 0 && error->column > 0)
        place = (struct place){(uint32_t)error->line, (uint32_t)error->column};
    if (error != NULL && error->msg != NULL)
        message = error->msg;
    complain(
        b, place,
        "look at indentation (spaces, no tabs), brackets and quotes; a text that begins with one "
        "of [ ] { } , & * # ? | - < > = ! % @ ` needs quotes, as does one with \": \" or \" #\"",
        "not YAML: %s", message);
}

static int
run(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
    bool is_ended = false;
    int r = 0;

    while (r == 0 && !is_ended) {
        struct fy_event *event = fy_parser_parse(parser);

        if (event == NULL) {
            take_complaint(b, diag);
            return PASU_E_CONFIG;
        }
        is_ended = event->type == FYET_STREAM_END;
        r = take_event(b, event);
        fy_parser_event_free(parser, event);
    }
    return b->store->failed ? PASU_E_NOMEM : r;
}

/* Where libfyaml would print; what it says is collected instead (take_complaint). */
static void
drop_output(struct fy_diag *diag PASU_UNUSED, void *user PASU_UNUSED, const char *text PASU_UNUSED,
            size_t length PASU_UNUSED)
{
}

static int
parse(struct builder *b)
{
    struct fy_diag_cfg diag_cfg = {.output_fn = drop_output, .level = FYET_ERROR};
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE |
                                        FYPCF_DEFAULT_VERSION_1_2,
                               .diag = diag};
    struct fy_parser *parser;
    int r = PASU_E_NOMEM;

    if (diag == NULL)
        return PASU_E_NOMEM;
    /* Its display of faults reads beyond the text's end in some versions; collecting shows nothing.
     */
    fy_diag_set_collect_errors(diag, true);
    parser = fy_parser_create(&cfg);
    if (parser != NULL &&
        fy_parser_set_string(parser, (const char *)b->text.bytes, b->text.length) == 0)
        r = run(b, parser, diag);
    fy_diag_reset_error(diag); /* the faults hold tokens of the parser */
    if (parser != NULL)
        fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return r;
}

int
yaml_parse(struct yaml_node **root, struct store *store, struct view text, const char *path,
           struct config_faults *faults)
{
    struct builder b = {.store = store, .path = path, .faults = faults};
    struct view clean;
    int r;

    *root = NULL;
    r = yaml_text_clean(&clean, store, text, path, faults);
    b.text = clean;
    if (r == 0 && clean.length > 0)
        r = parse(&b);
    if (r == 0)
        *root = b.root;
    return r;
}
