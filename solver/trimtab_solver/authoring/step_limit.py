"""How much a check of a policy may do: counted in steps, so that it ends alike on every machine."""

from __future__ import annotations


class StepLimit:
    """A number of steps: selectors evaluated on a world, and pairs of documents held against each other."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        self.is_exceeded = False
        """Whether something was left out because there were not enough steps."""

    def take(self, steps: int) -> bool:
        """Whether so many steps are left; then they are taken."""
        if self.taken + steps > self.most:
            self.is_exceeded = True
            return False
        self.taken += steps
        return True
