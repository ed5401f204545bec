/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and names: what stays a text in the model. */
#include "config/parse.h"

static bool
keep(struct parse *parse, const char *text, void *slot)
{
    *(const char **)slot = store_dup(parse->store, view_of_text(text));
    return *(const char **)slot != NULL;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool
parse_TEXT(struct parse *parse, const struct config_key *key PASU_UNUSED,
           const struct yaml_node *node, void *slot)
{
    return keep(parse, node->text, slot);
}

bool
parse_NAME(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
           void *slot)
{
    const char *at = node->text;

    if (strlen(at) > NAME_LENGTH_MAX) {
        fault_value(parse, node, "write at most 63 bytes", "which is too long for a name");
        return false;
    }
    for (; is_letter(*at) || (at > node->text && (is_digit(*at) || *at == '_' || *at == '-')); at++)
        ;
    if (*at != '\0') {
        fault_value(parse, node, "write a letter, then letters, digits, _ and -",
                    "which is not a name");
        return false;
    }
    if (key->form == FORM_PAIRS && strcmp(node->text, "any") == 0) {
        fault_value(parse, node, "take another name", "which stands for all fields in rules");
        return false;
    }
    return keep(parse, node->text, slot);
}

/* Names of PostgreSQL are at most 63 bytes; longer ones are cut by the server, so never found. */
static bool
is_catalog_name(struct parse *parse, const struct yaml_node *node, size_t length)
{
    if (length > NAME_LENGTH_MAX)
        fault_value(parse, node, "a name in the catalog has at most 63 bytes",
                    "which is longer than any name can be");
    return length <= NAME_LENGTH_MAX;
}

bool
parse_ROLE(struct parse *parse, const struct config_key *key PASU_UNUSED,
           const struct yaml_node *node, void *slot)
{
    return is_catalog_name(parse, node, strlen(node->text)) && keep(parse, node->text, slot);
}

bool
parse_DATABASE(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
               void *slot)
{
    return parse_ROLE(parse, key, node, slot);
}

bool
parse_ACCOUNT(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
              void *slot)
{
    return parse_ROLE(parse, key, node, slot);
}

bool
parse_COLUMN_NAME(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
                  void *slot)
{
    return parse_ROLE(parse, key, node, slot);
}

bool
parse_SUBJECT(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
              void *slot)
{
    if (!parse_NAME(parse, key, node, slot))
        return false;
    note_add(parse, NOTE_SUBJECT_USE, node->text, node);
    return true;
}

/* Names with dots between them: at least `least`, at most `most`. */
static bool
parse_dotted(struct parse *parse, const struct yaml_node *node, void *slot, size_t least,
             size_t most, const char *hint)
{
    const char *at = node->text;
    size_t parts = 0;

    if (strchr(at, '"') != NULL) {
        fault_value(parse, node, "write names as the catalog has them, without quotes",
                    "which has quotes in it");
        return false;
    }
    for (bool is_more = true; is_more; parts++) {
        size_t length = strcspn(at, ".");

        if (length == 0 || strpbrk(at, " \t") != NULL) {
            fault_value(parse, node, hint, "which has a part that is no name");
            return false;
        }
        if (!is_catalog_name(parse, node, length))
            return false;
        is_more = at[length] == '.';
        at += length + is_more;
    }
    if (parts < least || parts > most) {
        fault_value(parse, node, hint,
                    parts < least ? "which has too few parts" : "which has too many parts");
        return false;
    }
    return keep(parse, node->text, slot);
}

bool
parse_TABLE(struct parse *parse, const struct config_key *key PASU_UNUSED,
            const struct yaml_node *node, void *slot)
{
    return parse_dotted(parse, node, slot, 1, 3,
                        "write TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE");
}

bool
parse_COLUMN(struct parse *parse, const struct config_key *key PASU_UNUSED,
             const struct yaml_node *node, void *slot)
{
    if (!parse_dotted(parse, node, slot, 2, 4,
                      "write TABLE.COLUMN, SCHEMA.TABLE.COLUMN or DATABASE.SCHEMA.TABLE.COLUMN"))
        return false;
    note_add(parse, NOTE_COLUMN_USE, node->text, node);
    return true;
}

bool
parse_ACTOR_SOURCE(struct parse *parse, const struct config_key *key PASU_UNUSED,
                   const struct yaml_node *node, void *slot)
{
    static const char *const words = "sqlcommenter|application_name|setting:NAME";
    const char *text = node->text;

    if (strcmp(text, "sqlcommenter") == 0 || strcmp(text, "application_name") == 0)
        return keep(parse, text, slot);
    if (strncmp(text, "setting:", 8) != 0) {
        fault_value(parse, node, words_hint(parse, "one of: ", words, text),
                    "which is none of its values");
        return false;
    }
    /* Settings of one's own have a dot; those without are the server's, and none of them names
     * users. */
    if (strchr(text + 8, '.') == NULL || strpbrk(text, " '\"") != NULL || text[8] == '.' ||
        text[strlen(text) - 1] == '.') {
        fault_value(parse, node, "write setting:PREFIX.NAME, such as setting:pasu.actor",
                    "which is not the name of a setting");
        return false;
    }
    return keep(parse, text, slot);
}

bool
parse_URL(struct parse *parse, const struct config_key *key PASU_UNUSED,
          const struct yaml_node *node, void *slot)
{
    size_t scheme = strncmp(node->text, "https://", 8) == 0  ? 8
                    : strncmp(node->text, "http://", 7) == 0 ? 7
                                                             : 0;

    /* What it is stays unsaid: such URLs have secrets in them. */
    if (scheme == 0 || node->text[scheme] == '\0' || node->text[scheme] == '/' ||
        strchr(node->text, ' ') != NULL) {
        fault_here(parse, node, "write https://HOST/PATH", "is not a URL of http or https");
        return false;
    }
    return keep(parse, node->text, slot);
}

bool
parse_LABEL(struct parse *parse, const struct config_key *key PASU_UNUSED,
            const struct yaml_node *node, void *slot)
{
    const char *at = node->text;

    for (; (*at >= 'a' && *at <= 'z') || is_digit(*at) || *at == '_'; at++)
        ;
    if (*at != '\0') {
        fault_value(parse, node, "write small letters, digits and _", "which is not a label");
        return false;
    }
    return keep(parse, node->text, slot);
}

bool
parse_PURPOSE(struct parse *parse, const struct config_key *key PASU_UNUSED,
              const struct yaml_node *node, void *slot)
{
    const char *at = node->text;

    for (; is_letter(*at) || is_digit(*at) || (*at != '\0' && strchr("_.:/#-", *at)); at++)
        ;
    if (*at != '\0' || at == node->text || at - node->text > NAME_LENGTH_MAX) {
        fault_value(parse, node, "write letters of ASCII, digits and _.:/#-, at most 63 of them",
                    "which no statement can give as its purpose");
        return false;
    }
    return keep(parse, node->text, slot);
}

/* RFC 5321's, as everybody writes them: nothing in it ends a line or a list. */
bool
parse_MAILBOX(struct parse *parse, const struct config_key *key PASU_UNUSED,
              const struct yaml_node *node, void *slot)
{
    const char *at = node->text, *domain;

    for (; is_letter(*at) || is_digit(*at) || (*at != '\0' && strchr(".!#$%&'*+/=?^_`{|}~-", *at));
         at++)
        ;
    domain = at + 1;
    if (at > node->text && at - node->text <= 64 && *at == '@') {
        for (at = domain; is_letter(*at) || is_digit(*at) || *at == '.' || *at == '-'; at++)
            ;
        if (*at == '\0' && at > domain && at - node->text <= 254 && *domain != '.' &&
            *domain != '-' && at[-1] != '.')
            return keep(parse, node->text, slot);
    }
    fault_value(parse, node, "write NAME@DOMAIN, of ASCII", "which is not an e-mail address");
    return false;
}

bool
parse_FIELD_NAME(struct parse *parse, const struct config_key *key PASU_UNUSED,
                 const struct yaml_node *node, void *slot)
{
    if (strcmp(node->text, "any") != 0)
        note_add(parse, NOTE_FIELD_USE, node->text, node);
    return keep(parse, node->text, slot);
}
