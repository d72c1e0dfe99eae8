"""A unit's lineage, to its seed or to its sale, joined from the pages in which the gateway gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LINEAGE = """
  units { code kind status mass pieces variety holder { participant name } made { ...Act } holds { ...Act } }
  flows { from to mass pieces kind entry { ...Act } }
  totalUnits complete frontier
  pageInfo { hasNextPage endCursor }
"""
ACT = "fragment Act on Entry { index at action participant { participant name } }"
DOCUMENT = f"""
query Lineage($code: Code!, $direction: Direction!, $depth: Int, $after: String) {{
  unit(code: $code) {{
    lineage(direction: $direction, depth: $depth, after: $after) {{ {LINEAGE} }}
  }}
}}
{ACT}
"""


def lineage(
    query: Callable[[str, dict[str, Any]], dict[str, Any]], code: str, direction: str, depth: int | None
) -> dict[str, Any] | None:
    """The members of the GraphQL type `Lineage` over all pages, without `pageInfo`; None for an unseen unit.

    `direction` is TO_SEED or TO_SALE; `depth` None follows it to the end. Masses are milligrams.
    """
    whole: dict[str, Any] | None = None
    after = None
    while True:
        variables = {"code": code, "direction": direction, "depth": depth, "after": after}
        unit = query(DOCUMENT, variables)["unit"]
        if unit is None:
            return None
        page = unit["lineage"]
        info = page.pop("pageInfo")
        if whole is None:
            whole = page
        else:
            whole["units"] += page["units"]
            whole["flows"] += page["flows"]
            whole["complete"], whole["frontier"] = page["complete"], page["frontier"]
        if not info["hasNextPage"]:
            return whole
        after = info["endCursor"]
