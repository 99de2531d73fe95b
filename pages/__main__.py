"""The command `python -m pages`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event

import yaml

from .browser import find_chromium, look, served
from .links import check_links
from .llms_text import llms_files
from .staging import ROOT, pages, stage

DESCRIPTION = """\
Build the site into a folder, check its links, open each page in Chromium, and serve it.

Exit codes: 0 success; 1 the site cannot be built strictly, or a page has a mistake.
"""


def build(target: Path) -> bool:
    """Build the site strictly; return whether there was no mistake."""
    with tempfile.TemporaryDirectory() as name:
        settings = stage(Path(name))
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(settings)]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return False
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(Path(name, "site"), target)
        menu = yaml.safe_load(settings.read_text("utf-8"))["nav"]
    for file, text in llms_files(menu, pages()).items():
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_text(text, encoding="utf-8")
    return True


def check(site: Path, screenshots: Path | None, *, with_browser: bool) -> bool:
    """Print the mistakes of a built site and its counts; return whether there is no mistake."""
    checked = check_links(site)
    mistakes = checked.mistakes
    opened = 0
    if with_browser and (chromium := find_chromium()):
        opened, found = look(site, chromium, screenshots)
        mistakes += found
    for mistake in mistakes:
        print(mistake)
    print(f"{checked.pages} pages, {checked.links} links, {checked.anchors} of them with an anchor")
    print(
        f"{opened} pages opened in Chromium"
        if opened
        else "Chromium is not here or not wanted: no page opened"
    )
    print(f"{len(mistakes)} mistakes")
    return not mistakes


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pages", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "-d", "--directory", type=Path, default=ROOT / "site", help="the folder; `site` by default"
    )
    parser.add_argument("--no-build", action="store_true", help="check the site that is there")
    parser.add_argument("--no-browser", action="store_true", help="open no page in Chromium")
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="write pictures of some pages")
    parser.add_argument("--serve", action="store_true", help="serve the site until Ctrl+C")
    options = parser.parse_args()
    if not options.no_build and not build(options.directory):
        return 1
    if options.serve:
        with served(options.directory) as address:
            print(f"{address} (Ctrl+C ends it)")
            with suppress(KeyboardInterrupt):
                Event().wait()
        return 0
    done = check(options.directory, options.screenshots, with_browser=not options.no_browser)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
