#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""asyncpg through the gateway; see ../test_drivers.py."""
import asyncio
import os

import asyncpg

rows = int(os.environ["TREE_ROWS"])


async def main():
    connection = await asyncpg.connect()
    assert await connection.fetchval("SELECT name FROM people WHERE id = $1", 17) == "name 17"
    by_id = await connection.prepare("SELECT name FROM people WHERE id = $1")
    assert await by_id.fetchval(18) == "name 18"
    change = connection.transaction()
    await change.start()
    await connection.execute("UPDATE people SET name = $1 WHERE id = 17", "other")
    await change.rollback()
    try:
        await connection.fetchval("SELECT 1 / 0")
        raise SystemExit("no error")
    except asyncpg.DivisionByZeroError:
        pass
    assert await connection.fetchval("SELECT name FROM people WHERE id = 17") == "name 17"
    assert len(await connection.fetch("SELECT id, name, worth FROM people")) == rows
    async with connection.transaction():
        total = 0
        async for row in connection.cursor("SELECT id FROM people", prefetch=500):
            total += row[0]
        assert total == rows * (rows + 1) // 2
    await connection.execute("CREATE TEMP TABLE inbox (n int4, name text)")
    said = await connection.copy_records_to_table("inbox", records=[(n, f"line {n}") for n in range(rows)])
    assert said == f"COPY {rows}"
    count = 0

    async def take(data):
        nonlocal count
        count += data.count(b"\n")
    await connection.copy_from_query("SELECT * FROM inbox", output=take)
    assert count == rows
    arrived = asyncio.get_running_loop().create_future()
    await connection.add_listener("news", lambda *said: arrived.set_result(said[3]))
    other = await asyncpg.connect()
    await other.execute("NOTIFY news, 'arrived'")
    assert await asyncio.wait_for(arrived, 20) == "arrived"
    await other.close()
    try:
        await connection.fetchval("SELECT pg_sleep(50)", timeout=0.3)  # is cancelled
        raise SystemExit("no timeout")
    except asyncio.TimeoutError:
        pass
    assert await connection.fetchval("SELECT 5") == 5
    await connection.close()


asyncio.run(main())
print("fine")
