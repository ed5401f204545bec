/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server says of a column that identity names: who makes the identity index asks it before
 * the values are read, who uses it asks again, and both compare.
 */
#ifndef PASU_POSTGRES_IDENTITY_COLUMN_H
#define PASU_POSTGRES_IDENTITY_COLUMN_H

/*
 * One row of identity_column_sql for each (number, relation, attribute) of the list: number, rows
 * inserted, updated and deleted ever since `reset`, that (microseconds since 2000 of the
 * server's statistics, or the database's; 0: never, or not known), the number of the table's file,
 * which TRUNCATE and what writes all rows anew change, and whether the column is as it must be: of
 * an ordinary table that no other inherits from, of a type whose equal values are the same bytes;
 * and whether no value can come twice, nor a row go without a statement that names the table.
 */
enum identity_column_value {
    IDENTITY_COLUMN_NUMBER,
    IDENTITY_COLUMN_INSERTED,
    IDENTITY_COLUMN_UPDATED,
    IDENTITY_COLUMN_DELETED,
    IDENTITY_COLUMN_RESET,
    IDENTITY_COLUMN_FILE,
    IDENTITY_COLUMN_IS_FIT,
    IDENTITY_COLUMN_IS_UNIQUE,
    IDENTITY_COLUMN_VALUES
};

/* Of a server older than 17 the reset of all its statistics is in pg_stat_bgwriter. */
#define IDENTITY_COLUMN_SQL(list)                                                                  \
    "SELECT v.n, "                                                                                 \
    "pg_catalog.pg_stat_get_tuples_inserted(c.oid), "                                              \
    "pg_catalog.pg_stat_get_tuples_updated(c.oid), "                                               \
    "pg_catalog.pg_stat_get_tuples_deleted(c.oid), "                                               \
    "coalesce((1e6 * extract(epoch FROM greatest("                                                 \
    "(SELECT b.stats_reset FROM pg_catalog.pg_stat_bgwriter b), "                                  \
    "pg_catalog.pg_stat_get_db_stat_reset_time(d.oid))))::bigint, 0), c.relfilenode::bigint, "     \
    "(c.relkind = 'r' AND NOT c.relhassubclass AND a.atttypid IN (25, 1043) AND "                  \
    "NOT a.attisdropped AND EXISTS (SELECT FROM pg_catalog.pg_collation l "                        \
    "WHERE l.oid = a.attcollation AND l.collisdeterministic))::int, "                              \
    "(EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND "   \
    "i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND "            \
    "i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AND NOT EXISTS (SELECT FROM "                   \
    "pg_catalog.pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f' AND "                 \
    "(f.confdeltype <> 'a' AND f.confdeltype <> 'r' OR f.confupdtype <> 'a' AND "                  \
    "f.confupdtype <> 'r')))::int "                                                                \
    "FROM (VALUES " list ") v (n, r, a) JOIN pg_catalog.pg_class c ON c.oid = v.r "                \
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = v.a "                     \
    "JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()"

/* How many locks this transaction holds on the relation with that OID. */
#define IDENTITY_LOCK_SQL(relation)                                                                \
    "SELECT count(*) FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d "                    \
    "ON d.oid = l.database AND d.datname = pg_catalog.current_database() "                         \
    "WHERE l.locktype = 'relation' AND l.granted AND l.pid = pg_catalog.pg_backend_pid() "         \
    "AND l.relation = " relation

#endif
