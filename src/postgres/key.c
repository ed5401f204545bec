/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/key.h"
#include "base/uuid.h"

enum {
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_VARCHAR = 1043,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    NUMERIC_GROUPS_MAX = 14, /* of four digits: more than a key has, wherever its point is */
    NUMERIC_NEGATIVE = 0x4000,
};

enum catalog_key_type
key_type_of_oid(uint32_t oid)
{
    switch (oid) {
    case OID_INT2:
        return CATALOG_KEY_INT2;
    case OID_INT4:
        return CATALOG_KEY_INT4;
    case OID_INT8:
        return CATALOG_KEY_INT8;
    case OID_NUMERIC:
        return CATALOG_KEY_NUMERIC;
    case OID_UUID:
        return CATALOG_KEY_UUID;
    case OID_TEXT:
    case OID_VARCHAR:
        return CATALOG_KEY_TEXT;
    default:
        return CATALOG_KEY_NONE;
    }
}

enum catalog_key_type
key_type_of_array(uint32_t oid)
{
    static const uint32_t arrays[][2] = {{1005, OID_INT2}, {1007, OID_INT4},    {1016, OID_INT8},
                                         {1009, OID_TEXT}, {1015, OID_VARCHAR}, {1231, OID_NUMERIC},
                                         {2951, OID_UUID}};

    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        if (arrays[i][0] == oid)
            return key_type_of_oid(arrays[i][1]);
    return CATALOG_KEY_NONE;
}

static bool
is_number(enum catalog_key_type type)
{
    return type >= CATALOG_KEY_INT2 && type <= CATALOG_KEY_NUMERIC;
}

bool
key_type_is_text(enum catalog_key_type type)
{
    return type == CATALOG_KEY_TEXT || type == CATALOG_KEY_UUID || type == CATALOG_KEY_TUPLE;
}

bool
key_types_agree(enum catalog_key_type one, enum catalog_key_type other)
{
    return one != CATALOG_KEY_NONE && (one == other || (is_number(one) && is_number(other)));
}

static void
set_integer(struct key *key, int64_t integer)
{
    key->is_integer = true;
    key->integer = integer;
    key->text = view_of(NULL, 0); /* most are never asked for it */
}

struct view
key_text(struct key *key)
{
    int n;

    if (!key->is_integer)
        return key->text;
    n = snprintf((char *)key->space, sizeof(key->space), "%lld", (long long)key->integer);
    return view_of(key->space, n > 0 ? (size_t)n : 0);
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct view
trim(struct view v)
{
    while (v.length > 0 && is_space(v.bytes[0])) {
        v.bytes++;
        v.length--;
    }
    while (v.length > 0 && is_space(v.bytes[v.length - 1]))
        v.length--;
    return v;
}

/* Digits with at most one point, and at least one digit; *point is NULL where there is none. */
static bool
is_decimal(struct view v, const uint8_t **point)
{
    *point = NULL;
    for (size_t i = 0; i < v.length; i++) {
        if (v.bytes[i] == '.' && !*point)
            *point = v.bytes + i;
        else if (v.bytes[i] < '0' || v.bytes[i] > '9')
            return false;
    }
    return v.length > (*point ? 1 : 0);
}

/* The whole number of these digits, if it has 64 bits. */
static bool
is_integer(const uint8_t *digits, const uint8_t *end, bool is_negative, int64_t *integer)
{
    uint64_t n = 0, most = (uint64_t)INT64_MAX + is_negative;

    if (end - digits > 19) /* digits of INT64_MAX: no overflow up to there */
        return false;
    for (; digits < end; digits++) {
        if (*digits == '.')
            return false;
        n = n * 10 + (uint64_t)(*digits - '0');
    }
    if (n > most)
        return false;
    *integer = (int64_t)(is_negative ? 0 - n : n);
    return true;
}

/* A decimal: sign, digits, perhaps a point and digits. No exponents, no other bases: what servers
 * of some versions take and others do not is not read. */
static int
decimal(struct key *key, struct view v)
{
    bool is_negative = false;
    const uint8_t *digits, *end, *point;
    int64_t integer;
    size_t at = 0;

    v = trim(v);
    if (v.length > 0 && (v.bytes[0] == '-' || v.bytes[0] == '+')) {
        is_negative = v.bytes[0] == '-';
        v = view_of(v.bytes + 1, v.length - 1);
    }
    if (!is_decimal(v, &point))
        return PASU_E_MALFORMED;
    digits = v.bytes;
    end = v.bytes + v.length;
    while (point && end > point && (end[-1] == '0' || end - 1 == point))
        end--; /* zeros behind the point, and a point with nothing behind it */
    while (digits < end && *digits == '0')
        digits++;
    if (is_integer(digits, end, is_negative, &integer)) { /* of nothing but zeros: 0 */
        set_integer(key, integer);
        return 0;
    }
    if (end - digits > KEY_DECIMAL_MAX)
        return PASU_E_MALFORMED;
    if (is_negative)
        key->space[at++] = '-';
    if (*digits == '.')
        key->space[at++] = '0';
    memcpy(key->space + at, digits, (size_t)(end - digits));
    at += (size_t)(end - digits);
    key->text = view_of(key->space, at);
    return 0;
}

static int
set_uuid(struct key *key, const char text[UUID_TEXT_SIZE])
{
    memcpy(key->space, text, UUID_TEXT_SIZE - 1);
    key->text = view_of(key->space, UUID_TEXT_SIZE - 1);
    return 0;
}

static int
uuid_text(struct key *key, struct view v)
{
    char text[UUID_TEXT_SIZE];

    return uuid_is(v, text) ? set_uuid(key, text) : PASU_E_MALFORMED;
}

static int
text_key(struct key *key, struct view bytes)
{
    key->text = bytes;
    return bytes.length <= KEY_TEXT_MAX ? 0 : PASU_E_MALFORMED;
}

int
key_from_text(struct key *key, enum catalog_key_type type, struct view bytes)
{
    key->is_integer = false;
    key->integer = 0;
    switch (type) {
    case CATALOG_KEY_INT2:
    case CATALOG_KEY_INT4:
    case CATALOG_KEY_INT8:
    case CATALOG_KEY_NUMERIC:
        return decimal(key, bytes);
    case CATALOG_KEY_UUID:
        return uuid_text(key, bytes);
    case CATALOG_KEY_TEXT:
        return text_key(key, bytes);
    case CATALOG_KEY_TUPLE: /* no type has it */
    case CATALOG_KEY_NONE:
        break;
    }
    return PASU_E_MALFORMED;
}

static void
put_group(struct writer *text, uint16_t digits)
{
    char four[5];

    snprintf(four, sizeof(four), "%04u", digits % 10000u);
    writer_bytes(text, four, 4);
}

/* Groups of four decimal digits, the first of weight 10000^weight; those that are not sent are
 * zero. */
static int
numeric_binary(struct key *key, struct view bytes)
{
    struct reader r = reader_of(bytes);
    uint16_t count = reader_u16(&r);
    int weight = (int16_t)reader_u16(&r);
    uint16_t sign = reader_u16(&r);
    uint16_t digits[NUMERIC_GROUPS_MAX] = {0};
    char space[8 * NUMERIC_GROUPS_MAX + 8];
    struct writer text = writer_of(space, sizeof(space));

    reader_u16(&r); /* how many digits are shown behind the point: not part of the value */
    if (r.failed || count > NUMERIC_GROUPS_MAX || (sign != 0 && sign != NUMERIC_NEGATIVE) ||
        weight >= NUMERIC_GROUPS_MAX || weight < -NUMERIC_GROUPS_MAX)
        return PASU_E_MALFORMED;
    for (int i = 0; i < count; i++) {
        digits[i] = reader_u16(&r);
        if (digits[i] > 9999)
            return PASU_E_MALFORMED;
    }
    if (reader_end(&r) != 0)
        return PASU_E_MALFORMED;
    if (sign)
        writer_u8(&text, '-');
    writer_u8(&text, '0');
    for (int i = 0; i <= weight; i++)
        put_group(&text, i < count ? digits[i] : 0);
    writer_u8(&text, '.');
    for (int i = weight + 1; i < count; i++)
        put_group(&text, i < 0 ? 0 : digits[i]);
    return text.failed ? PASU_E_MALFORMED : decimal(key, view_of(space, writer_length(&text)));
}

int
key_from_binary(struct key *key, enum catalog_key_type type, struct view bytes)
{
    struct reader r = reader_of(bytes);
    char uuid[UUID_TEXT_SIZE];

    key->is_integer = false;
    key->integer = 0;
    switch (type) {
    case CATALOG_KEY_INT2:
        set_integer(key, (int16_t)reader_u16(&r));
        return reader_end(&r);
    case CATALOG_KEY_INT4:
        set_integer(key, (int32_t)reader_u32(&r));
        return reader_end(&r);
    case CATALOG_KEY_INT8: {
        uint64_t high = reader_u32(&r);

        set_integer(key, (int64_t)(high << 32 | reader_u32(&r)));
        return reader_end(&r);
    }
    case CATALOG_KEY_NUMERIC:
        return numeric_binary(key, bytes);
    case CATALOG_KEY_UUID:
        if (bytes.length != UUID_BYTES)
            return PASU_E_MALFORMED;
        uuid_write(uuid, bytes.bytes);
        return set_uuid(key, uuid);
    case CATALOG_KEY_TEXT:
        return text_key(key, bytes);
    case CATALOG_KEY_TUPLE: /* no type has it */
    case CATALOG_KEY_NONE:
        break;
    }
    return PASU_E_MALFORMED;
}
