#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""psycopg 3 reads masked columns by their types; see ../test_masks.py."""
import psycopg

ASK = "SELECT id, name, phone, nick, blood, born, weight, seen, tag, photo, doc, words, ward FROM patients WHERE id = %s"
DUE = (7001, "홍*동", "010-****-5678", "길*    ", "*", None, None, None, None, None, None, None, 1)
TYPES = [23, 1043, 25, 1042, 18, 1082, 1700, 1184, 2950, 17, 3802, 1009, 23]

with psycopg.connect("") as connection:
    for binary in (False, True):
        for _ in range(8):  # from the sixth on it is a prepared statement
            with connection.cursor(binary=binary) as cursor:
                cursor.execute(ASK, (7001,))
                assert [column.type_code for column in cursor.description] == TYPES
                (row,) = cursor.fetchall()
                assert tuple(value.decode() if isinstance(value, bytes) else value for value in row) == DUE, row
    with connection.cursor(name="portions") as cursor:
        cursor.itersize = 1
        cursor.execute("SELECT name FROM patients WHERE id < 7004 ORDER BY id")
        assert [name for name, in cursor] == ["홍*동", "김*", "남**수"]
    for form in ("", " (FORMAT binary)"):
        with connection.cursor().copy(f"COPY (SELECT id, name, weight FROM patients WHERE id < 7003 ORDER BY id) TO STDOUT{form}") as copy:
            copy.set_types(["int4", "varchar", "numeric"])
            assert list(copy.rows()) == [(7001, "홍*동", None), (7002, "김*", None)]
print("fine")
