"""Usage lines and refused arguments in plain words, whichever release of typer writes them."""

from __future__ import annotations

import re
from typing import Any, Final

from typer import Typer
from typer.core import TyperCommand

_REQUIRED: Final = re.compile(r"\{(.+)\}")
_CHOICES: Final = re.compile(r"'(?P<value>.*?)' is not one of (?P<choices>'.*')\.?")


class PlainCommand(TyperCommand):
    """A command whose usage line has no braces around arguments that must be there."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """``SNAPSHOT`` for what must be there, ``[NAME]`` for what may."""
        return [_REQUIRED.sub(r"\1", piece) for piece in super().collect_usage_pieces(ctx)]


class PlainTyper(Typer):
    """Commands are `PlainCommand` unless they say otherwise."""

    def command(self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **options: Any) -> Any:
        """As of `Typer`."""
        return super().command(name, cls=cls or PlainCommand, **options)


def plain_refusal(message: str) -> str:
    """Why a value is refused; of choices the nearest is proposed, as in ``did you mean "html"?``."""
    text = message.removeprefix("Value error, ")
    if not (found := _CHOICES.fullmatch(text)):
        return text
    from trimtab_solver.policy.likeness import Spelling

    close = Spelling(re.findall(r"'(.*?)'", found["choices"])).closest(found["value"])
    return f'{text.rstrip(".")}; did you mean "{close}"?' if close else text
