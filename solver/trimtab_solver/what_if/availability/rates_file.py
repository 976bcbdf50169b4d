"""Files that say how often parts of a cluster fail: YAML, read strictly."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from ...authoring.shapes import fit
from ...authoring.strict_yaml import read_yaml
from ...errors import Fault, PolicyRefusedError
from ...policy.documents import Strict
from ...policy.durations import Duration, seconds_in
from .failure_rates import FailureRates, Reliability, Upkeep

_NEVER = "never"


def _is_above_zero(duration: str) -> str:
    if not seconds_in(duration):
        raise ValueError(f'"{duration}" is no time at all; write one above 0')
    return duration


_Time = Annotated[Duration, AfterValidator(_is_above_zero)]


class _PartRates(Strict):
    mttf: Literal["never"] | _Time
    mttr: _Time | None = None

    @model_validator(mode="after")
    def _is_repaired(self) -> Self:
        if self.mttr is None and self.mttf != _NEVER:
            raise ValueError("a part that fails is repaired: add mttr, or write mttf: never")
        return self


class _UpkeepTimes(Strict):
    every: Literal["never"] | _Time
    lasts: _Time = "2h"


class _RatesFile(Strict):
    components: dict[str, _PartRates] = {}
    maintenance: _UpkeepTimes | None = None
    pause: Duration = "0s"


def read_rates(name: str, data: bytes) -> FailureRates:
    """The rates in a YAML file; what it does not say is as in `FailureRates`.

    Raises
    ------
    PolicyRefusedError
        With every fault and its place.
    """
    read = read_yaml(name, data)
    faults: list[Fault] = list(read.faults)
    files = [fit(_RatesFile, raw.content, "", raw, faults) for raw in read.documents]
    if faults:
        raise PolicyRefusedError(faults)
    stated: dict[str, Reliability] = {}
    upkeep: Upkeep | None = Upkeep()
    pause_s = 0
    for file in files:
        if file is None:
            continue
        for part, rates in file.components.items():
            stated[part] = Reliability(_mean_s(rates.mttf), _mean_s(rates.mttr or "1h"))
        if file.maintenance is not None:
            times = file.maintenance
            upkeep = None if times.every == _NEVER else Upkeep(seconds_in(times.every), seconds_in(times.lasts))
        pause_s = max(pause_s, seconds_in(file.pause))
    return FailureRates(stated, upkeep, pause_s)


def _mean_s(time: str) -> float:
    return math.inf if time == _NEVER else float(seconds_in(time))
