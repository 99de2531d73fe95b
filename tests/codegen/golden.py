"""Expected texts in files. `python tests/codegen/golden.py` rewrites them; read the diff.

A file in `golden/` has the schema of a case and the files generated from it, each under a line `--- path`.
"""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
NAMES = HERE / "public_names.txt"
API = HERE / "public_api.txt"
CASES = sorted((HERE / "golden").glob("*.txt"))

_MARK = "--- "


def sections(text: str) -> dict[str, str]:
    """Return the parts of a case by path."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines(keepends=True):
        if line.startswith(_MARK):
            lines = found[line.removeprefix(_MARK).strip()] = []
        else:
            lines.append(line)
    return {path: "".join(lines) for path, lines in found.items()}


def generated(case: dict[str, str]) -> dict[str, str]:
    """Return the text that the schema of a case gives now, for the paths of the case."""
    from codegen.__main__ import generate
    from codegen.reader import parse

    schema = {path: text for path, text in case.items() if path.startswith("schema/")}
    files = generate(parse({Path(path).stem: text for path, text in schema.items()}))
    return schema | {path: files[f"responses_client/{path}"] for path in case if path not in schema}


def public_names() -> str:
    """Return the names that users may import, one per line."""
    modules = ["responses_client", "responses_client.models"]
    return "".join(f"{module}.{name}\n" for module in modules for name in sorted(dir(import_module(module))))


def main() -> None:
    """Rewrite all expected texts."""
    for path in CASES:
        parts = generated(sections(path.read_text("utf-8")))
        path.write_text("".join(f"{_MARK}{name}\n{text}" for name, text in parts.items()), "utf-8")
    NAMES.write_text(public_names(), "utf-8")

    from public_api import public_api

    API.write_text(public_api(), "utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    main()
