#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Peaks and groups: of the least and the greatest value of a group, and of groups of partitions, of domains, of
views and of expressions the ledger names just those whose values they are."""
import harness
from stage import test
import test_random as random_statements

PEAKS = (
    "SELECT region, max(name) FROM customers GROUP BY region",
    "SELECT max(name), max(phone), min(email), count(*) FROM customers",
    "SELECT region, max(amount) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY region",
    "SELECT max(item) FILTER (WHERE status <> 'sent'), count(*) FROM orders",
    "SELECT max(place), count(*) FROM visits",
    "SELECT max(item) FILTER (WHERE status <> 'sent') FROM orders",
    "SELECT status, max(upper(item)) FROM orders GROUP BY status",
    "SELECT max(name || '/' || id::text || email), min(email || name) FROM customers WHERE grade > 0",
    "SELECT r, min(email || name), min(name || email) FROM (SELECT region AS r, name, email FROM customers) s GROUP BY r",
    "SELECT min(c.email || o.item) FROM customers c JOIN orders o ON o.customer_id = c.id",
    "SELECT customer_id % 3, min(place), max(place) FROM visits GROUP BY 1",
    "SELECT kv FROM (SELECT min(item) AS kv, count(*) AS kc FROM orders GROUP BY status) AS k ORDER BY 1",
    "SELECT max(n), count(*) FROM (SELECT name AS n FROM customers WHERE grade > 0) s",
    "SELECT max(who), count(*) FROM labels WHERE region IS NOT NULL",
    "SELECT max(name), count(*) FROM buyers",
    "SELECT bought, max(name) FROM buyers GROUP BY bought ORDER BY 1",
    "SELECT max(b.name) FROM customers a LEFT JOIN customers b ON a.referrer = b.id WHERE b.referrer < 4",
)
GROUPS = (
    "SELECT string_agg(place, ',') FROM visits",
    "SELECT day, json_agg(place) FROM visits GROUP BY day",
    "SELECT DISTINCT phone FROM customers ORDER BY 1",
    "SELECT DISTINCT who FROM labels ORDER BY 1",
    "SELECT DISTINCT name, bought FROM buyers ORDER BY 1, 2",
    "SELECT DISTINCT buyer FROM handled ORDER BY buyer LIMIT 3",
    "SELECT email FROM customers UNION SELECT nick FROM members ORDER BY 1",
    "SELECT upper(name) FROM customers UNION SELECT name || '!' FROM customers ORDER BY 1",
    "SELECT phone FROM customers EXCEPT SELECT title FROM goods ORDER BY phone LIMIT 3",
)
# What the greatest value is of: two persons, or a row that is nobody's.
PERHAPS = (
    ("SELECT min(name), count(*) FROM customers", 0, 8),
    ("SELECT status, max(coalesce(item, '')) FROM orders GROUP BY status", 0, 8),
    ("SELECT max(upper(item)) FROM orders", 0, 8),
    ("SELECT max(name), count(*) FROM customers WHERE id IN (2, 5)", 0, 8),
)


@test(gateway=True)
def test_peaks():
    """Of the least and the greatest value of a group the one person is named whose it is"""
    assert [one["exact"] for one in random_statements.check_told(PEAKS, "peak")] == [True] * len(PEAKS)


@test(gateway=True)
def test_peaks_of_several():
    """Where several have the greatest value, nobody is named"""
    random_statements.check_perhaps(PERHAPS, "peak of several")


@test(gateway=True)
def test_groups():
    """Groups of partitions, domains, views and expressions name all whose values they show"""
    assert [one["exact"] for one in random_statements.check_told(GROUPS, "group")] == [True] * len(GROUPS)


if __name__ == "__main__":
    harness.main()
