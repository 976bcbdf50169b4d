"""Documents as read become typed ones, or faults that name place, field, value and fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import Fault, Reason
from ..policy.documents import MAX_EXPRESSION_LENGTH, NAME_PATTERN, Source
from ..rules.objectives import LEVEL_NAME_PATTERN
from .expression_fields import models_in
from .raw_documents import RawDocument, child

ModelT = TypeVar("ModelT", bound=BaseModel)

_IN_WORDS: Final = {
    NAME_PATTERN: "use 1 to 100 of a-z, 0-9, '.', '_', '-', beginning and ending with a letter or digit",
    LEVEL_NAME_PATTERN: "use 1 to 40 of a-z, 0-9, '_', '-', beginning with a letter",
}
"""Patterns of names, for people."""
_BREAK: Final = re.compile(r"[\s:]")
_YAML_1_1_BOOLEANS: Final = frozenset({"yes", "no", "on", "off", "y", "n"})


def fit(model: type[ModelT], content: Any, path: str, raw: RawDocument, faults: list[Fault]) -> ModelT | None:
    """`content`, found at `path` of `raw`, as a `model`; None after adding to `faults` every reason why it is not."""
    try:
        return model.model_validate(content, by_alias=True, by_name=False)
    except ValidationError as error:
        seen = set(_misspelt(model, error, content, path))
        found = [(_path_of(one, content, path), one) for one in error.errors(include_url=False)]
        for where, details in found:
            # a union reports each of its members; the first says enough. What could not be read was reported before
            if where in seen or _is_broken(where, raw) or _follows_from_others(details):
                continue
            if isinstance(details["input"], Mapping) and any(other.startswith(f"{where}.") for other, _ in found):
                continue  # the member of the union that is a mapping says it better
            seen.add(where)
            faults.append(_fault(model, details, where, raw))
    return None


def suggest(name: str, known: Iterable[str]) -> str:
    """A did-you-mean for `name`, or the list of what is known."""
    names = sorted(set(known))
    close = closest_field(name, names)
    return f"did you mean {close}?" if close else f"known are {', '.join(names)}"


def field_fault(at: Source, path: str, message: str, fix: str, reason: Reason = Reason.POLICY_FIELD) -> Fault:
    """A fault at a place in a file and a field path."""
    return Fault(reason, f"{at} {path}".rstrip(), message, fix)


def place_of(raw: RawDocument, path: str, *, key: bool = False) -> Source:
    """Where `path` stands (its key, if `key`), or the nearest value around it."""
    if key and path in raw.keys:
        return raw.keys[path]
    while path:
        if path in raw.positions:
            return raw.positions[path]
        dot, bracket = path.rfind("."), path.rfind("[")
        path = path[: max(dot, bracket, 0)]
    return raw.source


def shown(value: Any) -> str:
    """`value` as a message shows it: YAML-like and short."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = f'"{" ".join(value.split())}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _path_of(details: ErrorDetails, content: Any, path: str) -> str:
    loc = details["loc"]
    for n, part in enumerate(loc):
        last = n == len(loc) - 1
        if isinstance(part, int):
            content = content[part] if isinstance(content, list) and part < len(content) else None
        elif isinstance(content, Mapping) and part in content:
            content = content[part]
        elif not last or details["type"] != "missing":
            continue  # the name of a union's member, no field
        path = child(path, part)
    return path


def _is_broken(path: str, raw: RawDocument) -> bool:
    return any(path == bad or path.startswith((f"{bad}.", f"{bad}[")) or not bad for bad in raw.broken)


def _misspelt(model: type[BaseModel], error: ValidationError, content: Any, path: str) -> Iterator[str]:
    """Paths of fields that are missing only because an unknown field beside them is one of them, misspelt."""
    for details in error.errors(include_url=False):
        if details["type"] == "extra_forbidden":
            where = _path_of(details, content, path)
            owner, _, name = where.rpartition(".")
            if meant := closest_field(name, _known_at(model, details)):
                yield child(owner, meant)


def closest_field(name: str, known: Iterable[str]) -> str:
    """The field that `name`, which may run on into what follows it, most likely means; empty if there is none."""
    fields = sorted(set(known))
    for written in (name, _BREAK.split(name)[0]):
        if close := difflib.get_close_matches(written, fields, n=1):
            return close[0]
    return ""


def _known_at(model: type[BaseModel], details: ErrorDetails) -> list[str]:
    """The fields there are where an unknown one stands."""
    owner = _model_at(model, details["loc"][:-1])
    return [field.alias or key for key, field in owner.model_fields.items()] if owner else []


def _follows_from_others(details: ErrorDetails) -> bool:
    """Whether a list only counts as too short because some of its entries are wrong."""
    return details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]


def _fault(
    model: type[BaseModel],
    details: ErrorDetails,
    where: str,
    raw: RawDocument,
) -> Fault:
    kind, value = details["type"], details["input"]
    name = where.rpartition(".")[2]
    if kind == "extra_forbidden":
        at = place_of(raw, where, key=True)
        return field_fault(at, where, f'unknown field "{name}"', suggest(name, _known_at(model, details)))
    if kind == "missing":
        return field_fault(place_of(raw, where), where, f"{name} is missing", f"add {name}")
    message, fix = _message(details, name, value)
    return field_fault(place_of(raw, where), where, message, fix)


def _message(details: ErrorDetails, name: str, value: Any) -> tuple[str, str]:
    kind, ctx = details["type"], details.get("ctx", {})
    is_now = f"{name} is {shown(value)}"
    match kind:
        case "value_error":
            # a validator says what is wrong and, after a semicolon, what to write instead
            message, _, fix = str(ctx["error"]).partition("; ")
            return message, fix or "compare with the page of the kind in docs/policy"
        case "bool_type":
            looks_boolean = isinstance(value, str) and value.lower() in _YAML_1_1_BOOLEANS
            return is_now, "write true or false" + (f"; {value} is a plain word in YAML 1.2" if looks_boolean else "")
        case "string_type":
            if isinstance(value, (int, float)):
                return f"{is_now}, not text", f'put it in quotes: "{shown(value)}"'
            return f"{is_now}, not text", f"write {name}: followed by one text"
        case "int_type" | "int_from_float":
            return (
                f"{is_now}, not a whole number",
                "write a whole number without quotes",
            )
        case "enum":
            known = [text.strip("'\"") for text in str(ctx["expected"]).replace(" or ", ", ").split(", ")]
            return is_now, (
                f"{suggest(value, known)} " if isinstance(value, str) else ""
            ) + f"one of {', '.join(known)}"
        case "greater_than_equal":
            return f"{is_now}, below the least allowed", f"write {ctx['ge']} or more"
        case "less_than_equal":
            return f"{is_now}, above the most allowed", f"write {ctx['le']} or less"
        case "string_pattern_mismatch":
            return is_now, _IN_WORDS.get(ctx["pattern"], f"write what matches {ctx['pattern']}")
        case "string_too_long":
            return (
                f"{name} has {len(value)} characters, the limit is {MAX_EXPRESSION_LENGTH}",
                "split the rule",
            )
        case "string_too_short" | "too_short":
            least = ctx.get("min_length", 1)
            return (
                f"{name} has {len(value)} entries" if kind == "too_short" else f"{name} is empty",
                f"give at least {least}",
            )
        case "dict_type" | "model_type" | "model_attributes_type" | "mapping_type":
            return (
                f"{is_now}, not a mapping",
                f"write fields below {name}:, indented, or name: value pairs in braces",
            )
        case "tuple_type" | "list_type":
            return (
                f"{is_now}, not a list",
                f"write {name}: [...] or one '- ' entry per line",
            )
        case _:
            return f"{is_now}: {details['msg']}", "compare with the page of the kind in docs/policy"


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model of the value at `loc` in a value of `model`."""
    at: type[BaseModel] | None = model
    for part in loc:
        if at is None or isinstance(part, int):
            continue
        found = next(
            (field for key, field in at.model_fields.items() if (field.alias or key) == part),
            None,
        )
        if found is not None:
            at = next(models_in(found.annotation), None)
    return at
