"""The independent judge: replays plans and judges targets from the snapshot and the text of the policy alone.

One judge per rule kind, with the kind's own file name. How the input is read (selection, failure domains, the count of
failures, the numbers in documents) is shared with the planner; compiler, primitives, engines and ordering are not used.
"""

from .placement import PlacementVerdict as PlacementVerdict
from .placement import judge_placement as judge_placement
from .replay import Verdict as Verdict
from .replay import verify_plan as verify_plan
from .violation import Code as Code
from .violation import Violation as Violation
