"""Every small change to one source file: another comparison, `not`, the other of two, a number more, a statement less."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_NAMED = {
    "max": "min",
    "min": "max",
    "any": "all",
    "all": "any",
    "startswith": "endswith",
    "endswith": "startswith",
    "ALLOW": "DENY",
    "DENY": "ALLOW",
    "HOLD": "ALLOW",
    "MODIFY": "ALLOW",
    "append": "count",
    "removeprefix": "removesuffix",
    "OWN": "OTHERS",
    "OTHERS": "OWN",
    "DESIGNATED": "NOT_NAMED",
    "THIRD_PARTY": "NONE",
    "OK": "FAILED",
    "FAILED": "OK",
    "UNKNOWN": "OK",
    "EVERYONE": "NOBODY",
    "NOBODY": "EVERYONE",
    "fullmatch": "match",
    "issubset": "issuperset",
    "isdisjoint": "issubset",
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change."""

    what: str
    lines: tuple[int, int]
    """First and last line of the statement; (0, 0) for what stands outside of functions."""
    tree: ast.Module
    constant: str
    """Name of the module's constant it changes; empty when it changes a function."""
    constant_tree: ast.Module


def mutations_of(source: str) -> Iterator[Mutation]:
    """All of them, in the order of the text."""
    tree = ast.parse(source)
    for path, node in _nodes(tree):
        statement = _statement(path)
        in_function = any(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) for one in path)
        constant = _constant(path)
        if not in_function and not constant:
            continue
        for what, change in _changes(node):
            changed, twin = _twin(tree, path)
            change(twin, changed)
            ast.fix_missing_locations(changed)
            lines = (statement.lineno, _end(statement)) if in_function else (0, 0)
            own = [one for one in changed.body if constant and _constant([changed, one]) == constant]
            yield Mutation(
                f"{what}: {ast.unparse(node).splitlines()[0][:90]}", lines, changed, constant, ast.Module(own, [])
            )


def _end(statement: ast.stmt) -> int:
    """The last line of the statement itself, without the block it opens."""
    body = getattr(statement, "body", None)
    return (
        body[0].lineno - 1 if body and body[0].lineno > statement.lineno else statement.end_lineno or statement.lineno
    )


def _nodes(tree: ast.Module) -> Iterator[tuple[list[ast.AST], ast.AST]]:
    """Every node with the way to it, without annotations, docstrings and the words of errors."""
    waiting: list[list[ast.AST]] = [[tree]]
    while waiting:
        path = waiting.pop()
        node = path[-1]
        yield path, node
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        inner = [
            child
            for name, child in _children(node)
            if name not in ("annotation", "returns", "decorator_list", "args", "msg", "keywords")
        ]
        inner += [
            child
            for name, child in _children(node)
            if name in ("args", "keywords") and isinstance(node, ast.Call) and not _is_error(node)
        ]
        waiting += [[*path, child] for child in reversed(inner)]


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield name, item


def _is_error(node: ast.Call) -> bool:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    return name.endswith("Error") or name in ("_malformed", "_uncompiled", "_unevaluated", "Flaw")


def _statement(path: list[ast.AST]) -> ast.stmt:
    return next((node for node in reversed(path) if isinstance(node, ast.stmt)), ast.Pass(lineno=0, end_lineno=0))


def _constant(path: list[ast.AST]) -> str:
    match path[1:2]:
        case [ast.Assign(targets=[ast.Name(id=name)])] | [ast.AnnAssign(target=ast.Name(id=name))]:
            return name
        case _:
            return ""


_Change = Callable[[ast.AST, ast.AST], None]


def _changes(node: ast.AST) -> Iterator[tuple[str, _Change]]:
    match node:
        case ast.Compare(ops=[op]):
            for other in _COMPARED[type(op)]:
                yield f"compares by {other.__name__}", _set("ops", [other()])
        case ast.BoolOp(op=op):
            yield (
                ("or for and", _set("op", ast.Or()))
                if isinstance(op, ast.And)
                else ("and for or", _set("op", ast.And()))
            )
            for at in range(len(node.values)):
                yield f"without part {at + 1}", _drop("values", at)
        case ast.UnaryOp(op=ast.Not()):
            yield "without not", _unnegated
        case ast.BinOp(op=op) if type(op) in _COMPUTED:
            yield f"computes by {_COMPUTED[type(op)].__name__}", _set("op", _COMPUTED[type(op)]())
        case ast.Constant(value=bool(value)):
            yield "the other truth", _set("value", not value)
        case ast.Constant(value=int(value)):
            yield "one more", _set("value", value + 1)
            yield "one less", _set("value", value - 1)
        case ast.Constant(value=str(value)) if value:
            yield "another text", _set("value", value + "?")
        case ast.Constant(value=bytes(value)) if value:
            yield "other bytes", _set("value", value + b"?")
        case ast.Name(id=name) if name in _NAMED:
            yield f"{_NAMED[name]} for {name}", _set("id", _NAMED[name])
        case ast.Attribute(attr=name) if name in _NAMED:
            yield f"{_NAMED[name]} for {name}", _set("attr", _NAMED[name])
        case ast.If() | ast.While():
            yield "never", _condition(ast.Constant(False))
            yield "always", _condition(ast.Constant(True))
        case ast.IfExp():
            yield "always the first", _set("test", ast.Constant(True))
            yield "always the second", _set("test", ast.Constant(False))
        case ast.comprehension() if node.ifs:
            yield "without its condition", _set("ifs", [])
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            yield "returns nothing", _set("value", ast.Constant(None))
        case ast.Raise():
            yield "does not raise", _emptied
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield "is not done", _emptied
        case ast.AugAssign() | ast.Delete():
            yield "is not done", _emptied
        case ast.Break():
            yield "goes on", _become_continue
        case ast.Slice():
            if node.lower is not None:
                yield "from the beginning", _set("lower", None)
            if node.upper is not None:
                yield "to the end", _set("upper", None)
        case _:
            return


def _set(name: str, value: object) -> _Change:
    return lambda node, _: setattr(node, name, value)


def _drop(name: str, at: int) -> _Change:
    return lambda node, _: getattr(node, name).pop(at)


def _condition(test: ast.expr) -> _Change:
    return _set("test", test)


def _unnegated(node: ast.AST, tree: ast.AST) -> None:
    if isinstance(node, ast.UnaryOp):
        _exchange(node, node.operand, tree)


def _emptied(node: ast.AST, tree: ast.AST) -> None:
    _exchange(node, ast.Pass(), tree)


def _become_continue(node: ast.AST, tree: ast.AST) -> None:
    _exchange(node, ast.Continue(), tree)


def _exchange(node: ast.AST, other: ast.AST, tree: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, other)
            elif isinstance(value, list):
                value[:] = [other if item is node else item for item in value]


def _twin(tree: ast.Module, path: list[ast.AST]) -> tuple[ast.Module, ast.AST]:
    """A copy of the tree, and the copy of the last node of the way."""
    known: dict[int, object] = {}
    changed = copy.deepcopy(tree, known)
    twin = known[id(path[-1])]
    if not isinstance(twin, ast.AST):
        raise TypeError("the copy of a node is a node")
    return changed, twin
