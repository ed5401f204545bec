/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of the guarded servers. Names are looked up in a process of their own, which may
 * take its time or die; we wait at most 5 seconds for it. */
#ifndef PASU_GUARD_UPSTREAMS_H
#define PASU_GUARD_UPSTREAMS_H

#include "base/address.h"

enum { UPSTREAM_COUNT_MAX = 16 };

/* The number of addresses found (at most UPSTREAM_COUNT_MAX), or PASU_E_NOTFOUND. */
PASU_MUST_USE int upstreams_resolve(struct address addresses[UPSTREAM_COUNT_MAX],
                                    const struct endpoint *endpoint);

#endif
