"""A module that is mutated: its mutants, and the change of one process to one of them."""

from __future__ import annotations

import ast
import difflib
import gc
import importlib
import random
import sys
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from .mistakes import Mutant, mutants_of

__all__ = ["Target"]


class Target:
    """A module to mutate, with the mutants that are tried."""

    def __init__(self, path: Path, sample: int, seed: int, numbers: list[int] | None) -> None:
        self.path = path
        self.source = path.read_text()
        parts = path.with_suffix("").parts
        self.module: ModuleType = importlib.import_module(".".join(parts))
        count = len(mutants_of(ast.parse(self.source)))
        self.numbers = numbers or sorted(random.Random(seed).sample(range(count), min(sample, count)))
        room = Path("tests/unit").joinpath(*(part.lstrip("_") for part in parts[1:-1]))
        self.tests = str(room if len(parts) > 2 else room / f"test_{parts[-1].lstrip('_')}.py")
        self.survivors: list[str] = []

    def mutated(self, number: int) -> tuple[ast.Module, Mutant]:
        """Return the tree with one mistake in it, and the mistake."""
        tree = ast.parse(self.source)
        mutant = mutants_of(tree)[number]
        mutant.apply()
        return ast.fix_missing_locations(tree), mutant

    def spans(self, number: int) -> list[tuple[int, int]]:
        """Return the lines of a mutant, and those of the functions around it, from the inside out; then all lines."""
        mutant = self.mutated(number)[1]
        functions = [
            (node.body[0].lineno, node.end_lineno or 0)
            for node in ast.walk(ast.parse(self.source))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.lineno <= mutant.first <= (node.end_lineno or 0)
        ]
        return [(mutant.first, mutant.last), *reversed(functions), *([] if functions else [(0, 1000)])]

    def diff(self, number: int) -> str:
        """Return the difference that a mutant makes, in normalised source."""
        tree, mutant = self.mutated(number)
        before, after = (ast.unparse(each).splitlines() for each in (ast.parse(self.source), tree))
        lines = list(difflib.unified_diff(before, after, n=1, lineterm=""))[3:]
        return "\n".join([f"{self.path}:{mutant.first}  (number {number})", *lines])

    def patch(self, number: int) -> None:
        """Replace the code of the functions that a mutant changes, or the names that it assigns, in this process."""
        tree, mutant = self.mutated(number)
        new = _codes(compile(tree, str(self.path.resolve()), "exec", dont_inherit=True))
        gc.unfreeze()  # among what `tests/conftest.py` leaves out of garbage collection are all functions
        for function in [each for each in gc.get_objects() if isinstance(each, FunctionType)]:
            code = new.get(_place(function.__code__))
            if code is not None and Path(code.co_filename) == Path(function.__code__.co_filename).resolve():
                function.__code__ = code
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and statement.lineno <= mutant.first <= statement.end_lineno:
                self._assign(statement)

    def _assign(self, statement: ast.Assign) -> None:
        name = ast.unparse(statement.targets[0])
        old, scope = vars(self.module)[name], dict(vars(self.module))
        exec(compile(ast.Module([statement], []), str(self.path), "exec"), scope)
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", {}).get(name) is old:
                setattr(module, name, scope[name])


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    found = {_place(code): code}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _codes(constant)
    return found
