-- SPDX-License-Identifier: Apache-2.0
-- An analyst at work: numbers that show nobody, and ten customers to call.
SELECT extract(year FROM joined_on) AS year, count(*) AS new_customers FROM customers GROUP BY 1 ORDER BY 1 DESC LIMIT 3;
SELECT id, name, phone FROM customers WHERE id BETWEEN 4711 AND 4720 ORDER BY id;
