"""Short ways to write policies and clusters for the tests of this folder."""

from __future__ import annotations

from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import Fault, PolicyRefusedError
from trimtab_solver.policy.documents import Document, Policy

BRONZE = "{apiVersion: trimtab/v1, kind: Tier, metadata: {name: bronze}, spec: {rank: 10}}\n"
"""The least policy there is: one tier."""


def document(kind: str, name: str, spec: str) -> str:
    """The YAML text of one document; `spec` is a flow mapping."""
    return f"---\napiVersion: trimtab/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def policy_of(*documents: str) -> Policy:
    """The policy of these documents and a bronze tier, in one file."""
    return parse_policy({"p.yaml": "".join((BRONZE, *documents)).encode()})


def named(policy: Policy, name: str) -> Document:
    """The document of that name."""
    return next(document for document in policy.documents if document.name == name)


def faults_of(*documents: str, bare: bool = False) -> tuple[Fault, ...]:
    """Why these documents are refused; empty when they are not. `bare` leaves the bronze tier out."""
    text = "".join(documents if bare else (BRONZE, *documents))
    try:
        parse_policy({"p.yaml": text.encode()})
    except PolicyRefusedError as refusal:
        return refusal.faults
    return ()
