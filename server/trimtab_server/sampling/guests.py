"""The guests of a sample cluster: applications with a tier, two zones and a few roles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from trimtab_solver.snapshot import Migratability

from .draw import Draw
from .options import SampleOptions

TIER_SHARES = {"gold": 20, "silver": 30, "bronze": 50}

_APPLICATIONS = (
    "pay", "shop", "crm", "erp", "mail", "auth", "search", "stock", "ledger", "billing", "wiki", "build",
    "metrics", "backup", "video", "orders", "claims", "ticket", "portal", "report", "payroll", "archive",
    "dns", "proxy", "scan", "lab", "stage", "train", "forum", "map", "chat", "print", "fleet", "quote",
    "ship", "return", "loyal", "fraud", "audit", "trade",
)  # fmt: skip
_TENANTS = ("retail", "bank", "logistics", "research", "public")


@dataclass(frozen=True, slots=True)
class Flavour:
    """A size on offer; `weight` is how often it is chosen."""

    cpu_milli: int
    memory_mib: int
    weight: int


FLAVOURS = (
    Flavour(500, 1024, 10),
    Flavour(1000, 2048, 18),
    Flavour(1000, 4096, 16),
    Flavour(2000, 4096, 14),
    Flavour(2000, 8192, 16),
    Flavour(4000, 8192, 8),
    Flavour(4000, 16384, 9),
    Flavour(8000, 16384, 4),
    Flavour(8000, 32768, 4),
    Flavour(16000, 65536, 1),
)
_MEAN_MEMORY_MIB = sum(f.memory_mib * f.weight for f in FLAVOURS) // sum(f.weight for f in FLAVOURS)


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest to be: everything but its place."""

    id: str
    tenant: str
    tier: str
    app: str
    zone: str
    role: str
    flavour: Flavour
    is_licensed: bool
    on_mirror: bool
    """Its disks are on a mirrored pool; else on a pool of the site (or host) it is placed on."""
    on_local_disk: bool
    migratability: Migratability
    dirty_rate_mbps: int
    restart_s: int
    device_needs: tuple[str, ...]


def build_guests(options: SampleOptions, draw: Draw) -> tuple[Guest, ...]:
    """Applications of two to six guests until there are `options.vms`; tiers in the shares of `TIER_SHARES`."""
    flavours = _flavours_that_fit(options)
    made: list[Guest] = []
    tiers: Counter[str] = Counter()
    number = 0
    while len(made) < options.vms:
        tier = max(TIER_SHARES, key=lambda name: TIER_SHARES[name] * (len(made) + 1) - 100 * tiers[name])
        app = _APPLICATIONS[number % len(_APPLICATIONS)]
        if number >= len(_APPLICATIONS):
            app += str(number // len(_APPLICATIONS) + 1)
        number += 1
        size = min(draw.between(2, 6), options.vms - len(made))
        # gold halves never share a site, so a single site can only hold one of them
        zones = 1 if tier == "gold" and options.sites == 1 else 2
        made += _application(app, tier, size, zones, flavours, draw)
        tiers[tier] += size
    return tuple(made)


def _flavours_that_fit(options: SampleOptions) -> tuple[Flavour, ...]:
    # no guest should be larger than about 40 % of an average host: clusters of few, huge guests cannot be balanced
    limit = 0.4 * _MEAN_MEMORY_MIB * options.vms / (options.hosts * options.load)
    fitting = tuple(flavour for flavour in FLAVOURS if flavour.memory_mib <= limit)
    return fitting if len(fitting) >= 3 else FLAVOURS[:3]


def _application(app: str, tier: str, size: int, zones: int, flavours: tuple[Flavour, ...], draw: Draw) -> list[Guest]:
    tenant = draw.one_of(_TENANTS)
    on_mirror = tier == "gold" or draw.chance({"silver": 0.6, "bronze": 0.1}[tier])
    weights = [flavour.weight for flavour in flavours]
    by_role = {role: draw.weighted(flavours, weights) for role in ("web", "backend", "db")}
    second = draw.weighted(flavours, weights)
    by_role["db"] = max(by_role["db"], second, key=lambda flavour: flavour.memory_mib)
    licensed = tier != "bronze" and draw.chance(0.15)
    # a site has few licensed hosts: a licensed guest that could not leave its site would be lost with one rack
    on_mirror = on_mirror or licensed
    guests = []
    for index in range(size):
        role = "db" if index == size - 1 and size > 2 else "web" if index < (size + 1) // 2 else "backend"
        zone = "AB"[index % zones]
        local = tier == "bronze" and not on_mirror and draw.chance(0.03)
        guests.append(
            Guest(
                id=f"{app}-{zone.lower()}{index // zones + 1}",
                tenant=tenant,
                tier=tier,
                app=app,
                zone=zone,
                role=role,
                flavour=by_role[role],
                is_licensed=licensed and role == "db",
                on_mirror=on_mirror,
                on_local_disk=local,
                migratability=Migratability.NONE if local else _migratability(tier, draw),
                dirty_rate_mbps=draw.between(400, 1500) if role == "db" else draw.between(20, 300),
                restart_s={"web": 20, "backend": 40, "db": 90}[role] + draw.below(20),
                device_needs=("sr-iov",) if role == "backend" and on_mirror and draw.chance(0.04) else (),
            )
        )
    return guests


def _migratability(tier: str, draw: Draw) -> Migratability:
    live = {"gold": 100, "silver": 95, "bronze": 92}[tier]
    rest = 100 - live
    return draw.weighted((Migratability.LIVE, Migratability.COLD, Migratability.NONE), (2 * live, rest, rest))
