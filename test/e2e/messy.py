# SPDX-License-Identifier: Apache-2.0
"""Dumps as thieves have them: persons with made-up values, each value written in one of the ways in which people, spreadsheets and programs write it,
in any format. It shares nothing with what reads them."""
import json
import random
import unicodedata

FAMILY, GIVEN = "김이박최정강조윤장임", "민서도윤하준지우은채수빈예린현우영희철민"
WIDE = {ord(c): chr(ord(c) + 0xfee0) for c in "0123456789-+()@.abcdefghijklmnopqrstuvwxyz"}
DASHES = "-‐‑–—－"
BLANKS = " \u00a0\u3000\u2009"


class Person:
    def __init__(self, number, chance, domain):
        self.number = number
        self.name = chance.choice(FAMILY) + chance.choice(GIVEN) + chance.choice(GIVEN)
        self.phone = f"010{number:08d}" if number % 5 else f"02{chance.randrange(10):01d}{number:07d}"
        self.email = f"{chance.choice(['kim', 'lee.min', 'a_b', 'x-y+z', 'n'])}{number}@{domain}"


def persons(count, seed, start=0, domain="mail.example"):
    """`count` persons with numbers from `start` on: no two seeds or starts that do not overlap share a value."""
    chance = random.Random(seed)
    return [Person(start + i, chance, domain) for i in range(count)]


def groups(digits):
    area = 2 if digits.startswith("02") else 3
    return digits[:area], digits[area:-4], digits[-4:]


def dialled(digits):
    """010-1234-5678 as the database has it."""
    return "-".join(groups(digits))


def phone(digits, chance):
    a, b, c = groups(digits)
    dash, blank = chance.choice(DASHES), chance.choice(BLANKS)
    ways = [digits, f"{a}-{b}-{c}", f"{a} {b} {c}", f"{a}.{b}.{c}", f"({a}) {b}-{c}", f"{a}){b}-{c}", f"+82{a[1:]}{b}{c}", f"+82-{a[1:]}-{b}-{c}",
            f"+82 {a[1:]} {b} {c}", f"+82 ({a[0]}){a[1:]}-{b}-{c}", f"82{a[1:]}{b}{c}", f"0082 {a[1:]} {b} {c}", f"{a}{dash}{b}{dash}{c}", f"{a}{blank}{b}{blank}{c}",
            f"{a} - {b} - {c}", f"{a}-{b}-{c}".translate(WIDE), f"{a}\u200b-{b}-{c}", f"  {digits} "]
    if a == "010":
        ways += [digits[1:], f"{digits[1:]}.0"]
    return chance.choice(ways)


def email(text, chance):
    return chance.choice([text, text, text.upper(), text.title(), f" {text} ", text.translate(WIDE), f"mailto:{text}", f"<{text}>"])


def name(text, chance):
    return chance.choice([text, unicodedata.normalize("NFD", text), f" {text} ", f"{text} 님"])


def noise(chance):
    """What looks a little like it: moments, order numbers, amounts, cards, accounts, coordinates, digests."""
    return chance.choice([f"2026-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d} 12:{chance.randrange(60):02d}:00", str(chance.randrange(10**13, 10**14)),
                          f"{chance.randrange(10**6)}.{chance.randrange(100):02d}", f"110-{chance.randrange(1000):03d}-{chance.randrange(10**12):012d}", f"{chance.randrange(38)}.{chance.randrange(10**6):06d}",
                          f"{chance.getrandbits(128):032x}", "서울시 강남구 테헤란로 152, 101동 1004호", "Main Street 5", ""])


def rows(people, seed):
    """(name, phone, email, noise, noise) in their ways; `name` as it is where names are to be found."""
    chance = random.Random(seed)
    for person in people:
        yield name(person.name, chance), phone(person.phone, chance), email(person.email, chance), noise(chance), noise(chance)


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def sql(text):
    return "'" + text.replace("'", "''") + "'"


def dump(people, form, seed=1):
    """The text of a dump of that form."""
    made = list(rows(people, seed))
    match form:
        case "csv":
            return "name,tel,mail,a,b\r\n" + "".join(",".join(map(quoted, row)) + "\r\n" for row in made)
        case "tsv":
            return "".join("\t".join(row) + "\n" for row in made)
        case "json":
            return json.dumps([dict(zip(("name", "tel", "mail", "a", "b"), row)) for row in made], indent=2)
        case "jsonl":
            return "".join(json.dumps(dict(zip(("name", "tel", "mail", "a", "b"), row)), ensure_ascii=False) + "\n" for row in made)
        case "sql":
            return "INSERT INTO t VALUES " + ",\n".join("(" + ",".join(map(sql, row)) + ")" for row in made) + ";\n"
        case "text":
            return "".join(f"고객 {row[0]}: 전화 {row[1]}, 메일 {row[2]}; {row[3]} / {row[4]}\n" for row in made)
    raise ValueError(form)


FORMS = ("csv", "tsv", "json", "jsonl", "sql", "text")
