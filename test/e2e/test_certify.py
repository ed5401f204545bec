#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu certify: what one person gets, and what verify-ledger says about it, from the file and the verifier's key alone."""
import harness
import shop
from stage import equal, test


@harness.shared
def front():
    return shop.front("certify")


@test(gateway=True)
def test_try():
    with front().login(application_name="one") as session:
        session.query("SELECT id, name, phone FROM customers WHERE id > 1000 ORDER BY id")
        session.query("SELECT name FROM customers WHERE id = 1287")
        session.query("SELECT name FROM customers WHERE id = 1288")
        session.query("SELECT login, name FROM accounts")
        session.terminate()
    import time
    for words in (["--kind", "customer", "1287"], ["--kind", "customer", "1288"], ["--kind", "account", "사용자 3"], ["--kind", "customer", "99"]):
        begin = time.monotonic()
        done = front().guard.run("certify", *words)
        print(time.monotonic() - begin, done.returncode, done.stderr, done.stdout[:3000])


if __name__ == "__main__":
    harness.main()
