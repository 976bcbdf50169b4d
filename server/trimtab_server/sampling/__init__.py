"""Sample clusters for demos, tests and measurements."""

from __future__ import annotations

from .generator import Sample, generate
from .options import SampleOptions
from .policy import sample_policy, sample_policy_folder, sample_policy_folders

__all__ = ["Sample", "SampleOptions", "generate", "sample_policy", "sample_policy_folder", "sample_policy_folders"]
