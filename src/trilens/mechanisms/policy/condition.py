"""Conditions in CEL over the typed arguments of one tool.

`args.NAME` is an argument: an amount is a number in its declared unit, any other is text; an argument of class `value` is text, a yes or
no, or a number, whichever type-checks. `person` and `purpose` are texts. A condition that cannot be evaluated does not hold and does not
fail quietly: it raises, and callers deny.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md, read 2026-11-24.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from cel_expr_python import cel

from trilens.errors import ManifestError
from trilens.vocabulary.event import Event, Scalar
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import Tool

_Types: TypeAlias = tuple[tuple[str, ValueClass], ...]

PERSON, PURPOSE = "person", "purpose"
_TEXT, _NUMBER, _YES_NO = "a text", "a number", "true or false"

_EXACT_DIGITS = 15
"""Decimal digits that a double keeps; a number with more is not compared."""
_LARGEST_EXPONENT = 300
_MOST_GUESSED = 3
"""Arguments of class `value` in one condition whose type is found by trying."""
_LONGEST = 2_000

_TOKEN = re.compile(
    r"(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<real>\b\d+\.\d+(?:[eE][+-]?\d+)?|\b\d+[eE][+-]?\d+)|(?P<whole>\b\d+\b)(?!\w)"
    r"|(?P<name>\bargs\.[A-Za-z_]\w*|\bperson\b|\bpurpose\b)"
    r"|(?P<word>\w+)|(?P<sign>[<>=!]=|[<>+\-*/])|(?P<other>\S)"
)


class ConditionError(ManifestError, ValueError):
    """A condition cannot be compiled (`policy/condition`) or evaluated (`policy/condition-value`)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    text: str
    variables: frozenset[str]
    """`args.amount`, `person`: every one must have a value."""
    literals: tuple[str | Decimal, ...]
    """Texts and numbers it compares with, in order."""
    _expression: cel.Expression
    _types: Mapping[str, str]

    def holds(self, values: Mapping[str, Scalar], /) -> bool:
        """Whether it holds for values by path.

        Raises:
            ConditionError: a variable it uses has no value or one of another type, or evaluating fails; code `policy/condition-value`.
        """
        data = {name: self._typed(name, values.get(name)) for name in self.variables}
        try:
            result = self._expression.eval(data=data)
            answer = result.plain_value() if result.type() == cel.Type.BOOL else None
        except (RuntimeError, TypeError, ValueError) as error:
            raise _unevaluated(self.text, "evaluating it fails") from error
        if not isinstance(answer, bool):
            raise _unevaluated(self.text, "evaluating it fails")
        return answer

    def _typed(self, name: str, value: Scalar) -> str | float | bool:
        kind = self._types[name]
        match value:
            case bool() if kind == _YES_NO:
                return value
            case int() | Decimal() if kind == _NUMBER and not isinstance(value, bool):
                number = Decimal(value)
                if _is_exact(number):
                    return float(number)
            case str() if kind == _TEXT:
                return value
            case int() if kind == _TEXT and not isinstance(value, bool):
                return str(value)
            case _:
                pass
        raise _unevaluated(self.text, f"`{name}` is missing or is not {kind}")


def _is_exact(number: Decimal) -> bool:
    """Whether a double keeps it. Counted without arithmetic, which would round first."""
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return len(digits) <= _EXACT_DIGITS and number.is_finite() and abs(number.adjusted()) < _LARGEST_EXPONENT


def compile_condition(text: str, tool: Tool) -> Condition:
    """Compile a condition over the arguments of `tool`. The same text over the same arguments is compiled once.

    Raises:
        ConditionError: it does not compile, or its types do not fit; code `policy/condition`.
    """
    return _compile(text, tuple(sorted((f"args.{name}", a.cls) for name, a in tool.args.items())))


def values_of(event: Event) -> dict[str, Scalar]:
    """What a condition about a call is evaluated on."""
    return {**event.arguments(), PERSON: event.principal.person or None, PURPOSE: event.purpose or None}


@lru_cache(maxsize=512)
def _compile(text: str, arguments: _Types) -> Condition:
    if len(text) > _LONGEST:
        raise _uncompiled(text, f"it has more than {_LONGEST} characters")
    tokens = list(_TOKEN.finditer(text))
    used = frozenset(token["name"] for token in tokens if token.lastgroup == "name")
    first_problem = ""
    for types in _readings(used, arguments):
        environment = cel.NewEnv(variables={name: _CEL[kind] for name, kind in types.items()})
        for written in _spellings(text, tokens, types):
            try:
                expression = environment.compile(written)
                is_yes_no = expression.return_type() == cel.Type.BOOL
                literals = tuple(_literals(tokens))
            except (RuntimeError, TypeError, ValueError, ArithmeticError) as error:
                first_problem = first_problem or _problem(str(error))
                continue
            if is_yes_no:
                return Condition(text, used, literals, expression, types)
            first_problem = first_problem or "it is neither true nor false"
    raise _uncompiled(text, first_problem)


_CEL = {_TEXT: cel.Type.STRING, _NUMBER: cel.Type.DOUBLE, _YES_NO: cel.Type.BOOL}


def _readings(used: frozenset[str], arguments: _Types) -> Iterator[dict[str, str]]:
    """Types of all variables, every `value` argument as text first, then as yes or no, then as a number."""
    fixed = {PERSON: _TEXT, PURPOSE: _TEXT}
    fixed |= {name: _NUMBER if cls is ValueClass.AMOUNT else _TEXT for name, cls in arguments}
    open_ones = [name for name, cls in arguments if cls is ValueClass.VALUE and name in used][:_MOST_GUESSED]
    for kinds in product((_TEXT, _YES_NO, _NUMBER), repeat=len(open_ones)):
        yield fixed | dict(zip(open_ones, kinds, strict=True))


def _spellings(text: str, tokens: list[re.Match[str]], types: Mapping[str, str]) -> Iterator[str]:
    """As written; then with whole numbers beside numeric arguments made real (CEL compares no double with an int); then with all of them."""
    yield text
    whole = [at for at, token in enumerate(tokens) if token.lastgroup == "whole"]
    beside = [at for at in whole if _is_beside_number(tokens, at, types)]
    for chosen in (beside, whole):
        if chosen:
            ends = [tokens[at].end() for at in chosen]
            pieces = [text[start:stop] for start, stop in zip([0, *ends], [*ends, len(text)], strict=True)]
            yield ".0".join(pieces)


def _is_beside_number(tokens: list[re.Match[str]], at: int, types: Mapping[str, str]) -> bool:
    for step in (-1, 1):
        sign, operand = at + step, at + 2 * step
        if 0 <= operand < len(tokens) and tokens[sign].lastgroup == "sign":
            other = tokens[operand]
            if other.lastgroup == "real" or (other.lastgroup == "name" and types.get(other[0]) == _NUMBER):
                return True
    return False


def _literals(tokens: list[re.Match[str]]) -> Iterator[str | Decimal]:
    for token in tokens:
        match token.lastgroup:
            case "text":
                yield token[0][1:-1]
            case "whole" | "real":
                yield Decimal(token[0])
            case _:
                continue


def _problem(message: str) -> str:
    """The first complaint of the compiler, without its drawing."""
    found = re.search(r"<input>:\d+:\d+: (.*)", message)
    return (found[1] if found else message.partition("\n")[0]).removesuffix(" (in container '')")


def _uncompiled(text: str, problem: str) -> ConditionError:
    return ConditionError(
        "policy/condition",
        f"condition `{text[:200]}` does not compile: {problem}",
        help="arguments are named `args.NAME`; amounts are compared with numbers, texts with quoted texts",
    )


def _unevaluated(text: str, problem: str) -> ConditionError:
    return ConditionError("policy/condition-value", f"condition `{text[:200]}` cannot be evaluated: {problem}")
