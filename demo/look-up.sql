-- SPDX-License-Identifier: Apache-2.0
-- What a shop's application does all day (a script for pgbench): a customer, and their latest orders.
\set id random(1, 200000)
SELECT name, phone, address FROM customers WHERE id = :id;
SELECT item, amount, ordered_at FROM orders WHERE customer_id = :id ORDER BY ordered_at DESC LIMIT 5;
