"""The verifier reads the input as the planner does, and uses nothing of what turns it into a plan."""

from __future__ import annotations

import subprocess
import sys

FORBIDDEN = ("ortools", "numba", "trimtab_solver.engines", "trimtab_solver.problem", "trimtab_solver.plan")


def test_the_verifier_loads_no_solver() -> None:
    """Importing it in a fresh interpreter brings in none of the code that makes plans."""
    script = "import sys, trimtab_solver.verify; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert "trimtab_solver.verify.replay" in loaded
    assert not [name for name in loaded if name.startswith(FORBIDDEN)]
