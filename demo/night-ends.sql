-- SPDX-License-Identifier: Apache-2.0
-- Everybody; psql asks for 50 rows at a time, and writes them down as they come.
\set FETCH_COUNT 50
SELECT id, name, phone, email FROM customers ORDER BY id DESC;
