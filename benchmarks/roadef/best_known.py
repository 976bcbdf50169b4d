"""Published results per instance: the scale on which scores are measured.

`FINALISTS` holds the best cost of any of the 27 finalists of the challenge, 300 s on the organisers' two-core machine
(final ranking table for set B). For set A, where no final table was published, it is the best cost within 300 s in
team S41's own results and in Table 1 of Masson et al. (below). `BEST_KNOWN` holds the best feasible cost reported
anywhere, whatever the time.

References
----------
.. [1] ROADEF/EURO challenge 2011-2012, final ranking, set B, 27 teams.
.. [2] R. Masson et al., "An iterated local search heuristic for multi-capacity bin packing and machine reassignment
   problems", Expert Systems with Applications 40 (2013), Table 1.
.. [3] H. Gavranovic, M. Buljubasic, E. Demirovic, "Variable neighborhood search for Google machine reassignment
   problem", Electronic Notes in Discrete Mathematics 39 (2012); results of team S41, 300 s.
.. [4] Team J33, report to the challenge: 1,200 s results for b_5, b_8.
"""

from __future__ import annotations

from typing import Final

FINALISTS: Final = {
    "a1_1": 44_306_501,
    "a1_2": 777_912_030,
    "a1_3": 583_006_015,
    "a1_4": 258_024_574,
    "a1_5": 727_578_310,
    "a2_1": 167,
    "a2_2": 746_097_632,
    "a2_3": 1_210_644_572,
    "a2_4": 1_680_615_349,
    "a2_5": 318_358_949,
    "b_1": 3_339_186_879,
    "b_2": 1_015_553_800,
    "b_3": 156_835_787,
    "b_4": 4_677_823_040,
    "b_5": 923_092_380,
    "b_6": 9_525_857_752,
    "b_7": 14_835_149_752,
    "b_8": 1_214_458_817,
    "b_9": 15_885_486_698,
    "b_10": 18_048_515_118,
}
"""Best cost of a team in 300 s."""

BEST_KNOWN: Final = {
    "a1_1": 44_306_501,
    "a1_2": 777_532_896,
    "a1_3": 583_005_717,
    "a1_4": 247_433_844,
    "a1_5": 727_578_309,
    "a2_1": 167,
    "a2_2": 720_671_548,
    "a2_3": 1_190_713_414,
    "a2_4": 1_680_609_218,
    "a2_5": 309_714_522,
    "b_1": 3_307_124_603,
    "b_2": 1_015_517_386,
    "b_3": 156_835_787,
    "b_4": 4_677_817_475,
    "b_5": 922_988_809,
    "b_6": 9_525_857_752,
    "b_7": 14_835_031_813,
    "b_8": 1_214_419_057,
    "b_9": 15_885_486_698,
    "b_10": 18_048_489_888,
}
"""Best feasible cost reported anywhere."""


def score(cost: int, reference: int, initial: int) -> float:
    """The challenge's score in percent: how far the cost is above the reference, relative to the initial cost."""
    return 100.0 * (cost - reference) / initial
