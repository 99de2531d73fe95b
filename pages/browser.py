"""The built site in headless Chromium: each page opened, its errors and requests noted, screenshots of some."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["SHOWN", "SIZES", "Browser", "browser", "find_chromium", "look", "served"]

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
]
_SECONDS = 30.0


def find_chromium() -> str | None:
    """Return the path of Chromium, or None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return next(filter(None, map(shutil.which, names)), None)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def served(site: Path) -> Generator[str, None, None]:
    """Serve a folder on a port of this machine; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


class Browser:
    """A tab of Chromium, over the DevTools protocol."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command; return its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while (message := self._next()).get("id") != self._number:
            pass
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']['message']}")
        result: dict[str, Any] = message["result"]
        return result

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=_SECONDS))
        params = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Network.responseReceived" if params["response"]["status"] >= 400:
                self.errors.append(f"{params['response']['status']}: {params['response']['url']}")
            case "Runtime.exceptionThrown":
                self.errors.append(_exception(params))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.errors.append(" ".join(str(each.get("value")) for each in params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.errors.append(params["entry"]["text"])
            case _:
                pass
        return message

    def show(self, width: int, height: int, scheme: str) -> None:
        """Set the size of the window, and whether the system is light or dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def open(self, url: str) -> None:
        """Open a page and wait until it has loaded and run its scripts."""
        if failure := self.call("Page.navigate", url=url).get("errorText"):
            raise RuntimeError(f"{url}: {failure}")
        while self._next().get("method") != "Page.loadEventFired":
            pass
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def run(self, script: str) -> Any:
        """Return the value of a script; of a promise, the value that it resolves to."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {_exception(result)}")
        return result["result"].get("value")

    def screenshot(self, path: Path) -> None:
        """Write a picture of the window."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


def _exception(found: dict[str, Any]) -> str:
    details = found["exceptionDetails"]
    return str(details.get("exception", {}).get("description", details["text"]))


@contextmanager
def browser(chromium: str) -> Generator[Browser, None, None]:
    """Start Chromium; yield a tab of it."""
    from websockets.sync.client import connect

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [chromium, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port = _port(Path(profile, "DevToolsActivePort"), process)
            with connect(_tab(port), max_size=None, open_timeout=_SECONDS, proxy=None) as socket:
                yield Browser(socket)
        finally:
            process.terminate()
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        if file.exists() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.05)
    raise RuntimeError("Chromium did not start")


def _tab(port: int) -> str:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    connection.request("GET", "/json/list")
    tabs: Sequence[dict[str, str]] = json.load(connection.getresponse())
    connection.close()
    return next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")


# The start, a guide and a page of the reference.
SHOWN = ("", "streaming/", "reference/client-responses/", "reference/models/events/")
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
_CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")
_LEAST_CONTRAST = 4.5  # of normal text, by WCAG 2.2 AA


def look(site: Path, chromium: str, screenshots: Path | None = None) -> tuple[int, list[str]]:
    """Open each page of a built site; return how many, and a line for each mistake."""
    names = sorted(
        path.relative_to(site).as_posix().removesuffix("index.html")
        for path in site.rglob("*.html")
        if path.name == "index.html"
    )
    mistakes: list[str] = []
    with served(site) as address, browser(chromium) as tab:
        for name in names:
            tab.show(*SIZES["wide"], "light")
            mistakes += [f"{name or 'start'}: {mistake}" for mistake in _opened(tab, address, name)]
        for name in SHOWN:
            for size, (width, height) in SIZES.items():
                for scheme in ("light", "dark"):
                    tab.show(width, height, scheme)
                    found = _opened(tab, address, name)
                    found += [
                        f"low contrast: {each}" for each in tab.run(f"({_CONTRAST})({_LEAST_CONTRAST})")
                    ]
                    if (wanted := tab.run("document.documentElement.scrollWidth")) > width:
                        found.append(f"{wanted} pixels wide")
                    mistakes += [f"{name or 'start'}, {size}, {scheme}: {mistake}" for mistake in found]
                    if screenshots:
                        title = name.strip("/").replace("/", "-") or "start"
                        tab.screenshot(screenshots / f"{title}-{size}-{scheme}.png")
    return len(names), mistakes


def _opened(tab: Browser, address: str, name: str) -> list[str]:
    """Open a page; return its errors, and its requests to other hosts."""
    tab.open(address + name)
    found = [f"error: {error}" for error in tab.errors]
    found += [f"asks {url}" for url in tab.requests if not url.startswith((address, "data:", "blob:"))]
    tab.errors.clear()
    tab.requests.clear()
    return found
