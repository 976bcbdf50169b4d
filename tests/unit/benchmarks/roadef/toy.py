"""A reassignment instance small enough to be counted by hand: three machines, two services, four processes."""

from __future__ import annotations

from pathlib import Path

MODEL = """
2
1 2
0 3
3
0 0  10 20  4 10  0 1 2
0 1  10 20  4 10  1 0 2
1 1  12 20  6 10  3 3 0
2
2 0
1 1 0
4
0  6 4  5
0  3 5  2
1  4 8  1
1  2 2  4
1
0 1 2
5
1 10 7
"""
"""Resource 0 is transient. Service 0 must be in two locations; service 1 depends on service 0."""
INITIAL = "0 1 0 1\n"


def write_toy(folder: Path) -> tuple[Path, Path]:
    """The toy as two files: model and initial assignment."""
    model, initial = folder / "model_toy.txt", folder / "assignment_toy.txt"
    model.write_text(MODEL)
    initial.write_text(INITIAL)
    return model, initial
