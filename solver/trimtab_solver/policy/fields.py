"""Types for the fields of policy kinds that select or compute: each says what it is evaluated on.

A kind that annotates its fields with these needs no line anywhere else: the loader compiles its expressions, lint
looks into its selectors, and the schema for editors describes both.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .documents import Expression, Selector
from .marks import Computes, NamesDomains, NamesResources, Selects
from .variables import ExpressionScope, Returns

DomainKind = Annotated[str, Field(min_length=1), NamesDomains()]
ResourceName = Annotated[str, Field(min_length=1), NamesResources()]
VmSelector = Annotated[Selector, Selects(ExpressionScope.VM)]
HostSelector = Annotated[Selector, Selects(ExpressionScope.HOST)]
PoolSelector = Annotated[Selector, Selects(ExpressionScope.POOL)]
VmCondition = Annotated[Expression, Computes(ExpressionScope.VM, Returns.BOOL)]
VmText = Annotated[Expression, Computes(ExpressionScope.VM, Returns.STRING)]
HostCondition = Annotated[Expression, Computes(ExpressionScope.HOST, Returns.BOOL)]
EventCondition = Annotated[Expression, Computes(ExpressionScope.EVENT, Returns.BOOL)]
