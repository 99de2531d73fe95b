"""Headless Chromium for tests, driven by its DevTools protocol.

    with Browser() as browser:
        browser.open("http://127.0.0.1:8000")
        assert browser.evaluate("document.title") == "Ask"
        assert browser.problems == []

It reaches nothing but this machine. A test that needs it is skipped where there is no Chromium.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest
from waits import PATIENT, eventually

__all__ = ["Browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)


class Browser:
    """A browser with one page, in a `with` block.

    `problems` has each exception of a script, each error on the console, and each request that failed.
    """

    def __init__(self) -> None:
        path = next(filter(None, map(shutil.which, _NAMES)), None)
        if path is None:
            pytest.skip("Chromium is not installed")
        self.problems: list[str] = []
        self._path = path
        self._number = 0
        self._urls: dict[str, str] = {}

    def __enter__(self) -> Self:
        from websockets.sync.client import connect

        self._folder = tempfile.TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [self._path, *_OPTIONS, f"--user-data-dir={self._folder.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            address = Path(self._folder.name, "DevToolsActivePort")
            eventually(lambda: address.exists() and address.read_text().count("\n"))
            port, path = address.read_text().split("\n")[:2]
            self._opened = ExitStack()
            self._socket = self._opened.enter_context(
                connect(f"ws://127.0.0.1:{port}{path}", max_size=None, open_timeout=PATIENT)
            )
            self._session: str | None = None
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._opened.close()
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command of the protocol and return its result; events that come meanwhile are looked at."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(command | ({"sessionId": self._session} if self._session else {})))
        while True:
            message = json.loads(self._socket.recv(PATIENT))
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
            if "method" in message:
                self._note(message["method"], message["params"])

    def _note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.problems.append(details.get("exception", {}).get("description") or details["text"])
            case "Runtime.consoleAPICalled" if params["type"] in ("assert", "error"):
                self.problems.append(" ".join(str(each.get("value")) for each in params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.problems.append(params["entry"]["text"])
            case "Network.requestWillBeSent":
                self._urls[params["requestId"]] = params["request"]["url"]
            case "Network.loadingFailed" if not params.get("canceled"):
                self.problems.append(f"{self._urls.get(params['requestId'])}: {params['errorText']}")
            case _:
                pass

    def open(self, url: str, *, width: int = 1200, height: int = 800, dark: bool = False) -> None:
        """Load a page in a window of this size, and wait until it is complete."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        failure = self.call("Page.navigate", url=url).get("errorText")
        assert not failure, f"{url}: {failure}"
        self.wait_for("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, of a promise what it resolves to."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression of JavaScript is true."""
        eventually(lambda: self.evaluate(expression))

    def screenshot(self, path: Path) -> None:
        """Save a picture of the window as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
