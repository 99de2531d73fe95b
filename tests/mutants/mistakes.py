"""Small mistakes that can be made in a module, one at a time."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["Mutant", "mutants_of"]

_FLIPPED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_SWAPPED: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.BitOr: ast.BitAnd(),
    ast.BitAnd: ast.BitOr(),
}
_OTHER_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """One mistake: where it is made, and the change of the tree that makes it."""

    first: int
    last: int
    apply: Callable[[], None]


def mutants_of(tree: ast.Module) -> list[Mutant]:
    """Return all mutants of a module, in an order that follows from its source alone."""
    return list(_in_body(tree.body, is_function=False))


def _in_body(body: list[ast.stmt], *, is_function: bool, is_class: bool = False) -> Iterator[Mutant]:
    for place, statement in enumerate(body):
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if not _is_only_a_form(statement):
                yield from _in_body(statement.body, is_function=True)
            case ast.ClassDef():
                yield from _in_body(statement.body, is_function=False, is_class=True)
            case ast.Assign(targets=[ast.Name(id=name)]) if not (
                is_function or is_class or name == "__all__"
            ):
                yield from _in_expression(statement, "value")
            case _ if is_function:
                yield from _in_statement(body, place)


def _is_only_a_form(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("overload" in ast.unparse(d) or "abstract" in ast.unparse(d) for d in function.decorator_list)


def _in_statement(body: list[ast.stmt], place: int) -> Iterator[Mutant]:
    statement = body[place]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return  # a docstring
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    if isinstance(statement, ast.Expr | ast.AugAssign | ast.Raise | ast.Break | ast.Continue) or (
        isinstance(statement, ast.Assign | ast.AnnAssign)
        and any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)
    ):
        # Not taken out but never run: the names of the function stay local or free, as they were.
        never = ast.If(ast.Constant(False), [statement], [])
        yield _mutant(statement, lambda: body.__setitem__(place, ast.copy_location(never, statement)))
    if isinstance(statement, ast.Return) and _value(statement.value) is not None:
        yield _mutant(statement, lambda: setattr(statement, "value", ast.Constant(None)))
    if isinstance(statement, ast.If | ast.While) and "TYPE_CHECKING" not in ast.unparse(statement.test):
        yield from _decided(statement)
    for name, value in ast.iter_fields(statement):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            yield from _in_body(value, is_function=True)
        elif isinstance(value, list) and value and isinstance(value[0], ast.excepthandler | ast.match_case):
            for part in value:
                yield from _in_body(part.body, is_function=True)
                if getattr(part, "guard", None):
                    yield from _in_expression(part, "guard")
        elif name not in ("annotation", "target", "targets", "decorator_list"):
            yield from _in_expression(statement, name)


def _value(expression: ast.expr | None) -> object:
    return expression.value if isinstance(expression, ast.Constant) else expression


def _decided(node: ast.If | ast.While | ast.IfExp) -> Iterator[Mutant]:
    for decision in (True, False):
        if not isinstance(node.test, ast.Constant) and not (decision and isinstance(node, ast.While)):
            yield _mutant(node.test, lambda decision=decision: setattr(node, "test", ast.Constant(decision)))


def _in_expression(parent: ast.AST, name: str) -> Iterator[Mutant]:
    """Return the mutants of the expressions in a field of a node, down to the smallest."""
    children = getattr(parent, name)
    for place, node in enumerate(children if isinstance(children, list) else [children]):
        if not isinstance(node, ast.AST) or isinstance(node, ast.JoinedStr | ast.stmt):
            continue

        def replace(new: ast.expr, children: object = children, place: int = place) -> None:
            if isinstance(children, list):
                children[place] = new
            else:
                setattr(parent, name, new)

        for new in _replacements(node):
            yield _mutant(node, lambda new=new, replace=replace: replace(new))
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            for other in _FLIPPED[type(node.ops[0])]:
                yield _mutant(node, lambda node=node, other=other: setattr(node, "ops", [other()]))
        if isinstance(node, ast.IfExp):
            yield from _decided(node)
        for field in node._fields:
            yield from _in_expression(node, field)


def _replacements(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)) if value and " " not in value:
            yield ast.Constant(value + "~")
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.BinOp(left, op, right) if type(op) in _SWAPPED:
            if not any(
                isinstance(side, ast.JoinedStr) or isinstance(_value(side), str) for side in (left, right)
            ):
                yield ast.BinOp(left, _SWAPPED[type(op)], right)
        case ast.Call(ast.Name(name), args, keywords) if name in _OTHER_NAMES:
            yield ast.Call(ast.Name(_OTHER_NAMES[name], ast.Load()), args, keywords)


def _mutant(node: ast.stmt | ast.expr, apply: Callable[[], None]) -> Mutant:
    return Mutant(node.lineno, node.end_lineno or node.lineno, apply)
