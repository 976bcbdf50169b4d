"""The independent judge: replays plans and judges targets from the snapshot and the text of the policy alone.

One judge per rule kind, with the kind's own file name; none of the code that makes plans is used.
"""

from .placement import PlacementVerdict as PlacementVerdict
from .placement import judge_placement as judge_placement
from .replay import Verdict as Verdict
from .replay import verify_plan as verify_plan
from .violation import Code as Code
from .violation import Violation as Violation
