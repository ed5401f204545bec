/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCIM 2.0 without HTTP: a request about users comes in, and what is to be answered goes out.
 * /Users with GET, POST, PUT, PATCH, DELETE; /ServiceProviderConfig, /ResourceTypes, /Schemas. No
 * groups, no bulk, no sorting, no versions. All bytes of a request are hostile.
 */
#ifndef PASU_PEOPLE_SCIM_H
#define PASU_PEOPLE_SCIM_H

#include "people/people.h"

enum scim_method { SCIM_GET, SCIM_POST, SCIM_PUT, SCIM_PATCH, SCIM_DELETE, SCIM_OTHER };

enum { SCIM_BODY_MAX = 256 << 10, SCIM_NOTE_SIZE = 200, SCIM_LOCATION_SIZE = 320 };

struct scim_request {
    enum scim_method method;
    const char *path;                  /* decoded, from behind /scim/v2 on */
    const char *filter, *start, *many; /* filter, startIndex, count; NULL: not there */
    const char *base;                  /* of locations: "https://host/scim/v2" */
    struct view body;
};

struct scim_response {
    int status;
    char *body;                        /* JSON (free); NULL: none, or no memory */
    char location[SCIM_LOCATION_SIZE]; /* "": none */
    bool is_changed;                   /* the directory is not as it was */
    char note[SCIM_NOTE_SIZE];         /* what has changed, for the ledger */
};

/* `now` is realtime ns. */
void scim_answer(struct scim_response *response, struct people *directory,
                 const struct scim_request *request, int64_t now);
/* An answer that says what is wrong. */
void scim_refuse(struct scim_response *response, int status, const char *type, const char *detail);
void scim_response_release(struct scim_response *response);

/* scim_about.c: what /ServiceProviderConfig, /ResourceTypes and /Schemas answer, whole or one of
 * them; NULL: there is no such thing, or no memory. */
json_t *scim_about(const char *path, const char *base);

#endif
