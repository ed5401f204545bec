/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/recognise.h"

#include "base/memory.h"

static struct view
view_of_item(const struct recognised *item)
{
    return view_of(item->text, item->length);
}

static int
give_pair(struct recognise *r, const struct recognised *email, const struct recognised *phone)
{
    uint8_t pair[PLAIN_PAIR_SIZE];
    size_t length = plain_pair(pair, view_of_item(email), view_of_item(phone));
    int result = r->fn(r->arg, r->line, view_of(pair, length));

    memory_wipe(pair, sizeof(pair));
    return result;
}

static size_t
kept(const struct recognised_list *list)
{
    return list->count < RECOGNISE_LAST ? list->count : RECOGNISE_LAST;
}

static int
pair(struct recognise *r, enum contact what, const struct recognised *one,
     const struct recognised *other)
{
    return what == CONTACT_EMAIL ? give_pair(r, one, other) : give_pair(r, other, one);
}

/* With those of the other kind before it; once, where a line has it twice. */
static int
see_one(struct recognise *r, enum contact what, struct view text)
{
    struct recognised_list *list = &r->kinds[what], *others = &r->kinds[!what];
    struct recognised *item = &list->last[list->count % RECOGNISE_LAST];
    int result = 0;

    for (size_t i = 0; i < kept(list); i++)
        if (view_equal(view_of_item(&list->last[i]), text))
            return 0;
    item->line = r->line;
    item->length = text.length;
    memcpy(item->text, text.bytes, text.length);
    list->count++;
    if (!r->is_pairs)
        return r->fn(r->arg, r->line, text);
    for (size_t i = 0; result == 0 && i < kept(others); i++)
        result = pair(r, what, item, &others->last[i]);
    return result;
}

static int
see(void *arg, enum contact what, struct view text, struct view before PASU_UNUSED,
    struct view behind PASU_UNUSED)
{
    struct recognise *r = arg;
    uint8_t plain[PLAIN_CONTACT_SIZE];
    size_t length = plain_contact(plain, text);

    if (length == 0 || (what == CONTACT_EMAIL) != plain_contact_is_email(view_of(plain, length)))
        return 0;
    return see_one(r, what, view_of(plain, length));
}

/* The line has only this kind: with those before it of the other, and kept for those behind. */
static int
carry(struct recognise *r, enum contact what)
{
    struct recognised_list *ours = &r->kinds[what], *others = &r->kinds[!what];
    int result = 0;

    for (size_t i = 0; i < kept(ours); i++)
        for (size_t c = 0; result == 0 && c < RECOGNISE_CARRIED; c++) {
            const struct recognised *other = &others->carried[c];

            if (other->length > 0 && r->line - other->line <= RECOGNISE_LINES)
                result = pair(r, what, &ours->last[i], other);
        }
    for (size_t i = 0; i < kept(ours) && i < RECOGNISE_CARRIED; i++)
        ours->carried[ours->next++ % RECOGNISE_CARRIED] = ours->last[i];
    return result;
}

static int
end_line(struct recognise *r)
{
    struct recognised_list *emails = &r->kinds[CONTACT_EMAIL], *phones = &r->kinds[CONTACT_PHONE];
    int result = 0;

    if (r->is_pairs && emails->count > 0 && phones->count == 0)
        result = carry(r, CONTACT_EMAIL);
    else if (r->is_pairs && phones->count > 0 && emails->count == 0)
        result = carry(r, CONTACT_PHONE);
    emails->count = phones->count = 0;
    return result;
}

int
recognise_init(struct recognise *r, bool is_pairs, recognise_fn *fn, void *arg)
{
    *r = (struct recognise){.fn = fn, .arg = arg, .is_pairs = is_pairs, .line = 1};
    return contacts_init(&r->contacts, see, r);
}

void
recognise_release(struct recognise *r)
{
    contacts_release(&r->contacts);
    memory_wipe(r->kinds, sizeof(r->kinds));
}

/* Bytes of one line. */
static int
take_piece(struct recognise *r, struct view bytes)
{
    int result = 0;

    while (result == 0 && bytes.length > 0) {
        size_t room;
        uint8_t *to = contacts_room(&r->contacts, &room);

        room = room < bytes.length ? room : bytes.length;
        memcpy(to, bytes.bytes, room);
        result = contacts_took(&r->contacts, room);
        bytes = view_of(bytes.bytes + room, bytes.length - room);
    }
    return result;
}

int
recognise_end(struct recognise *r)
{
    int result = contacts_end(&r->contacts);

    contacts_again(&r->contacts);
    return result == 0 ? end_line(r) : result;
}

int
recognise_take(struct recognise *r, struct view bytes)
{
    int result = 0;

    while (result == 0 && bytes.length > 0) {
        const uint8_t *end = memchr(bytes.bytes, '\n', bytes.length);
        size_t length = end == NULL ? bytes.length : (size_t)(end - bytes.bytes);

        result = take_piece(r, view_of(bytes.bytes, length));
        if (result == 0 && end != NULL) {
            result = recognise_end(r);
            r->line++;
        }
        length += end != NULL;
        bytes = view_of(bytes.bytes + length, bytes.length - length);
    }
    return result;
}
