/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml_text.h"

#include "config/yaml.h"

/*
 * One character of UTF-8 (RFC 3629): its length and number, or length 0 for what is none (stray or
 * missing continuation bytes, longer forms than needed, surrogates, beyond U+10FFFF).
 */
static size_t
decode(uint32_t *number, const uint8_t *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80             ? 1
                    : (at[0] & 0xE0) == 0xC0 ? 2
                    : (at[0] & 0xF0) == 0xE0 ? 3
                    : (at[0] & 0xF8) == 0xF0 ? 4
                                             : 0;
    uint32_t n;

    if (length == 0 || length > left)
        return 0;
    n = length == 1 ? at[0] : at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        n = n << 6 | (at[i] & 0x3F);
    }
    if (n < least[length] || n > 0x10FFFF || (n >= 0xD800 && n <= 0xDFFF))
        return 0;
    *number = n;
    return length;
}

static bool
is_control(uint32_t n)
{
    return n < 0x20 || (n >= 0x7F && n <= 0x9F) || n == 0xAD || (n >= 0x200B && n <= 0x200F) ||
           (n >= 0x2028 && n <= 0x202E) || (n >= 0x2060 && n <= 0x206F) || n == 0xFEFF;
}

bool
yaml_text_has_controls(struct view v)
{
    for (size_t i = 0; i < v.length;) {
        uint32_t n;
        size_t length = decode(&n, v.bytes + i, v.length - i);

        if (length == 0 || is_control(n))
            return true;
        i += length;
    }
    return false;
}

/*
 * libfyaml reads from a bracket to its counterpart before it says what is there (all of it might be
 * a key), and keeps some hundred bytes for each sign and word. This counts them, roughly, so that a
 * small file cannot ask for gigabytes: what is between brackets, wherever brackets are, and words
 * that begin as anchors, tags and directives do, of which it keeps any number in one place.
 */
struct flow {
    size_t open, tokens; /* brackets open now, and what was read since the outermost */
    size_t prefixes;
    bool is_word;
};

static bool
flow_count(struct flow *flow, uint32_t n)
{
    bool is_blank = n == ' ' || n == '\n' || n == '\t' || n == '\r';
    bool is_sign = !is_blank && n < 0x80 && strchr("[]{},:?-'\"&*!#|>%", (int)n) != NULL;
    bool is_start = !is_blank && !flow->is_word;
    bool is_prefix = n == '&' || n == '!' || n == '%';

    if (flow->open == 0)
        flow->tokens = 0;
    flow->tokens += is_sign || is_start;
    flow->prefixes += is_start && is_prefix;
    flow->is_word = !is_blank;
    if (n == '[' || n == '{')
        flow->open++;
    else if ((n == ']' || n == '}') && flow->open > 0)
        flow->open--;
    return flow->tokens <= YAML_NODES_MAX && flow->prefixes <= YAML_NODES_MAX;
}

int
yaml_text_clean(struct view *clean, struct store *store, struct view text, const char *path,
                struct config_faults *faults)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};
    uint8_t *copy;
    size_t used = 0, i = 0;
    uint32_t line = 1, column = 1;
    struct flow flow = {0};

    *clean = (struct view){0};
    if (text.length > CONFIG_SIZE_MAX) {
        config_fault_add(faults, path, 0, 0, "see: pasu help configuration",
                         "the file is larger than %d MiB", CONFIG_SIZE_MAX >> 20);
        return PASU_E_CONFIG;
    }
    copy = store_new(store, text.length + 1, 1);
    if (copy == NULL)
        return PASU_E_NOMEM;
    if (text.length >= sizeof(mark) && memcmp(text.bytes, mark, sizeof(mark)) == 0)
        i = sizeof(mark);
    while (i < text.length) {
        uint32_t n = 0;
        size_t length = decode(&n, text.bytes + i, text.length - i);
        bool is_line_end = n == '\r' && i + 1 < text.length && text.bytes[i + 1] == '\n';

        if (length == 0 || (is_control(n) && n != '\n' && n != '\t' && !is_line_end)) {
            config_fault_add(
                faults, path, line, column, "write the file as plain UTF-8 text, with an editor",
                length == 0 ? "a byte 0x%02x that is not UTF-8" : "a control character U+%04X",
                length == 0 ? text.bytes[i] : n);
            return PASU_E_CONFIG;
        }
        if (!flow_count(&flow, n)) {
            config_fault_add(faults, path, line, column, "no configuration needs that many",
                             "more than %d words and signs that must be read at once",
                             YAML_NODES_MAX);
            return PASU_E_CONFIG;
        }
        if (!is_line_end) {
            memcpy(copy + used, text.bytes + i, length);
            used += length;
        }
        i += length;
        column++;
        if (n == '\n') {
            line++;
            column = 1;
        }
    }
    *clean = view_of(copy, used);
    return 0;
}
