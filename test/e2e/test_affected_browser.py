#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page on which persons ask, in a real Chromium without scripts: with the keyboard alone, as a screen reader is told it, at the
width of a telephone, in both languages, in light and in dark.

PASU_PICTURES=FOLDER keeps a picture of each page."""
import json
import os
import pathlib
import re

import affected
import chromium
import harness
import process
import shop
from stage import equal, test
import verifier

PICTURES = os.environ.get("PASU_PICTURES")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740, "mobile": True}


def browsing(function):
    return harness.only_if(chromium.POSSIBLE, chromium.WHY)(function)


@harness.shared
def page():
    made = affected.Page("browsed", more={"rules": [{"name": "hide", "when": {"principal": "analyst", "fields": ["phone"]}, "verdict": "mask"}]},
                         codes_per_contact=100)
    for user, sql in (("app", "SELECT id, name, phone, email, address FROM customers WHERE id = 1287"), ("analyst", "SELECT id, phone FROM customers WHERE id = 1287"),
                      ("app", "SELECT upper(max(name)) FROM customers")):
        with made.front.login(user=user) as session:
            session.query(sql)
            session.terminate()
    return made


def email():
    return shop.server().value("SELECT email FROM customers WHERE id = 1287")


def picture(browser, name):
    if PICTURES:
        browser.picture(pathlib.Path(PICTURES) / f"{name}.png")


def fits(browser, what):
    """Nothing is wider than the page."""
    content, width = browser.size()
    assert content <= width, f"{what}: {content} px, in {width}"


def start(name, language, **more):
    browser = chromium.Chromium(name, language=language, **more)
    browser.go(f"http://127.0.0.1:{page().port}/")
    return browser


def tab_to(browser, role, name):
    """The Tab key, until that has the focus; what had it on the way."""
    passed = []
    for _ in range(20):
        browser.press(chromium.TAB)
        passed.append(browser.focused())
        if passed[-1] == (role, name):
            return passed
    raise AssertionError(f"{role} {name!r} is not reached: {passed}")


def enter(browser, words):
    """From the first page to the last, with keys alone."""
    tab_to(browser, "textbox", words["ask_label"])
    browser.type(email())
    browser.press(chromium.ENTER)
    process.until(lambda: browser.url().endswith("/code"), "the page for the code")
    code = page().message()["code"]
    tab_to(browser, "textbox", words["code_label"])
    return code


def words(language):
    return json.loads((harness.TREE / "web" / f"{language}.json").read_text(encoding="utf-8"))


@browsing
@test(gateway=True, limit=180)
def test_keyboard_alone():
    """With the Tab key, letters and Enter a person comes from the first page to the certificate, which verify-ledger proves; the order of the focus is that of the page; a wrong code is announced, and the field says so"""
    said = words("en")
    browser = start("keyboard", "en", **WIDE)
    equal(tab_to(browser, "button", said["ask_button"]),
          [("link", said["skip"]), ("link", "한국어"), ("textbox", said["ask_label"]), ("button", said["ask_button"])])
    browser.go(f"http://127.0.0.1:{page().port}/")
    code = enter(browser, said)
    browser.type(str((int(code) + 1) % 10**8).zfill(8))
    browser.press(chromium.ENTER)
    process.until(lambda: browser.url().endswith("/code?again=1"), "the same page again")
    assert ("alert", "") in browser.heard("alert") and said["code_wrong"] in browser.text("[role=alert]"), browser.heard("alert")
    field = next(node for node in browser.tree() if node["role"]["value"] == "textbox")
    assert {"invalid": "true"}.items() <= {one["name"]: one["value"].get("value") for one in field["properties"]}.items(), field
    assert said["code_wrong"] in field["description"]["value"] and said["code_hint"] in field["description"]["value"], field
    tab_to(browser, "textbox", said["code_label"])
    browser.type(f"{code[:4]} {code[4:]}")
    browser.press(chromium.ENTER)
    process.until(lambda: browser.url().endswith("/yours"), "what was shown")
    assert said["shown_yes"] in browser.text("main"), browser.text("main")
    browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(browser.folder))
    tab_to(browser, "button", said["cert_button"])
    browser.press(chromium.SPACE)
    path = browser.folder / "pasu-certificate.json"
    process.until(path.exists, "the certificate")
    equal(verifier.run("--certificate", path, "--key", json.loads(path.read_text(encoding="utf-8"))["certificate"]["verifier_key"])[0], 0)
    tab_to(browser, "button", said["shown_leave"])
    browser.press(chromium.ENTER)
    process.until(lambda: browser.url().endswith("/?left=1"), "the end")
    assert said["ask_left"] in browser.text("[role=status]")
    browser.close()


@browsing
@test(gateway=True, limit=180)
def test_what_a_screen_reader_says():
    """Each page has a title of its own, its language, one heading of the first level, the landmarks, and a name for every field, button and link; in Korean and in English"""
    for language in ("ko", "en"):
        said = words(language)
        browser = start(f"heard-{language}", language, **WIDE)
        check_heard(browser, said, "ask", language)
        code = enter(browser, said)
        check_heard(browser, said, "code", language)
        browser.type(code)
        browser.press(chromium.ENTER)
        process.until(lambda: browser.url().endswith("/yours"), "what was shown")
        check_heard(browser, said, "shown", language)
        headings = [name for _, name in browser.heard("heading")]
        for due in ("shown_yes", "shown_fields_title", "shown_when_title", "shown_possible_title", "cert_title"):
            assert said[due] in headings, (due, headings)
        browser.go(f"http://127.0.0.1:{page().port}/none")
        equal(browser.text("h1"), said["note_nothing_title"])
        browser.close()


def check_heard(browser, said, name, language):
    tree = browser.tree()
    equal(browser.title(), f'{said[name + "_title"]} · {said["title"]}')
    assert f'<html lang="{language}"' in browser.source()
    tops = [node for node in tree if node["role"]["value"] == "heading" and any(one["name"] == "level" and one["value"]["value"] == 1 for one in node["properties"])]
    equal([node["name"]["value"] for node in tops], [said[name + "_title"]])
    roles = {node["role"]["value"] for node in tree}
    assert {"main", "banner", "contentinfo", "navigation"} <= roles, roles
    equal(browser.heard("navigation"), [("navigation", said["language_label"])])
    for role, heard in browser.heard("textbox", "button", "link", "region", "DisclosureTriangle"):
        assert heard.strip(), (role, browser.source())
    assert not browser.heard("img"), "a picture without words"


@browsing
@test(gateway=True, limit=240)
def test_width_and_colours():
    """Every page fits a telephone of 360 pixels and a screen, in both languages, in light and in dark; a text is told from its background by 4.5:1"""
    for language, screen in (("ko", NARROW), ("en", NARROW), ("ko", WIDE), ("en", WIDE)):
        said, dark = words(language), screen is WIDE and language == "en"
        name = f"{language}-{'phone' if screen is NARROW else 'screen'}"
        browser = start(name, language, dark=dark, **screen)
        fits(browser, f"{name}: ask")
        picture(browser, f"{name}-ask")
        code = enter(browser, said)
        fits(browser, f"{name}: code")
        picture(browser, f"{name}-code")
        browser.type("00000000")
        browser.press(chromium.ENTER)
        process.until(lambda: browser.url().endswith("again=1"), "again")
        fits(browser, f"{name}: again")
        picture(browser, f"{name}-again")
        tab_to(browser, "textbox", said["code_label"])
        browser.type(code)
        browser.press(chromium.ENTER)
        process.until(lambda: browser.url().endswith("/yours"), "what was shown")
        fits(browser, f"{name}: shown")
        picture(browser, f"{name}-shown")
        browser.close()


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)] if len(colour) == 7 else [int(c * 2, 16) / 255 for c in colour[1:]]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@test()
def test_contrast():
    """WCAG 2.1, 1.4.3 and 1.4.11, of the style's colours: texts 4.5:1, frames of fields 3:1, in light and in dark"""
    style = (harness.TREE / "web" / "style.css").read_text(encoding="utf-8")
    themes = [dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})\b", block)) for block in re.findall(r":root\{([^}]*)\}", style)]
    equal(len(themes), 2)
    for colours in themes:
        for text, back, least in (("ink", "back", 7), ("dim", "back", 4.5), ("deep", "back", 4.5), ("on-deep", "deep", 4.5), ("bad", "bad-back", 4.5), ("bad", "back", 4.5),
                                  ("ink", "maybe-back", 7), ("ink", "soft", 7), ("line", "back", 3)):
            one, other = sorted((luminance(colours[text]), luminance(colours[back])), reverse=True)
            assert (one + 0.05) / (other + 0.05) >= least, (text, back, (one + 0.05) / (other + 0.05))


if __name__ == "__main__":
    harness.main()
