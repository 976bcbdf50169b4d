"""Plots of the report: quality over time, quality over size, first plans, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, NullLocator

from benchmarks.report.results import Results, grouped, has, median, value_of
from benchmarks.subject import Row
from benchmarks.vmha.recipe import SIZES

_BRONZE: Final = "running:bronze"
_TIGHT: Final = {"load": 1.02, "sizing": "rigid"}
_VMS: Final = {size.name: size.vms for size in SIZES}
_GIB: Final = 1024
_COLOURS: Final = ("#1b6ca8", "#c4572f", "#3f8f5f", "#7a5195", "#a08000", "#8a8a8a", "#d1495b", "#3cb0ad", "#c78ad1")


def draw_all(results: Results, folder: Path) -> list[tuple[str, str]]:
    """Draws what there are rows for; file name and caption of each plot."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True})
    mpl.rcParams.update({"grid.alpha": 0.25, "axes.prop_cycle": cycler(color=_COLOURS), "figure.dpi": 110})
    drawn = []
    for name, caption, draw in _PLOTS:
        figure = draw(results)
        if figure is not None:
            figure.savefig(folder / f"{name}.png", metadata={"Software": None})
            drawn.append((f"{name}.png", caption))
    return drawn


def quality_over_time(results: Results) -> Figure | None:
    """Bronze lost as the search goes on, one panel per size, one line per seed, the final bounds dashed."""
    rows = [row for row in results.vmha(failure="small", **_TIGHT) if row["progress"]]
    by_size = grouped(rows, lambda row: str(row["case"]["size"]))
    if not by_size:
        return None
    figure, axes = _panels(len(by_size))
    for axis, (size, of_size) in zip(axes, by_size.items(), strict=False):
        for row, colour in zip(of_size, _COLOURS, strict=False):
            points = [(at, levels[_BRONZE][0]) for at, _, levels in row["progress"]]
            points.append((max(row["wall_s"], points[-1][0]), value_of(row, _BRONZE)))
            axis.step(*zip(*points, strict=True), where="post", color=colour, label=f"seed {row['case']['seed']}")
            axis.axhline(row["levels"][_BRONZE][1], color=colour, linestyle="--", linewidth=0.8)
        axis.set(title=size, xlabel="s after the request", ylabel="Bronze guests lost", xscale="log")
        axis.legend(frameon=False)
    return figure


def quality_over_size(results: Results) -> Figure | None:
    """Bronze lost in percent of all Bronze over the number of guests: trimtab, its bound, and the peers."""
    rows = results.vmha(failure="small", **_TIGHT)
    if not rows:
        return None
    figure, (axis,) = _panels(1)
    by_size = grouped(rows, lambda row: str(row["case"]["size"]))
    own, bound = {"color": "black", "marker": "o"}, {"color": "black", "linestyle": "--"}
    _by_size(axis, by_size, lambda row: _bronze_percent(row, value_of(row, _BRONZE)), "trimtab", **own)
    _by_size(axis, by_size, lambda row: _bronze_percent(row, row["levels"][_BRONZE][1]), "bound", **bound)
    peers = [row for row in results.rows["peers"] if has(row, **_TIGHT) and "unfinished" not in row]
    for peer, of_peer in grouped(peers, lambda row: str(row["case"]["peer"])).items():
        sizes = grouped(of_peer, lambda row: str(row["case"]["size"]))
        _by_size(axis, sizes, lambda row: _bronze_percent(row, value_of(row, _BRONZE)), peer, marker=".")
    axis.set(title="load 1.02, rigid, small failure", ylabel="Bronze lost, % of Bronze", yscale="log")
    # plain numbers; where all are close together there is no power of ten, so the steps between are labelled too
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
    _guests_axis(axis, by_size)
    axis.legend(frameon=False, fontsize=7)
    return figure


def first_plan(results: Results) -> Figure | None:
    """Seconds to the first verified plan over the number of guests, per load."""
    return _over_guests(results, lambda row: float(row["first"]["wall_s"]), "s to the first verified plan")


def memory(results: Results) -> Figure | None:
    """Peak memory of a solve over the number of guests, per load."""
    figure = _over_guests(results, lambda row: row["peak_mib"] / _GIB, "peak memory of a solve, GiB")
    if figure is not None:
        figure.axes[0].axhline(3.0, color="#999999", linestyle=":", linewidth=1)
    return figure


def reassignment_over_time(results: Results) -> Figure | None:
    """Score over time on the instances of set B, longest runs only."""
    rows = [row for row in results.rows["roadef"] if row["case"]["size"].startswith("b_") and row["curve"]]
    if not rows:
        return None
    longest = max(row["case"]["budget_s"] for row in rows)
    chosen = grouped((row for row in rows if has(row, budget_s=longest)), lambda row: str(row["case"]["size"]))
    figure, axes = _panels(len(chosen))
    for axis, (name, of_one) in zip(axes, chosen.items(), strict=False):
        for row in of_one:
            best = row["cost"] - row["score"] * row["initial"] / 100
            points = [(at, max(1e-4, 100 * (cost - best) / row["initial"])) for at, cost in row["curve"] if at > 0]
            if points:
                axis.step(*zip(*points, strict=True), where="post", label=f"seed {row['case']['seed']}")
        axis.set(title=name, xlabel="s", ylabel="score %", xscale="log", yscale="log")
    return figure


_PLOTS: Final[tuple[tuple[str, str, Callable[[Results], Figure | None]], ...]] = (
    (
        "quality-over-time",
        "Bronze guests lost over time (load 1.02, rigid, small failure); dashed: bound",
        quality_over_time,
    ),
    ("quality-over-size", "Bronze guests lost over the size of the cluster, with bound and peers", quality_over_size),
    ("first-plan", "Time from the bytes of a request to the first verified plan", first_plan),
    ("memory", "Peak memory of a solve; dotted: 3 GiB", memory),
    ("reassignment-over-time", "Reassignment challenge, set B: score over time", reassignment_over_time),
)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    columns = min(count, 3)
    lines = -(-count // columns)
    figure = Figure(figsize=(max(4.6 * columns, 6.5), 3.4 * lines), layout="constrained")
    return figure, list(figure.subplots(lines, columns, squeeze=False).flat)


def _over_guests(results: Results, value: Callable[[Row], float], label: str) -> Figure | None:
    rows = results.vmha()
    if not rows:
        return None
    figure, (axis,) = _panels(1)
    for load, of_load in grouped(rows, lambda row: float(row["case"]["load"])).items():
        _by_size(axis, grouped(of_load, lambda row: str(row["case"]["size"])), value, f"load {load:.2f}", marker="o")
    axis.set(ylabel=label, yscale="log")
    _guests_axis(axis, grouped(rows, lambda row: str(row["case"]["size"])))
    axis.legend(frameon=False)
    return figure


def _guests_axis(axis: Axes, sizes: Iterable[str]) -> None:
    """A logarithmic axis with a tick for each size."""
    axis.set(xlabel="guests", xscale="log")
    guests = sorted(_VMS[size] for size in sizes)
    axis.set_xticks(guests, [f"{count:,}" for count in guests], minor=False)
    axis.xaxis.set_minor_locator(NullLocator())


def _by_size(
    axis: Axes, by_size: dict[str, list[Row]], value: Callable[[Row], float], label: str, **style: str
) -> None:
    points = sorted((_VMS[size], median(map(value, rows))) for size, rows in by_size.items())
    axis.plot(*zip(*points, strict=True), label=label, **style)  # type: ignore[arg-type]  # style holds line properties


def _bronze_percent(row: Row, lost: int) -> float:
    return 100.0 * lost / (0.5 * _VMS[row["case"]["size"]])
