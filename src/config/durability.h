/* SPDX-License-Identifier: Apache-2.0 */
/* How durable a record is to be before what it tells of is shown: docs/configuration.md. */
#ifndef PASU_CONFIG_DURABILITY_H
#define PASU_CONFIG_DURABILITY_H

/* Each asks for more than the one before it. */
enum durability {
    DURABILITY_UNSAID, /* of a rule: it leaves that to others */
    DURABILITY_OS,     /* in the ring; on the disk when the system writes it */
    DURABILITY_GROUP,  /* in the ring; on the disk some milliseconds later */
    DURABILITY_STRICT, /* on the disk */
};

#endif
