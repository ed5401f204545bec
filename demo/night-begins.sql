-- SPDX-License-Identifier: Apache-2.0
-- How many there are, and a number that is nobody's.
\o /dev/null
SELECT count(*) FROM customers;
SELECT name, phone FROM customers WHERE id = 909090;
