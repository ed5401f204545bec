# SPDX-License-Identifier: Apache-2.0
"""A real Chromium, by chromedriver (W3C WebDriver, and Chromium's own protocol for what that has not: the accessibility tree and the
size of a telephone)."""
import base64
import contextlib
import http.client
import json
import os
import shutil

import harness
import process

DRIVER = shutil.which("chromedriver")
BROWSER = shutil.which("chromium")
POSSIBLE = DRIVER is not None and BROWSER is not None
WHY = "Chromium is not installed: script/bootstrap test (packages chromium, chromium-driver)"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER, SPACE = "\ue004", "\ue007", " "


class Chromium:
    def __init__(self, name, *, language="en", width=1280, height=900, mobile=False, dark=False, scripts=False):
        self.port = process.free_port()
        self.folder = harness.folder() / name
        self.folder.mkdir()
        environment = dict(os.environ, HOME=str(self.folder), TMPDIR=str(self.folder))
        self.driver = process.Process(name, [DRIVER, f"--port={self.port}"], env=environment)
        process.until(self.is_ready, "chromedriver")
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                     f"--user-data-dir={self.folder / 'profile'}", f"--lang={language}", *(["--no-sandbox"] if harness.ROOT else [])]
        preferences = {"intl.accept_languages": language, "download.default_directory": str(self.folder),
                       **({} if scripts else {"profile.managed_default_content_settings.javascript": 2})}
        self.session = None
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "acceptInsecureCerts": True, "goog:chromeOptions": {"binary": BROWSER, "args": arguments, "prefs": preferences}}}})
        self.session = made["sessionId"]
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)
        if dark:
            self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def is_ready(self):
        with contextlib.suppress(OSError, AssertionError):
            return self.raw("GET", "/status")["ready"]
        return False

    def raw(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())["value"]
        connection.close()
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def ask(self, method, path, body=None):
        return self.raw(method, (f"/session/{self.session}" if self.session else "") + path, body)

    def cdp(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def go(self, url):
        self.ask("POST", "/url", {"url": url})

    def url(self):
        return self.ask("GET", "/url")

    def title(self):
        return self.ask("GET", "/title")

    def source(self):
        return self.ask("GET", "/source")

    def find(self, css):
        return self.ask("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def text(self, css="body"):
        return self.ask("GET", f"/element/{self.find(css)}/text")

    def press(self, *keys):
        """Keys of the keyboard, wherever the focus is."""
        actions = [step for key in keys for step in ({"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def type(self, text):
        self.press(*text)

    def focused(self):
        """What has the focus, as somebody hears it: role and name."""
        for node in self.tree():
            if any(one["name"] == "focused" and one["value"].get("value") for one in node.get("properties", ())) and node["role"]["value"] != "RootWebArea":
                return node["role"]["value"], node.get("name", {}).get("value", "")
        return None

    def tree(self):
        """What a screen reader is given, without what it passes over."""
        return [node for node in self.cdp("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]

    def heard(self, *roles):
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in self.tree() if node["role"]["value"] in roles]

    def size(self):
        """How wide the content is, and how wide the page may be, in CSS pixels."""
        metrics = self.cdp("Page.getLayoutMetrics")
        return metrics["cssContentSize"]["width"], metrics["cssLayoutViewport"]["clientWidth"]

    def picture(self, path):
        content = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True,
                        clip={"x": 0, "y": 0, "width": content["width"], "height": content["height"], "scale": 1})
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        with contextlib.suppress(OSError, AssertionError):
            self.ask("DELETE", "")
        self.driver.stop(20)
