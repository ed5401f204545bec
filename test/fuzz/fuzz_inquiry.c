/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser sends to the page for persons is taken apart safely; a contact's one form is the
 * form of itself; and no value gets a tag into a page. */
#include "console/contact.h"
#include "console/request.h"
#include "console/template.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct view
none(const char *name)
{
    (void)name;
    return view_of(NULL, 0);
}

static void
check_page(const char *value)
{
    json_t *values = json_pack("{ss?}", "v", value);
    const json_t *scopes[] = {values};
    char *page = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&page, &length);

    if (file != NULL && values != NULL &&
        template_render(file, view_of_text("{{v}}{{#v}}{{v}}{{/v}}"), none, scopes, 1) != 0)
        __builtin_trap();
    if (file != NULL)
        fclose(file);
    if (page != NULL && strpbrk(page, "<>\"'") != NULL)
        __builtin_trap();
    free(page);
    json_decref(values);
}

static void
check_template(struct view text)
{
    json_t *values = json_pack("{s[{ss}]ss}", "a", "b", "<", "c", "{{a}}");
    const json_t *scopes[] = {values};
    char *page = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&page, &length);
    int result = file != NULL ? template_render(file, text, none, scopes, 1) : 0;

    if (result > 0)
        __builtin_trap();
    if (file != NULL)
        fclose(file);
    free(page);
    json_decref(values);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char value[INQUIRY_CONTACT_SIZE], plain[INQUIRY_CONTACT_SIZE], again[INQUIRY_CONTACT_SIZE];
    char text[1024];
    uint8_t token[INQUIRY_TOKEN_SIZE];
    enum contact_kind kind;

    text_from_view(text, sizeof(text), view_of(data, size));
    request_form(value, sizeof(value), view_of(data, size), "contact");
    kind = contact_plain(plain, view_of_text(value));
    if (kind != CONTACT_NONE &&
        (contact_plain(again, view_of_text(plain)) != kind || strcmp(plain, again) != 0))
        __builtin_trap();
    (void)request_language(NULL, text);
    (void)request_token(token, text);
    (void)request_forwarded(again, sizeof(again), text);
    (void)request_route("GET", text);
    check_page(value);
    check_template(view_of(data, size));
    return 0;
}
