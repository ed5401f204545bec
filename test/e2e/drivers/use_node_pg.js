// SPDX-License-Identifier: Apache-2.0
// Node's pg through the gateway; see ../test_drivers.py.
'use strict';
const fs = require('fs');
const { Client } = require('pg');

function check(isSo, what) {
    if (!isSo) {
        throw new Error(what);
    }
}

const mode = process.env.PGSSLMODE;
delete process.env.PGSSLMODE; // this driver takes it for more than it is

function make() {
    const options = {};
    if (mode === 'verify-full') {
        options.ssl = { ca: fs.readFileSync(process.env.PGSSLROOTCERT, 'utf8') };
    }
    return new Client(options);
}

async function fails(promise) {
    try {
        await promise;
    } catch (error) {
        return error.code;
    }
    return null;
}

async function main() {
    const rows = Number(process.env.TREE_ROWS);
    const db = make();
    await db.connect();
    const byId = 'SELECT name FROM people WHERE id = $1';
    check((await db.query(byId, [17])).rows[0].name === 'name 17', 'name');
    for (const id of [18, 19]) {
        const named = await db.query({ name: 'by-id', text: byId, values: [id] });
        check(named.rows[0].name === `name ${id}`, 'prepared');
    }
    await db.query('BEGIN');
    await db.query("UPDATE people SET name = 'other' WHERE id = 17");
    await db.query('ROLLBACK');
    check(await fails(db.query('SELECT 1 / 0')) === '22012', 'state');
    check((await db.query(byId, [17])).rows[0].name === 'name 17', 'rolled back');
    check((await db.query('SELECT id, name, worth FROM people')).rows.length === rows, 'rows');
    const other = make();
    await other.connect();
    const arrived = new Promise((resolve) => db.on('notification', (news) => resolve(news.payload)));
    await db.query('LISTEN news');
    await other.query("NOTIFY news, 'arrived'");
    check(await arrived === 'arrived', 'notify');
    const pid = (await db.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    const slow = fails(db.query('SELECT pg_sleep(50)'));
    const running = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(50)'"
        + " AND state = 'active' AND pid = $1";
    while ((await other.query(running, [pid])).rows[0].n === 0);
    await other.query('SELECT pg_cancel_backend($1)', [pid]); // the driver has no cancel of its own over TLS
    check(await slow === '57014', 'cancel');
    check((await db.query('SELECT 5 AS n')).rows[0].n === 5, 'goes on');
    await other.end();
    await db.end();
    console.log('fine');
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
