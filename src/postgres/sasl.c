/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/sasl.h"

#include "postgres/scram.h"

int
sasl_offer_parse(struct sasl_offer *offer, struct view names)
{
    struct reader r = reader_of(names);
    size_t count = 0;

    memset(offer, 0, sizeof(*offer));
    for (;;) {
        struct view name = reader_text(&r);

        if (r.failed || name.length == 0)
            break;
        count++;
        offer->scram = offer->scram || view_equal(name, view_of_text(SCRAM_MECHANISM));
        offer->scram_plus =
            offer->scram_plus || view_equal(name, view_of_text(SCRAM_MECHANISM_PLUS));
    }
    return count == 0 ? PASU_E_MALFORMED : reader_end(&r);
}

int
sasl_initial_parse(struct view body, struct view *mechanism, struct view *data)
{
    struct reader r = reader_of(body);
    uint32_t length;

    *mechanism = reader_text(&r);
    length = reader_u32(&r);
    if (r.failed || length > INT32_MAX)
        return PASU_E_MALFORMED;
    *data = reader_bytes(&r, length);
    return reader_end(&r);
}
