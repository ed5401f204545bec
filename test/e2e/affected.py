# SPDX-License-Identifier: Apache-2.0
"""The page on which persons ask: a gateway with it, what its mailer gets, and a browser that only knows HTTP."""
import html
import http.client
import json
import os
import re
import urllib.parse

import harness
import process
import shop
from stage import equal

CONTROLLER = """controller:
  ko: {name: "가게", contact: "개인정보팀 02-1-2", path: "", measures: "-", remedy: "-", more: ""}
  en: {name: "Shop", contact: "privacy team, 02-1-2", path: "", measures: "-", remedy: "-", more: ""}
"""
CONTACTS = [{"subject": "customer", "query": "SELECT id, email AS mail, phone FROM public.customers;"},
            {"subject": "account", "query": "SELECT login, email AS mail FROM public.accounts"}]


def texts():
    page = (harness.TREE / "contrib" / "incident" / "notices.yaml").read_text(encoding="utf-8")
    return re.sub(r"controller:\n.*\n.*\n", CONTROLLER, page, count=1)


FORM = re.compile(r'name="form" value="([0-9a-f]{32})"')


class Page:
    """A gateway with the page, and the folder that a mailer would take messages from."""

    def __init__(self, name, *, contacts=CONTACTS, more=None, context=None, **settings):
        shop.asked()  # the inspector's role is there
        shop.server().sql("GRANT SELECT ON customers, accounts TO pasu")
        self.port, self.context = process.free_port(), context
        self.outbox = harness.folder() / f"{name}-outbox"
        self.outbox.mkdir()
        self.outbox.chmod(0o777)
        notices = harness.folder() / f"{name}-notices.yaml"
        notices.write_text(texts(), encoding="utf-8")
        self.affected = {"listen": f"127.0.0.1:{self.port}", "file": str(self.outbox), "answer_time": "100ms",
                         "codes_per_address": 1000, **settings}
        self.front = shop.front(name, more={"affected": self.affected, "incident": {"notices": str(notices), "contacts": contacts},
                                            "time_zone": "Asia/Seoul", **(more or {})})
        self.guard = self.front.guard
        self.taken = set()
        self.wait()

    def wait(self):
        self.guard.wait("console_ready")
        process.until(lambda: Browser(self, context=self.context).get("/")[0] == 200, "the page")
        process.until(lambda: {"console", "clerk"} <= set(self.guard.pids()), "console and clerk")

    def messages(self):
        """Those that nobody has looked at yet."""
        found = []
        for path in sorted(self.outbox.glob("*.json"), key=os.path.getmtime):
            if path.name not in self.taken:
                self.taken.add(path.name)
                found.append(json.loads(path.read_text(encoding="utf-8")))
        return found

    def message(self):
        """The next one, which is awaited."""
        found = []
        process.until(lambda: found or found.extend(self.messages()) or found, "a message")
        equal(len(found), 1, found)
        return found[0]


class Browser:
    def __init__(self, page, *, language="en", context=None, headers=None):
        self.page, self.language, self.context, self.headers, self.cookies, self.form = page, language, context, headers or {}, {}, None

    def ask(self, method, path, form=None, *, raw=None, cookies=None):
        kind = http.client.HTTPSConnection if self.context else http.client.HTTPConnection
        connection = kind("127.0.0.1", self.page.port, timeout=60, **({"context": self.context} if self.context else {}))
        jar = self.cookies if cookies is None else cookies
        headers = {"Accept-Language": self.language, **self.headers}
        if jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        body = raw if raw is not None else urllib.parse.urlencode(form) if form is not None else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        self.set = answer.headers.get_all("Set-Cookie") or []
        for cookie in self.set:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        found = FORM.search(text.decode("utf-8", "replace"))
        self.form = found[1] if found else self.form
        return answer.status, answer.headers, text.decode("utf-8")

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, **form):
        return self.ask("POST", path, {"form": self.form or "", **form})

    def want(self, contact):
        """Asks for a code; where it leads to."""
        equal(self.get("/")[0], 200)
        status, headers, _ = self.post("/code", contact=contact)
        equal((status, headers["Location"]), (303, "/code"))
        return self.get("/code")

    def give(self, code):
        status, headers, text = self.post("/yours", code=code)
        return status, headers["Location"], text

    def enter(self, contact):
        """With the code that comes."""
        self.want(contact)
        equal(self.give(self.page.message()["code"])[:2], (303, "/yours"))
        return self.get("/yours")


def text_of(page):
    """What is to be read on a page."""
    body = page[page.index("<main"):]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))
