"""The public API as text: names, bases, signatures, types, defaults, read from the source without importing it.

So it is the same under every version of Python and of pydantic. `python tests/codegen/golden.py` writes it to
`public_api.txt`, beside the names alone; a change of the API shows in the diff of that file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = (
    "responses_client",
    "responses_client.errors",
    "responses_client.mcp",
    "responses_client.models",
    "responses_client.openai",
    "responses_client.inspect",
    "responses_client.otel",
    "responses_client.testing",
)
_SHOWN = frozenset(
    f"__{name}__"
    for name in (
        *("init", "enter", "exit", "aenter", "aexit", "iter", "next", "aiter", "anext"),
        *("call", "await", "getitem", "len", "contains", "bool", "eq", "hash"),
    )
)
"""The methods with double underscores that users call by syntax."""
_LONG = 160

Definition = tuple[str, str]  # module and name


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text("utf-8"))


def path_of(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements as type checkers see them."""
    for node in body:
        if isinstance(node, ast.If):
            test = ast.unparse(node.test)
            if test == "TYPE_CHECKING":
                yield from statements(node.body)
            elif test == "not TYPE_CHECKING":
                yield from statements(node.orelse)
            else:  # of versions: all forms
                yield from statements([*node.body, *node.orelse])
        else:
            yield node


@cache
def imports(module: str) -> dict[str, Definition]:
    """Return where each name that a module imports from the package is defined."""
    found: dict[str, Definition] = {}
    package = module if path_of(module).name == "__init__.py" else module.rpartition(".")[0]
    for node in statements(tree(module).body):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            source = f"{base}.{node.module}" if node.module else base
            for alias in node.names:
                names = exported(source) if alias.name == "*" else [alias.name]
                found |= {
                    (alias.asname or name) if alias.name != "*" else name: (source, name) for name in names
                }
    return found


@cache
def exported(module: str) -> list[str]:
    """Return the public names of a module: its `__all__`, or else the names that it imports and defines."""
    for node in statements(tree(module).body):
        is_list = isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
        if is_list and ast.unparse(node.targets[0]) == "__all__":
            return [str(each.value) for each in node.value.elts if isinstance(each, ast.Constant)]
    names = {*imports(module), *definitions(module)}
    return sorted(name for name in names if not name.startswith("_"))


@cache
def definitions(module: str) -> dict[str, list[ast.stmt]]:
    """Return the definitions of a module by name; a function with overloads has several."""
    found: dict[str, list[ast.stmt]] = {}
    for node in statements(tree(module).body):
        for name in names_of(node):
            found.setdefault(name, []).append(node)
    return found


def names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    return [target.id for target in targets if isinstance(target, ast.Name)]


def resolve(module: str, name: str) -> Definition | None:
    """Return where a name is defined in the package; None if it comes from elsewhere."""
    if name in definitions(module):
        return module, name
    if name in imports(module):
        source, original = imports(module)[name]
        is_module = path_of(f"{source}.{original}").exists()
        return None if is_module or not path_of(source).exists() else resolve(source, original)
    return None


def text(node: ast.expr | None) -> str:
    """Return an annotation or a value; an annotation that is a string as what it says."""
    if node is None:
        return ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return ast.unparse(ast.parse(node.value, mode="eval"))
        except SyntaxError:
            return repr(node.value)
    return ast.unparse(node)


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef, module: str = "") -> list[str]:
    """Return parameters with their kinds, annotations and defaults, constants of the module as their values."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults
    parts: list[str] = []
    for number, (argument, default) in enumerate(zip(positional, defaults, strict=True)):
        parts.append(parameter(argument, default, module))
        if given.posonlyargs and number + 1 == len(given.posonlyargs):
            parts.append("/")
    if given.vararg:
        parts.append(f"*{parameter(given.vararg, None, module)}")
    elif given.kwonlyargs:
        parts.append("*")
    parts += [parameter(*pair, module) for pair in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    if given.kwarg:
        parts.append(f"**{parameter(given.kwarg, None, module)}")
    return parts


def parameter(argument: ast.arg, default: ast.expr | None, module: str) -> str:
    kind = f": {text(argument.annotation)}" if argument.annotation else ""
    value = ast.unparse(default) if default else ""
    found = resolve(module, value) if value.isidentifier() and module else None
    for node in definitions(found[0])[found[1]] if found else ():
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            value = ast.unparse(node.value)
    return f"{argument.arg}{kind}" + (f" = {value}" if value else "")


def described(where: str, module: str, node: ast.stmt, public: set[Definition]) -> Iterator[str]:
    """Yield the lines of a definition."""
    if isinstance(node, ast.ClassDef):
        bases = [ast.unparse(base) for base in (*node.bases, *(each.value for each in node.keywords))]
        yield f"{marks(node)}class {where}({', '.join(bases)})"
        yield from members(where, module, node, public, set())
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        parts = parameters(node, module)
        line = f"{marks(node)}{kind} {where}({', '.join(parts)}) -> {text(node.returns)}"
        if len(line) > _LONG:
            line = "\n    ".join([f"{marks(node)}{kind} {where}(", *parts, f") -> {text(node.returns)}"])
        yield line
        if "cached_property" in marks(node) and (found := resolve(module, text(node.returns))):
            for part in definitions(found[0])[found[1]] if found not in public else ():
                if isinstance(part, ast.ClassDef):
                    yield from members(where, found[0], part, public, set())
    elif isinstance(node, ast.AnnAssign):
        value = f" = {ast.unparse(node.value)}" if node.value else ""
        yield f"{where}: {text(node.annotation)}{value}"
    elif isinstance(node, ast.Assign):
        yield f"{where} = {ast.unparse(node.value)}"


def marks(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return "".join(f"@{ast.unparse(mark)} " for mark in node.decorator_list)


def members(
    where: str, module: str, node: ast.ClassDef, public: set[Definition], seen: set[str]
) -> Iterator[str]:
    """Yield the members of a class, and those that it has from bases without a public name."""
    own: set[str] = set()
    for child in statements(node.body):
        for name in names_of(child):
            if name not in seen and (not name.startswith("_") or name in _SHOWN):
                own.add(name)
                yield from described(f"{where}.{name}", module, child, public)
    seen |= own
    for base in node.bases:
        name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
        found = resolve(module, name)
        if found and found not in public:
            for definition in definitions(found[0])[found[1]]:
                if isinstance(definition, ast.ClassDef):
                    yield from members(where, found[0], definition, public, seen)


def public_api() -> str:
    """Return a line for each public name, and for each member of a class."""
    found = {(module, name): resolve(module, name) for module in MODULES for name in exported(module)}
    public = {definition for definition in found.values() if definition}
    lines: list[str] = []
    for (module, name), definition in sorted(found.items()):
        where = f"{module.removeprefix('responses_client').removeprefix('.')}.{name}".removeprefix(".")
        if definition is None:
            continue  # a module, or from another package
        if definition[0] != module and definition in {
            found.get((other, name)) for other in MODULES if other != module and other != "responses_client"
        }:
            lines.append(f"{where} is {definition[0].removeprefix('responses_client.')}.{definition[1]}")
            continue
        for node in definitions(definition[0])[definition[1]]:
            lines += described(where, definition[0], node, public)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(public_api(), end="")
