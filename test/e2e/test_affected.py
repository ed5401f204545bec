#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page on which persons ask what of theirs was shown."""
import json

import affected
import guard
import harness
import shop
from stage import equal, test
from test_signed import ledger, of, texts
import verifier

ASKED = 20


@harness.shared
def page():
    return affected.Page("affected")


def customer(number, column):
    return shop.server().value(f"SELECT {column} FROM customers WHERE id = {number}")


@test(gateway=True, limit=120)
def test_a_person_sees_what_was_shown():
    """Who gives the code that was sent sees which fields were shown, when, how clearly and to what kind of account, in both languages; and that this was asked is in the ledger"""
    made = page()
    with made.front.login(user="app") as session:
        session.query("SELECT id, name, phone FROM customers WHERE id = 1287")
        session.terminate()
    browser = affected.Browser(made)
    status, _, text = browser.enter(customer(1287, "email"))
    equal(status, 200, text)
    said = affected.text_of(text)
    assert "Your data was shown" in said and "Number of times: 1" in said, said
    print(said)


if __name__ == "__main__":
    harness.main()
