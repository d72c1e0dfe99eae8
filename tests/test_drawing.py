"""A drawn lineage: whole, readable, safe, the same every time; as a picture and as a tree of text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from random import Random
from xml.etree.ElementTree import Element, fromstring  # the text is our own

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.boxes import BOLD, GAP, LARGE, SMALL, WIDTH
from api.drawing import Links, drawing, told
from api.drawn import DrawnFlow, DrawnLineage
from api.grouping import CROWD_MAX, DRAWN_MAX, picture
from api.layout import Box, Line, layout, ranks
from api.lettering import width
from api.tree_text import Direction, tree
from api.words import LANGUAGES, Language, grams, percent
from tests.lineages import GOLDEN, LOT, MOTHER, code, golden, moment, plain, recall, troubled, unit, wide

SVG = "{http://www.w3.org/2000/svg}"
LINEAGES = {"plain": plain(), "recall": recall(), "troubled": troubled(), "wide": wide(120)}
CODES = {one.code for lineage in LINEAGES.values() for one in lineage.units}
"""All codes in them."""
HOSTILE = "<script>alert(1)</script>&\"'><img src=//evil.example onerror=x>]]>\x00\x1b\ud800"


def parsed(lineage: DrawnLineage, opened: tuple[str, ...] = (), links: Links | None = None) -> Element:
    return fromstring(drawing(lineage, opened=opened, links=links, standalone=True))


def texts(root: Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def of_class(root: Element, name: str) -> Iterator[Element]:
    return (one for one in root.iter() if name in (one.get("class") or "").split())


def amount(text: str) -> Counter[str]:
    """The grams and pieces that a text names, in milligrams and pieces."""
    found: Counter[str] = Counter()
    for whole, part in re.findall(r"(\d+)\.(\d{3}) g", text):
        found["mass"] += int(whole) * 1000 + int(part)
    for pieces in re.findall(r"(\d+) plants?\b", text):
        found["pieces"] += int(pieces)
    return found


def recorded(flows: tuple[DrawnFlow, ...]) -> Counter[str]:
    return +Counter({"mass": sum(f.mass or 0 for f in flows), "pieces": sum(f.pieces or 0 for f in flows)})


def test_the_golden_picture_is_drawn_again_byte_for_byte() -> None:
    assert golden() == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("lineage", LINEAGES.values(), ids=LINEAGES)
def test_the_order_in_which_a_lineage_is_given_changes_nothing(lineage: DrawnLineage) -> None:
    units, flows = list(lineage.units), list(lineage.flows)
    Random(1).shuffle(units)
    Random(2).shuffle(flows)
    assert drawing(replace(lineage, units=tuple(units), flows=tuple(flows))) == drawing(lineage)


@pytest.mark.parametrize("opened", [(), (LOT,)], ids=["closed", "open"])
@pytest.mark.parametrize("lineage", LINEAGES.values(), ids=LINEAGES)
def test_every_quantity_stands_in_the_picture_and_none_twice(lineage: DrawnLineage, opened: tuple[str, ...]) -> None:
    root = parsed(lineage, opened)
    drawn = [text for line in of_class(root, "line") for text in texts(line)]
    drawn += [text for stub in of_class(root, "amount") for text in [stub.text or ""]]
    assert sum((amount(text) for text in drawn), Counter[str]()) == recorded(lineage.flows)
    assert sum((amount(line.quantity) for line in told(lineage, opened=opened)), Counter[str]()) == recorded(
        lineage.flows
    )


def test_each_line_has_its_own_quantity() -> None:
    lineage = troubled()
    names = {one.code: f"{one.kind.lower()} {one.code}" for one in lineage.units}
    lines = Counter((one.source, one.target, one.quantity, one.entries) for one in told(lineage))
    between = [flow for flow in lineage.flows if flow.source and flow.target]
    for flow in between:
        mass = [grams(flow.mass, "en")] if flow.mass else []
        words = " · ".join([*(["1 plant"] if flow.pieces else []), *mass])
        ends = names[flow.source or ""], names[flow.target or ""]
        assert lines[(*ends, words, f"entry {flow.entry}")] == 1
    assert len(lines) == len(lineage.flows)


@pytest.mark.parametrize("lineage", LINEAGES.values(), ids=LINEAGES)
def test_every_unit_is_drawn_or_counted(lineage: DrawnLineage) -> None:
    root = parsed(lineage)
    boxes = [box for box in of_class(root, "unit") if box.find(f"{SVG}title") is not None]
    drawn = 0
    for box in boxes:
        count = [int((text.text or "").split()[0]) for text in of_class(box, "count")]
        drawn += count[0] if count else 1
    assert drawn == len(lineage.units)
    focus = next(of_class(root, "focus")).findtext(f"{SVG}title") or ""
    assert lineage.focus in focus


def test_a_box_says_what_who_and_when() -> None:
    box = next(of_class(parsed(plain()), "focus"))
    sold = code("E", 4)
    assert texts(box) == [
        "PACKAGE", "SOLD", f"{sold[:4]}…{sold[-4:]}", "2025-06-10 14:03", "Amnesia Haze", "by Fyta Company B.V.",
    ]  # fmt: skip
    assert sold in (box.findtext(f"{SVG}title") or "")


def test_where_quantity_enters_and_leaves_it_says_how_much_when_and_who() -> None:
    stubs = [texts(stub) for stub in of_class(parsed(plain()), "stub")]
    assert ["1 plant", "intake", "2025-03-01 09:00", "by Fyta Company B.V."] in stubs
    assert ["12400.000 g", "harvest weighed", "2025-05-20 08:30", "by Fyta Company B.V."] in stubs
    assert ["9920.000 g", "loss", "2025-06-03 08:30", "by Fyta Company B.V."] in stubs
    assert ["1.000 g", "sold", "2025-06-19 16:04", "by Coffeeshop Maastricht 1"] in stubs
    assert len(stubs) == 4


def test_a_lot_s_plants_are_one_box_until_it_is_opened() -> None:
    closed, opened = parsed(plain(), links=Links()), parsed(plain(), (LOT,), links=Links())
    assert "40 plants" in texts(closed)
    assert f"?open={LOT}" in [link.get("href") for link in closed.iter(f"{SVG}a")]
    pages = {link.get("href") for link in opened.iter(f"{SVG}a")}
    assert {f"/console/unit/{code('P', number)}" for number in range(41)} <= pages
    assert "40 plants" not in texts(opened)
    assert picture(plain(), opened=[LOT, "B-nonsense"]).opened == (LOT,)


def test_other_things_asked_for_stay_when_a_group_is_opened() -> None:
    links = Links(query="direction=TO_SALE&language=en")
    hrefs = [link.get("href") for link in parsed(plain(), links=links).iter(f"{SVG}a")]
    assert f"?direction=TO_SALE&language=en&open={LOT}" in hrefs


def test_few_plants_are_drawn_one_by_one() -> None:
    groups = picture(plain(plants=CROWD_MAX)).groups
    assert all(len(group.units) == 1 for group in groups.values())


def test_a_recall_shows_where_the_packages_are() -> None:
    groups = picture(recall()).groups.values()
    packages = [group for group in groups if group.kind == "PACKAGE"]
    assert sum(len(group.units) for group in packages) == 60
    assert len(packages) < 20
    for group in packages:
        assert len({(one.status, one.holder, one.holds) for one in group.units}) == 1


def test_a_hold_is_seen_with_its_entry_and_authority() -> None:
    root = parsed(troubled())
    held = [box for box in of_class(root, "held") if box.find(f"{SVG}title") is not None]
    assert len(held) == 1
    words = " ".join(text.text or "" for text in of_class(held[0], "hold"))
    assert "held · entry 512" in words
    assert "held · entry 530 Inspectie JenV" in words
    assert "Nederlandse Voedsel- en Warenautoriteit, entry 512" in (held[0].findtext(f"{SVG}title") or "")


def test_a_lineage_too_large_to_draw_is_grouped_by_kind() -> None:
    drawn = picture(wide(120))
    assert len(drawn.columns) <= 6
    assert len(picture(wide(20)).groups) == 101
    assert len(picture(wide(120), grouped=["PLANT"]).groups) > DRAWN_MAX


def test_what_is_cut_says_that_it_goes_on() -> None:
    assert texts(parsed(recall())).count("goes on …") == 1


def test_a_flow_to_a_unit_that_is_not_shown_is_still_drawn() -> None:
    lineage = DrawnLineage(
        LOT, (unit("B", 0, "DRY", 3, moment(1)),), (DrawnFlow(code("P", 1), LOT, None, 1, "INTO", 3),)
    )
    assert f"not shown {code('P', 1)[:4]}…{code('P', 1)[-4:]}" in texts(parsed(lineage))


def test_a_circle_is_drawn_without_going_round() -> None:
    """Only a ledger at fault holds one; it must be seen, not hang the page."""
    one, two = unit("B", 1, "DRY", 1, moment(1)), unit("B", 2, "DRY", 2, moment(2))
    flows = (
        DrawnFlow(one.code, two.code, 5, None, "INTO", 1),
        DrawnFlow(two.code, one.code, 7, None, "INTO", 2),
        DrawnFlow(two.code, two.code, 9, None, "INTO", 3),
    )
    lineage = DrawnLineage(one.code, (one, two), flows)
    written = " ".join(texts(parsed(lineage)))
    assert amount(written) == Counter(mass=21)
    assert amount(" ".join(tree(lineage))) == Counter(mass=21)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lineage", LINEAGES.values(), ids=LINEAGES)
def test_what_stands_in_a_box_stays_in_it_and_apart(lineage: DrawnLineage, language: Language) -> None:
    """By the advances of DejaVu Sans, in which a machine without Helvetica and its kin writes."""
    root = fromstring(drawing(lineage, language=language, standalone=True))
    for box in (box for box in of_class(root, "unit") if box.find(f"{SVG}title") is not None):
        edge = int(next(of_class(box, "card")).get("x") or "") + WIDTH
        words = list(box.iter(f"{SVG}text"))
        beside = {one.get("y"): width(one.text or "", SMALL) + GAP for one in words if one.get("text-anchor") == "end"}
        for one in words:
            style, size = one.get("class"), LARGE if one.get("class") in {"code", "count"} else SMALL
            wide = width(one.text or "", size, bold=style in BOLD, mono=style == "code")
            if style != "status":
                assert int(one.get("x") or "") + wide + beside.get(one.get("y"), 0) <= edge


def test_the_dates_of_the_golden_picture_are_whole() -> None:
    assert not [text for text in texts(parsed(plain())) if re.fullmatch(r"[0-9: -]+…", text)]


@pytest.mark.parametrize("lineage", LINEAGES.values(), ids=LINEAGES)
def test_a_page_is_told_where_the_unit_is(lineage: DrawnLineage) -> None:
    page = fromstring(f"<div>{drawing(lineage)}</div>")
    whole, mark = page.findall("svg")[0], list(next(of_class(page, "spot")))
    scale = 1180 / int(whole.get("width") or "") if "fitting" in (whole.get("class") or "") else 1
    x, bottom, wide, high = (int(one.get(name) or "") / scale for one in mark for name in ("width", "height"))
    card = next(of_class(next(of_class(page, "focus")), "card"))
    left, top = int(card.get("x") or "") + 16, int(card.get("y") or "")
    assert abs(x - left) <= 1
    assert wide >= WIDTH - 1
    assert top < bottom - high < bottom <= int(whole.get("height") or "")


def test_names_cannot_become_markup() -> None:
    lineage = plain(plants=2, packages=2)
    hostile = tuple(
        replace(one, variety=HOSTILE, holder=HOSTILE, made_by=HOSTILE, status=HOSTILE, holds=((HOSTILE, 1),))
        for one in lineage.units
    )
    flows = tuple(replace(flow, who=HOSTILE) for flow in lineage.flows)
    before, after = parsed(lineage), parsed(replace(lineage, units=hostile, flows=flows, focus=hostile[0].code))
    assert {one.tag for one in after.iter()} == {one.tag for one in before.iter()}
    assert {name for one in after.iter() for name in one.attrib} <= {
        name for one in before.iter() for name in one.attrib
    }
    drawing(replace(lineage, units=hostile)).encode()


@pytest.mark.parametrize("lineage", LINEAGES.values(), ids=LINEAGES)
def test_no_two_boxes_and_no_two_labels_overlap(lineage: DrawnLineage) -> None:
    drawn = picture(lineage)
    nodes = {key: Box(190, 80) for key in drawn.columns}
    placed = layout(nodes, [Line(one.source, one.target, 50) for one in drawn.sums], drawn.columns)
    boxes = [(x, y, 190, 80) for x, y in placed.corners.values()]
    labels = [(x - 25, y - 8, 50, 16) for x, y in (route.label for route in placed.routes)]
    for left, right in combinations(boxes + labels, 2):
        apart_x = left[0] + left[2] <= right[0] or right[0] + right[2] <= left[0]
        apart_y = left[1] + left[3] <= right[1] or right[1] + right[3] <= left[1]
        assert apart_x or apart_y
    assert all(x >= 0 and y >= 0 for x, y, _, _ in boxes + labels)
    assert all(x + w <= placed.width and y + h <= placed.height for x, y, w, h in boxes + labels)


@given(st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda edge: edge[0] < edge[1])))
def test_lines_run_from_left_to_right(edges: set[tuple[int, int]]) -> None:
    nodes = [str(number) for number in range(12)]
    lines = [Line(str(source), str(target), 40) for source, target in sorted(edges)]
    rank = ranks(nodes, [(line.source, line.target) for line in lines])
    placed = layout({node: Box(100, 40) for node in nodes}, lines, rank)
    for line, route in zip(lines, placed.routes, strict=True):
        across = [x for x, _ in route.points]
        assert across == sorted(across)
        assert placed.corners[line.source][0] + 100 == across[0]
        assert placed.corners[line.target][0] == across[-1]


def test_a_line_of_its_own_runs_straight() -> None:
    rank = {"a": 0, "b": 1, "c": 2}
    placed = layout(dict.fromkeys(rank, Box(100, 40)), [Line("a", "b", 30), Line("b", "c", 30)], rank)
    assert len({y for route in placed.routes for _, y in route.points}) == 1


def test_crossings_that_can_be_avoided_are() -> None:
    nodes = dict.fromkeys("abcxyz", Box(100, 40))
    rank = dict.fromkeys("abc", 0) | dict.fromkeys("xyz", 1)
    placed = layout(nodes, [Line("a", "z", 30), Line("b", "y", 30), Line("c", "x", 30)], rank)
    height = {node: y for node, (_, y) in placed.corners.items()}
    assert (height["a"] < height["b"]) == (height["z"] < height["y"])
    assert (height["b"] < height["c"]) == (height["y"] < height["x"])


@pytest.mark.parametrize(
    ("mass", "text"), [(0, "0.000 g"), (1, "0.001 g"), (1_000, "1.000 g"), (12_400_050, "12400.050 g")]
)
def test_grams_have_three_decimals(mass: int, text: str) -> None:
    assert grams(mass, "en") == text
    assert grams(mass, "nl") == text.replace(".", ",")


@pytest.mark.parametrize(
    ("concentration", "text"),
    [(0, "0.00 %"), (49_999, "0.00 %"), (50_000, "0.01 %"), (10_000_000, "1.00 %"), (183_449_999, "18.34 %")],
)
def test_percentages_have_two_decimals(concentration: int, text: str) -> None:
    assert percent(concentration, "en") == text
    assert percent(concentration, "nl") == text.replace(".", ",")


@pytest.mark.parametrize("direction", ["TO_SEED", "TO_SALE"])
@pytest.mark.parametrize("lineage", LINEAGES.values(), ids=LINEAGES)
def test_the_tree_of_text_has_every_unit_once_and_every_quantity(lineage: DrawnLineage, direction: Direction) -> None:
    lines = tree(lineage, direction=direction, each=True)
    codes = [word for line in lines if "see above" not in line for word in line.split() if word in CODES]
    assert sorted(codes) == sorted([*(one.code for one in lineage.units), *lineage.frontier])
    amounts = [re.split(r"[←→]", line.lstrip("│├└─ "))[0] for line in lines if re.search(r"[←→]", line)]
    assert sum((amount(text) for text in amounts), Counter[str]()) == recorded(lineage.flows)


def test_the_tree_of_text_leads_back_to_the_mother() -> None:
    whole, sold = plain(), code("E", 4)
    units = tuple(one for one in whole.units if one.kind in {"PLANT", "LOT"} or one.code == sold)
    kept = {None, *(one.code for one in units)}
    flows = tuple(flow for flow in whole.flows if {flow.source, flow.target} <= kept)
    lines = tree(replace(whole, units=units, flows=flows))
    assert lines == [
        f"package {code('E', 4)}  SOLD  Amnesia Haze  2025-06-10 14:03",
        "├─ 1.000 g → sold  2025-06-19 16:04  Coffeeshop Maastricht 1",
        f"└─ 1.000 g ← lot {LOT}  SAMPLED  Amnesia Haze  Fyta Company B.V.  2025-05-20 08:30",
        "   ├─ 12400.000 g ← harvest weighed  2025-05-20 08:30  Fyta Company B.V.",
        "   ├─ 9920.000 g → loss  2025-06-03 08:30  Fyta Company B.V.",
        "   └─ 40 plants ← 40 plants, 1 mother  HARVESTED  Amnesia Haze  Fyta Company B.V.  2025-03-11",
        f"      └─ 40 plants ← plant {MOTHER}  GROWING  Amnesia Haze  Fyta Company B.V.  2025-03-01 09:00",
        "         └─ 1 plant ← intake  2025-03-01 09:00  Fyta Company B.V.",
    ]  # fmt: skip
