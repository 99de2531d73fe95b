"""The options of every call, as the hand-written type describes them."""

import ast
from functools import cache
from itertools import pairwise
from pathlib import Path

__all__ = ["option_docs"]

_FILE = Path(__file__).parent.parent / "responses_client/_base/options.py"


@cache
def option_docs() -> dict[str, str]:
    """Return the names of the options of a call in their order, each with the docstring of its field."""
    classes = {
        node.name: node for node in ast.parse(_FILE.read_text("utf-8")).body if isinstance(node, ast.ClassDef)
    }
    found: dict[str, str] = {}
    for base in ("_CommonOptions", "OpenRequestOptions"):
        body = classes[base].body
        for field, text in pairwise(body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                    found[name] = doc
                case _:
                    pass
    return found
