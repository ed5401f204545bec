/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: relative ones begin at the folder of the configuration file. */
#include "config/parse.h"

#include <limits.h>

/* NULL with a fault, or without memory. */
static const char *
resolve(struct parse *parse, const struct yaml_node *node)
{
    const char *path = node->text, *slash = strrchr(parse->path, '/');
    const char *text;

    while (path[0] == '.' && path[1] == '/')
        for (path += 2; *path == '/'; path++)
            ;
    if (*path == '\0')
        path = ".";
    if (path[0] == '/' || slash == NULL)
        text = store_dup(parse->store, view_of_text(path));
    else
        text = store_format(parse->store, "%.*s/%s", (int)(slash - parse->path), parse->path, path);
    if (text == NULL || strlen(text) < PATH_MAX)
        return text;
    fault_value(parse, node, "write a shorter path", "which is too long for a path");
    return NULL;
}

bool
parse_PATH(struct parse *parse, const struct config_key *key PASU_UNUSED,
           const struct yaml_node *node, void *slot)
{
    const char *path = resolve(parse, node);

    *(const char **)slot = path;
    return path != NULL;
}

static bool
parse_file(struct parse *parse, const struct yaml_node *node, struct config_file *file,
           bool is_secret)
{
    file->path = resolve(parse, node);
    file->line = node->line;
    file->column = node->column;
    file->is_secret = is_secret;
    return file->path != NULL;
}

bool
parse_FILE(struct parse *parse, const struct config_key *key PASU_UNUSED,
           const struct yaml_node *node, void *slot)
{
    return parse_file(parse, node, slot, false);
}

bool
parse_CERTIFICATE(struct parse *parse, const struct config_key *key PASU_UNUSED,
                  const struct yaml_node *node, void *slot)
{
    return parse_file(parse, node, slot, false);
}

bool
parse_AUTHORITIES(struct parse *parse, const struct config_key *key PASU_UNUSED,
                  const struct yaml_node *node, void *slot)
{
    return parse_file(parse, node, slot, false);
}

bool
parse_PRIVATE_KEY(struct parse *parse, const struct config_key *key PASU_UNUSED,
                  const struct yaml_node *node, void *slot)
{
    return parse_file(parse, node, slot, true);
}

bool
parse_PASSWORD(struct parse *parse, const struct config_key *key PASU_UNUSED,
               const struct yaml_node *node, void *slot)
{
    return parse_file(parse, node, slot, true);
}

bool
parse_LEDGER_KEY(struct parse *parse, const struct config_key *key PASU_UNUSED,
                 const struct yaml_node *node, void *slot)
{
    return parse_file(parse, node, slot, true);
}
