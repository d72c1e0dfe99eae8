"""The public page of a package, which its label leads to: what it is, and whether it is recalled or held.

Content after Regeling art. 7, annex I. Nothing about other units, shops or sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.markup import tag
from api.pages.frame import document, facts_list
from api.words import Language, grams, percent, say


@dataclass(frozen=True)
class LabelPage:
    """The facts of a package. `mass` is milligrams, `thc` and `cbd` are µg/kg, times are timestamps of the ledger.

    `entry` is the one that packed it, `checkpoint` the size of the tree under which it is proven.
    """

    code: str
    product: Literal["HEMP", "HASHISH"]
    variety: str
    mass: int
    thc: int | None
    cbd: int | None
    grower: str
    harvested: str | None
    packed: str
    state: Literal["FREE", "HELD", "RECALLED"]
    origin: str
    entry: int
    checkpoint: int


def label_page(page: LabelPage, language: Language = "nl") -> str:
    """What anybody may know of a package."""
    unknown = say("not measured", language)
    facts = [
        (say("product", language), say(page.product, language)),
        (say("variety", language), page.variety),
        (say("net weight", language), grams(page.mass, language)),
        ("THC", unknown if page.thc is None else percent(page.thc, language)),
        ("CBD", unknown if page.cbd is None else percent(page.cbd, language)),
        (say("grower", language), page.grower),
        (say("harvested", language), page.harvested and page.harvested[:10]),
        (say("packed", language), page.packed[:10]),
        (say("code", language), tag("code", page.code)),
    ]
    place = say("place", language, n=page.entry, origin=page.origin, m=page.checkpoint)
    body = [
        tag("p", say("label", language), class_="note"),
        tag("h1", page.variety),
        tag(
            "div",
            tag("strong", say(page.state, language)),
            tag("div", say(f"{page.state} text", language)),
            class_=f"banner {'good' if page.state == 'FREE' else 'held'}",
            role="status",
        ),
        tag("section", facts_list(facts), class_="label"),
        tag("p", tag("strong", say("children", language))),
        tag("p", place, ". ", say("place text", language), class_="note"),
    ]
    return document(page.variety, body, language=language, narrow=True)
