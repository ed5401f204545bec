/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive, doubly linked, circular list. The head is a struct list whose links point to itself
 * when empty; a member that is in no list points to itself too, so that removing twice is harmless.
 */
#ifndef PASU_BASE_LIST_H
#define PASU_BASE_LIST_H

#include "base/attributes.h"

struct list {
    struct list *next, *previous;
};

#define LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void
list_init(struct list *l)
{
    l->next = l->previous = l;
}

static inline bool
list_is_empty(const struct list *l)
{
    return l->next == l;
}

static inline void
list_append(struct list *head, struct list *member)
{
    member->previous = head->previous;
    member->next = head;
    head->previous->next = member;
    head->previous = member;
}

static inline void
list_remove(struct list *member)
{
    member->previous->next = member->next;
    member->next->previous = member->previous;
    list_init(member);
}

#define list_each(link, head)                                                                      \
    for (struct list *link = (head)->next; link != (head); link = link->next)
/* Allows the current member to be removed (but not its successor). */
#define list_each_safe(link, head)                                                                 \
    for (struct list *link = (head)->next, *link##_next = link->next; link != (head);              \
         link = link##_next, link##_next = link->next)

#endif
