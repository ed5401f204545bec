/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the configuration share: small texts in, models and faults out. */
#ifndef PASU_TEST_CONFIG_TEXT_H
#define PASU_TEST_CONFIG_TEXT_H

#include "base/memory.h"
#include "config/load.h"
#include "unit.h"

#define GATEWAY "gateway: {listen: 127.0.0.1:6432, upstream: 127.0.0.1:5432}\n"

/* The model of a text without fault; with one, the test fails and says which. */
static inline struct config *
model_of(const char *text)
{
    struct config_faults faults = {0};
    struct config *config;
    int r = config_parse(&config, view_of_text(text), "folder/pasu.yaml", &faults);

    for (size_t i = 0; i < faults.count; i++)
        print_error("%u:%u: %s (%s)\n", faults.items[i].line, faults.items[i].column,
                    faults.items[i].text, faults.items[i].hint);
    config_faults_release(&faults);
    assert_int_equal(r, 0);
    assert_non_null(config);
    return config;
}

/* All faults of a text, one "LINE:COLUMN: TEXT | HINT\n" after the other, to be freed. */
static inline char *
faults_of(const char *text)
{
    struct config_faults faults = {0};
    struct config *config;
    int r = config_parse(&config, view_of_text(text), "folder/pasu.yaml", &faults);
    char *all = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&all, &size);

    assert_non_null(out);
    for (size_t i = 0; i < faults.count; i++) {
        assert_string_equal(faults.items[i].path, "folder/pasu.yaml");
        assert_true(faults.items[i].hint[0] != '\0');
        fprintf(out, "%u:%u: %s | %s\n", faults.items[i].line, faults.items[i].column,
                faults.items[i].text, faults.items[i].hint);
    }
    fclose(out);
    assert_int_equal(r, faults.count > 0 ? PASU_E_CONFIG : 0);
    assert_true((config == NULL) == (faults.count > 0));
    config_free(config);
    config_faults_release(&faults);
    return all;
}

/* The text has exactly these faults. */
static inline void
assert_faults(const char *text, const char *wanted)
{
    char *all = faults_of(text);

    if (strcmp(all, wanted) != 0)
        print_error("of this text:\n%s", text);
    assert_string_equal(all, wanted);
    free(all);
}

#endif
