/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/carried_file.h"

#include "cli/complain.h"
#include "config/file.h"

enum { SIZE_MAX_BYTES = 1 << 20 };

/* Made by script/embed-file. */
extern const uint8_t clocks_begin[], clocks_end[], notices_begin[], notices_end[];

int
carried_file(struct view *text, const char **path, struct store *store, enum carried which,
             const char *named)
{
    const struct {
        const char *path;
        const uint8_t *begin, *end;
    } files[] = {
        [CARRIED_CLOCKS] = {"contrib/incident/clocks.yaml", clocks_begin, clocks_end},
        [CARRIED_NOTICES] = {"contrib/incident/notices.yaml", notices_begin, notices_end},
    };
    struct file file = {0};
    int result;

    *path = named ? named : files[which].path;
    if (!named) {
        *text = view_of(files[which].begin, (size_t)(files[which].end - files[which].begin));
        return 0;
    }
    result = file_read(&file, store, named, SIZE_MAX_BYTES);
    *text = file.bytes;
    return result;
}

int
carried_read(enum carried which, const char *named, carried_parse_fn *parse, void *made,
             struct config_faults *faults)
{
    struct store store = {0};
    struct view text;
    const char *path;
    int result = carried_file(&text, &path, &store, which, named);

    if (result == 0) {
        result = parse(made, text, path, faults);
    } else if (result != PASU_E_NOMEM) {
        config_fault_add(faults, path, 0, 0, "give the path of a file that is there",
                         "cannot be read: %s", error_text(result));
        result = PASU_E_CONFIG;
    }
    store_release(&store);
    return result;
}

int
carried_load(enum carried which, const char *named, carried_parse_fn *parse, void *made)
{
    struct config_faults faults = {0};
    int result = carried_read(which, named, parse, made, &faults);

    for (size_t i = 0; i < faults.count; i++) {
        const struct config_fault *fault = &faults.items[i];

        if (fault->line > 0)
            complain(fault->hint, "%s:%u: %s", fault->path, (unsigned)fault->line, fault->text);
        else
            complain(fault->hint, "%s: %s", fault->path, fault->text);
    }
    if (result != 0 && faults.count == 0)
        complain_error(result, "%s", named ? named : "contrib/incident");
    config_faults_release(&faults);
    return result == 0 ? 0 : 2;
}
