#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what psycopg 3 and asyncpg make of personal tables: whole rows, arrays, enums, ranges, cursors of
the server's, COPY, and statements that they keep over a change of a table; see ../test_same.py."""
import asyncio
import os

import asyncpg
import psycopg
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo

WHOLE = "SELECT c FROM customers c WHERE grade = 1 ORDER BY id LIMIT 3"
ARRAYS = "SELECT array_agg(c ORDER BY id), array_agg(name ORDER BY id) FROM customers c WHERE grade = 2 AND id < 1200"
TYPES = "SELECT mood, span, moods FROM feelings ORDER BY customer_id"
NAMES = "SELECT name, phone FROM customers WHERE grade = 1 ORDER BY id"


def tried(what):
    try:
        return what()
    except psycopg.Error as error:
        return f"{type(error).__name__} {error.diag.sqlstate}: {error.diag.message_primary}"


def with_psycopg():
    with psycopg.connect("", autocommit=True) as db:
        register_composite(CompositeInfo.fetch(db, "customers"), db)
        print(EnumInfo.fetch(db, "mood").labels)
        for binary in (False, True):
            for sql in (WHOLE, ARRAYS, TYPES, NAMES):
                cursor = db.execute(sql, binary=binary, prepare=True)
                print([(one.name, one.type_code if one.type_code < 16384 else "own") for one in cursor.description])
                print(cursor.fetchall())
        with db.transaction():
            with db.cursor("mine", scrollable=True) as cursor:
                cursor.execute(NAMES)
                print(cursor.fetchmany(3), cursor.fetchone())
                cursor.scroll(-2)
                print(cursor.fetchmany(2), len(cursor.fetchall()))
        with db.cursor() as cursor:
            for form in ("FORMAT text", "FORMAT csv, HEADER", "FORMAT binary"):
                with cursor.copy(f"COPY (SELECT * FROM customers WHERE grade = 1 ORDER BY id) TO STDOUT ({form})") as copy:
                    print(b"".join(bytes(part) for part in copy)[:2000])
            with cursor.copy("COPY feelings FROM STDIN") as copy:
                copy.write_row((1350, "glad", "[1,2)", "{glad,sad}"))
        db.execute("DELETE FROM feelings WHERE customer_id = 1350")
        for change in ("ALTER TABLE customers ADD note text", "ALTER TABLE customers ALTER name TYPE varchar(90)",
                       "ALTER TABLE customers DROP note", "ALTER TABLE customers ALTER name TYPE text"):
            for sql in (WHOLE, NAMES, "SELECT * FROM customers WHERE id = 1350"):
                print(tried(lambda sql=sql: db.execute(sql, prepare=True).fetchall()))
            db.execute(change)
            for sql in (WHOLE, NAMES, "SELECT * FROM customers WHERE id = 1350"):
                print(change, tried(lambda sql=sql: db.execute(sql, prepare=True).fetchall()))


async def asked(db, sql, *values):
    try:
        return await db.fetch(sql, *values)
    except asyncpg.PostgresError as error:
        return f"{type(error).__name__} {error.sqlstate}: {error}"


async def with_asyncpg():
    db = await asyncpg.connect(ssl=False)
    for sql in (WHOLE, ARRAYS, TYPES, NAMES):
        print(await asked(db, sql))
    statement = await db.prepare(NAMES)
    print([(one.name, one.type.name) for one in statement.get_attributes()], statement.get_parameters())
    async with db.transaction():
        print([row async for row in db.cursor(NAMES, prefetch=2)])
    for change in ("ALTER TABLE customers ADD note text", "ALTER TABLE customers ALTER name TYPE varchar(90)",
                   "ALTER TABLE customers DROP note", "ALTER TABLE customers ALTER name TYPE text"):
        await db.execute(change)
        for sql in (WHOLE, NAMES, "SELECT * FROM customers WHERE id = $1"):
            values = (1350,) if "$1" in sql else ()
            print(change, await asked(db, sql, *values))
            async with db.transaction():
                print(await asked(db, sql, *values))
    async with db.transaction():
        await db.execute("ALTER TABLE customers ADD note text")
        print(await asked(db, "SELECT * FROM customers WHERE id = $1", 1350))
    await db.execute("ALTER TABLE customers DROP note")
    await db.close()


os.environ["PGAPPNAME"] = "types"
with_psycopg()
asyncio.run(with_asyncpg())
