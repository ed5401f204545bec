-- SPDX-License-Identifier: Apache-2.0
-- An analyst at work: numbers that show nobody, and ten customers to call.
SELECT item, count(*), sum(amount) FROM orders GROUP BY item ORDER BY 3 DESC LIMIT 3;
SELECT id, name, phone FROM customers WHERE id BETWEEN 4711 AND 4720 ORDER BY id;
