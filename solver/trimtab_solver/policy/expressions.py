"""CEL behind a small interface: compile with types, evaluate on plain data, say which variables matter.

This is the only module that imports the CEL library.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional

from .documents import MAX_EXPRESSION_LENGTH
from .text_conditions import Condition, text_condition
from .variables import VARIABLES, ExpressionScope, Returns, Shape

MAX_ITERATIONS: Final = 9999
"""The library's own budget for the loops of one evaluation; nested loops multiply."""


@dataclass(frozen=True, slots=True)
class ExpressionFault:
    """Why an expression does not compile. Line and column count from 1 inside the expression."""

    line: int
    column: int
    message: str
    fix: str = ""


class ExpressionError(Exception):
    """An expression does not compile; `faults` holds every reason."""

    def __init__(self, faults: tuple[ExpressionFault, ...]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{p.line}:{p.column}: {p.message}" for p in faults))


@dataclass(frozen=True, slots=True)
class EvaluationFailure:
    """An expression gave no value on some data."""

    message: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable that an expression reads; `key` when it is a map of which only that key is read."""

    variable: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. Two subjects with equal values for all `references` give the same result."""

    source: str
    scope: ExpressionScope
    returns: Returns
    references: tuple[Reference, ...]
    gives_reference: bool
    """Whether it gives the string that its one reference has, wherever it has one: then it need not be evaluated."""
    text_condition: Condition | None
    """What it says, if it only compares texts: on subjects that have all of them it need not be evaluated."""
    _program: Any

    def evaluate(self, data: Mapping[str, object]) -> bool | str | EvaluationFailure:
        """The value on `data`: variable name to str, int, list or dict. Never raises for what the data holds."""
        try:
            value = self._program.eval(data=data)
        except (RuntimeError, TypeError) as error:
            return EvaluationFailure(_plain(str(error)))
        if value.type() != _RETURN_TYPES[self.returns]:
            return EvaluationFailure(_plain(str(value.value())))
        plain: bool | str = value.value()
        return plain


_TYPES: Final = {
    Shape.STRING: cel.Type.STRING,
    Shape.INT: cel.Type.INT,
    Shape.STRINGS: cel.Type.List(cel.Type.STRING),
    Shape.STRING_MAP: cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    Shape.INT_MAP: cel.Type.Map(cel.Type.STRING, cel.Type.INT),
}
_REMEMBERED: Final = 1 << 15
"""Compiled expressions that are kept, of some 14 KiB each: no fewer than a large policy has, or none would be found."""
_RETURN_TYPES: Final = {Returns.BOOL: cel.Type.BOOL, Returns.STRING: cel.Type.STRING}


@lru_cache(maxsize=_REMEMBERED)
def compile_expression(source: str, scope: ExpressionScope, returns: Returns) -> Expression:
    """`source` type-checked against the variables of `scope`.

    Raises
    ------
    ExpressionError
        If it is too long, does not parse, names something unknown, or gives another type than `returns`.
    """
    if len(source) > MAX_EXPRESSION_LENGTH:
        raise ExpressionError(
            (
                ExpressionFault(
                    1,
                    1,
                    f"the expression has {len(source)} characters, the limit is {MAX_EXPRESSION_LENGTH}",
                    "split it into several rules, or give the guests a label",
                ),
            )
        )
    try:
        program = _environment(scope).compile(source)
    except RuntimeError as error:
        raise ExpressionError(_faults(str(error), scope)) from None
    given = program.return_type()
    if given != _RETURN_TYPES[returns]:
        raise ExpressionError(
            (
                ExpressionFault(
                    1,
                    1,
                    f"gives {_type_name(given)}, not {returns}",
                    _RETURN_FIX[returns],
                ),
            )
        )
    references = references_in(source, scope)
    given_reference = _gives_reference(source, returns, references)
    condition = text_condition(source, scope) if returns is Returns.BOOL else None
    return Expression(source, scope, returns, references, given_reference, condition, program)


_RETURN_FIX: Final = {
    Returns.BOOL: "compare it with something, for example == or in",
    Returns.STRING: "name one string such as vm.labels.app or vm.group",
}


@cache
def _environment(scope: ExpressionScope) -> Any:
    variables = {variable.name: _TYPES[variable.shape] for variable in VARIABLES[scope].values()}
    return cel.NewEnv(variables=variables, extensions=[ext_optional.ExtOptional()])


def _type_name(given: Any) -> str:
    return str(given.name()).lower()


# --- errors of the library in plain words ---------------------------------------------------------------------------

_LIBRARY_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ((?:(?!\nERROR: <input>).)*)", re.DOTALL)
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_MISSING_KEY = re.compile(r'Key not found in map : "(.*)"')


def _faults(text: str, scope: ExpressionScope) -> tuple[ExpressionFault, ...]:
    found = [
        _problem(int(line), int(column), rest.split("\n | ")[0], scope)
        for line, column, rest in _LIBRARY_ERROR.findall(text)
    ]
    if not found:
        found = [_problem(1, 1, text, scope)]
    # what follows from a syntax error before it helps nobody
    first, *more = dict.fromkeys(found)
    return (first, *(problem for problem in more if not problem.message.startswith("Syntax error")))


def _problem(line: int, column: int, message: str, scope: ExpressionScope) -> ExpressionFault:
    message = re.sub(r"\s*\[[A-Z_]+\]\s*$", "", message.strip())
    message = re.sub(r" \(in container ''\)", "", message)
    message = re.sub(r"expecting \{.*", "expecting an operand", message, flags=re.DOTALL)
    fix = ""
    if unknown := _UNDECLARED.search(message):
        fix = _known_names(unknown[1], scope)
    elif "recognition error at: '= " in message or "recognition error at: '='" in message:
        fix = "compare with =="
    elif "no matching overload" in message:
        fix = "use values of one type: numbers have no quotes, texts have, labels are texts"
    elif "recursion" in message:
        message = "nests or chains more than 32 operators deep"
        fix = "use 'in [...]' instead of long chains of ||, or split the rule"
    return ExpressionFault(max(line, 1), max(column, 1), message, fix or "compare with docs/policy/selectors.md")


def _known_names(name: str, scope: ExpressionScope) -> str:
    known = sorted(VARIABLES[scope])
    owner, _, field = name.rpartition(".")
    siblings = [other.rpartition(".")[2] for other in known if other.startswith(f"{owner}.")]
    if not siblings:
        close = difflib.get_close_matches(name, known, n=1)
        return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    if close := difflib.get_close_matches(field, siblings, n=1):
        return f"did you mean {owner}.{close[0]}?"
    label = f"a label is {owner}.labels.{field}; " if "labels" in siblings else ""
    return f"{label}known are {', '.join(f'{owner}.{sibling}' for sibling in siblings)}"


def _plain(message: str) -> str:
    if "Iteration budget" in message:
        return f"loops over more than {MAX_ITERATIONS} elements"
    if missing := _MISSING_KEY.search(message):
        return f'there is no key "{missing[1]}"'
    return re.sub(r"^[A-Z_]+: ", "", message)


# --- which variables an expression reads ----------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""
      (?P<string>[bB]?[rR](?:'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|"[^"\n]*")
        | [bB]?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    | (?P<skip>\s+|//[^\n]*)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*|`[^`\n]*`)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SIMPLE_STRING = re.compile(r"""'([^'\\]*)'|"([^"\\]*)\"""")


def tokens_of(source: str) -> tuple[str, ...]:
    """The tokens of an expression: strings, words, single characters; blanks and comments are left out."""
    return tuple(match[0] for match in _TOKEN.finditer(source) if match.lastgroup != "skip")


def conjuncts_of(source: str) -> tuple[str, ...]:
    """The parts that ``&&`` joins at the outermost level; empty when it joins none there, or something else does."""
    cuts, depth, before = [0], 0, ""
    for match in _TOKEN.finditer(source):
        found = match[0]
        if match.lastgroup == "skip":
            continue
        depth += (found in "([{") - (found in ")]}")
        if depth == 0 and ((found == "?" and before != ".") or found == before == "|"):
            return ()
        if depth == 0 and found == before == "&":
            cuts += [match.start() - 1, match.end()]
            found = ""
        before = found
    parts = [source[a:b] for a, b in zip(cuts[::2], [*cuts[1::2], len(source)], strict=True)]
    return tuple(parts) if len(parts) > 1 else ()


def references_in(source: str, scope: ExpressionScope) -> tuple[Reference, ...]:
    """Every variable that `source` reads, sorted; perhaps more than it reads, never fewer."""
    keys: dict[str, set[str] | None] = {}
    for reference in _reads(source, scope):
        known = keys.setdefault(reference.variable, set())
        if reference.key is None:
            keys[reference.variable] = None
        elif known is not None:
            known.add(reference.key)
    return tuple(
        Reference(name, key)
        for name, found in sorted(keys.items())
        for key in ([None] if found is None else sorted(found))
    )


def keys_read_in(source: str, scope: ExpressionScope) -> tuple[Reference, ...]:
    """Every key that is written out where `source` reads a map, sorted, even if the whole map is read as well."""
    return tuple(sorted({reference for reference in _reads(source, scope) if reference.key is not None}, key=str))


def _reads(source: str, scope: ExpressionScope) -> Iterator[Reference]:
    """Every place where a variable is read, in order; of a map with the key, if one is written out."""
    variables = VARIABLES[scope]
    tokens = (*tokens_of(source), "", "", "", "")
    for i in range(len(tokens) - 4):
        name = f"{tokens[i].strip('`')}.{tokens[i + 2].strip('`')}"
        if tokens[i + 1] == "." and name in variables:
            yield Reference(name, _key_after(tokens, i + 3) if variables[name].shape.is_map else None)


def _gives_reference(source: str, returns: Returns, references: tuple[Reference, ...]) -> bool:
    if returns is not Returns.STRING or len(references) != 1:
        return False
    variable, key = references[0].variable, references[0].key
    tokens = tokens_of(source)
    text, last = "".join(tokens), tokens[-1]
    if key is None:
        # of type string, so a map cannot be the whole of it
        return text == variable
    name = f"{variable}.{key}"
    # the idiom for a key that may be missing, with a string literal instead
    fallback = text == f"has({name})?{name}:{last}" and last[0] in "'\""
    return fallback or text in (name, f"{variable}['{key}']", f'{variable}["{key}"]')


def _key_after(tokens: tuple[str, ...], i: int) -> str | None:
    """The one key that is read from the map whose name ends before token `i`; None when it may be any."""
    rest = tokens[i : i + 5]
    rest = tuple(part for n, part in enumerate(rest) if not (n == 1 and part == "?"))
    if len(rest) < 3:
        return None
    if rest[0] == "." and _is_word(rest[1]) and rest[2] != "(":
        return rest[1].strip("`")
    if rest[0] == "[" and rest[2] == "]" and (literal := _SIMPLE_STRING.fullmatch(rest[1])):
        return literal[1] if literal[1] is not None else literal[2]
    return None


def _is_word(token: str) -> bool:
    return bool(token) and (token[0].isalpha() or token[0] in "_`")
