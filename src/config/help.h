/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of the configuration, as Markdown, from the registries of keys and types. */
#ifndef PASU_CONFIG_HELP_H
#define PASU_CONFIG_HELP_H

#include "base/attributes.h"

/* Prints all of it; docs/configuration.md is this. */
void config_help_print(FILE *file);
/* A configuration without fault that uses every part, and no file that must be there. */
const char *config_help_example(void);

#endif
