"""Local search over placements, compiled: serves repair, rebalancing, drains and the reassignment benchmark alike."""

from .workers import SearchOptions as SearchOptions
from .workers import ValuedTarget as ValuedTarget
from .workers import search as search
