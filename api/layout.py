"""Places for a layered graph: nodes in columns, few crossings, every label on a place of its own.

The method of Sugiyama, Tagawa and Toda (1981) in four steps: columns by longest path, an order within each
column by barycentres, heights by least squares, lines through reserved places. A label is a node of the
column between two others, so that no two labels can overlap. The same input gives the same places.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 6
SETTLINGS = 80
ROW_GAP = 12
LABEL_HEIGHT = 16
CURVE_MIN, CURVE_MAX = 14, 60
"""Room for the curves between two columns, pixels: more where they climb more."""


@dataclass(frozen=True)
class Box:
    """What a node needs: its size in pixels, and whether it leans to the right edge of its column."""

    width: int
    height: int
    right: bool = False


@dataclass(frozen=True)
class Line:
    """An edge: the keys of its ends and the width of its label in pixels, 0 if it has none."""

    source: str
    target: str
    label: int


@dataclass(frozen=True)
class Route:
    """The way of an edge: pairs (x, y) from port to port, and the middle of its label."""

    points: tuple[tuple[int, int], ...]
    label: tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """Left upper corners of the nodes, a route for each line, and the size of it all, in pixels."""

    corners: Mapping[str, tuple[int, int]]
    routes: tuple[Route, ...]
    width: int
    height: int


@dataclass(eq=False)
class Place:
    """Something that takes room in a column: a node, a label, or the passage of a long line."""

    column: int
    width: int
    height: int
    weight: float = 0.01
    right: bool = False
    x: int = 0
    y: float = 0.0
    """Of its middle."""
    before: list[Place] = field(default_factory=list)
    after: list[Place] = field(default_factory=list)

    def pull(self, other: Place) -> float:
        """How much a link wants to be level: a link that is one of many bends rather than one alone."""
        left, right = (self, other) if self.column < other.column else (other, self)
        return 1.0 / max(len(left.after), len(right.before)) ** 2


def ranks(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The column of each node: after all it comes from; what comes from nothing stands before its first use.

    A flow that closes a circle, which only a ledger at fault can hold, does not count: its target's rank is
    then not above its source's.
    """
    after: dict[str, set[str]] = {node: set() for node in nodes}
    open_ends = dict.fromkeys(nodes, 0)
    for source, target in edges:
        if source != target and target not in after[source]:
            after[source].add(target)
            open_ends[target] += 1
    fed = {node for node, count in open_ends.items() if count}
    rank: dict[str, int] = {}
    ready = [node for node in nodes if not open_ends[node]]
    rest = iter(nodes)
    height = dict.fromkeys(nodes, 0)
    while len(rank) < len(after):
        if not ready:
            ready = [next(node for node in rest if node not in rank)]
        following: list[str] = []
        for node in ready:
            rank[node] = height[node]
            for target in sorted(after[node]):
                height[target] = max(height[target], rank[node] + 1)
                open_ends[target] -= 1
                if not open_ends[target] and target not in rank:
                    following.append(target)
        ready = following
    for node in nodes:
        if node not in fed and after[node]:
            rank[node] = min(rank[target] for target in after[node]) - 1
    lowest = min(rank.values(), default=0)
    return {node: value - lowest for node, value in rank.items()}


def layout(nodes: Mapping[str, Box], lines: Sequence[Line], rank: Mapping[str, int]) -> Layout:
    """Places for `nodes`, in the order in which they are to stand where nothing else decides, and `lines`.

    Every line runs from a lower to a higher rank (see `ranks`).
    """
    places = {key: Place(2 * rank[key], box.width, box.height, right=box.right) for key, box in nodes.items()}
    chains = [chain(places[line.source], places[line.target], line.label) for line in lines]
    columns = ordered(list(places.values()), [place for links in chains for place in links[1:-1]])
    stack(columns)
    level(columns, chains)
    width = spread(columns)
    everything = [place for column in columns for place in column]
    top = min((int(place.y) - place.height // 2 for place in everything), default=0)
    for place in everything:
        place.y -= top
    height = max((int(place.y) + place.height // 2 for place in everything), default=0)
    return Layout(
        {key: (place.x, int(place.y) - place.height // 2) for key, place in places.items()},
        tuple(routes(chains)),
        width,
        height,
    )


def chain(source: Place, target: Place, label: int) -> list[Place]:
    """The places of a line from end to end: its label in the first column between, passages in the others."""
    assert source.column < target.column
    links = [source]
    for column in range(source.column + 1, target.column):
        first = len(links) == 1
        links.append(Place(column, label if first else 0, LABEL_HEIGHT if first and label else 2))
    links.append(target)
    for left, right in pairwise(links):
        left.after.append(right)
        right.before.append(left)
    return links


def ordered(nodes: list[Place], passages: list[Place]) -> list[list[Place]]:
    """The columns with their places in an order of few crossings: that of a walk along the lines, then better."""
    columns: list[list[Place]] = [[] for _ in range(1 + max((place.column for place in nodes), default=-1))]
    seen: set[Place] = set()
    for start in [place for place in nodes if not place.before]:
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place not in seen:
                seen.add(place)
                columns[place.column].append(place)
                waiting.extend(reversed(place.after))
    assert len(seen) == len(nodes) + len(passages)
    best, fewest = [list(column) for column in columns], crossings(columns)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        by_barycentre(columns, leftward=bool(sweep % 2))
        now = crossings(columns)
        if now < fewest:
            best, fewest = [list(column) for column in columns], now
    return best


def by_barycentre(columns: list[list[Place]], *, leftward: bool) -> None:
    """Sort each column by the mean position of what its places hang on in the column before (or after)."""
    for column in reversed(columns) if leftward else columns:
        position = {place: float(number) for near in columns for number, place in enumerate(near)}

        def centre(place: Place, position: dict[Place, float] = position) -> float:
            near = place.after if leftward else place.before
            return sum(position[other] for other in near) / len(near) if near else position[place]

        column.sort(key=centre)


def crossings(columns: list[list[Place]]) -> int:
    """How many pairs of links cross."""
    total = 0
    for left, right in pairwise(columns):
        position = {place: number for number, place in enumerate(right)}
        ends: list[int] = []
        for place in left:
            for end in sorted(position[other] for other in place.after):
                total += len(ends) - bisect_right(ends, end)
                insort(ends, end)
    return total


def stack(columns: list[list[Place]]) -> None:
    """Heights: each place as level with its neighbours as the order and the sizes in its column allow."""
    for column in columns:
        for place in column:
            place.weight = sum(place.pull(other) for other in place.before + place.after) or 0.01
        settle(column, [0.0 for _ in column])
    for turn in range(SETTLINGS):
        last = turn >= 2 * SWEEPS
        for column in reversed(columns) if turn % 2 else columns:
            wanted = []
            for place in column:
                near = place.before + place.after if last else place.after if turn % 2 else place.before
                pulls = [place.pull(other) for other in near]
                level = sum(other.y * pull for other, pull in zip(near, pulls, strict=True))
                wanted.append(level / sum(pulls) if near else place.y)
            settle(column, wanted)


def settle(column: list[Place], wanted: list[float]) -> None:
    """Middles nearest to those wanted, in weighted least squares, with room between neighbours.

    Isotonic regression by pooling adjacent violators, after the room each place needs is taken off.
    """
    offsets: list[float] = []
    for number, place in enumerate(column):
        above = column[number - 1] if number else place
        gap = ROW_GAP if place.width and above.width and place.column % 2 == 0 else 3
        offsets.append(offsets[-1] + (above.height + place.height) / 2 + gap if number else 0.0)
    pools: list[tuple[float, float, int]] = []
    for place, middle, offset in zip(column, wanted, offsets, strict=True):
        mean, weight, count = middle - offset, place.weight, 1
        while pools and pools[-1][0] > mean:
            other_mean, other_weight, other_count = pools.pop()
            mean = (mean * weight + other_mean * other_weight) / (weight + other_weight)
            weight += other_weight
            count += other_count
        pools.append((mean, weight, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    for place, mean, offset in zip(column, means, offsets, strict=True):
        place.y = mean + offset


def level(columns: list[list[Place]], chains: list[list[Place]]) -> None:
    """Set labels at the height of the port that their line has to itself, where there is room: it runs straight.

    All heights are whole pixels afterwards.
    """
    for column in columns:
        for place in column:
            place.y = round(place.y)
    leaving, arriving = ports(chains, start=True), ports(chains, start=False)
    wanted = {}
    for number, (source, label, *_, last) in enumerate(chains):
        onward = label.after[0]
        after = arriving[number] if onward is last else onward.y
        wanted[label] = leaving[number] if label.pull(source) > label.pull(onward) else after
    for column in columns[1::2]:
        settle(column, [wanted.get(place, place.y) for place in column])
        for place in column:
            place.y = round(place.y)


def spread(columns: list[list[Place]]) -> int:
    """Give each column its x, with room for the curves before it; returns the width of all."""
    x = 0
    for number, column in enumerate(columns):
        width = max((place.width for place in column), default=0)
        climbs = [abs(place.y - other.y) for place in column for other in place.before]
        if number:
            x += round(min(CURVE_MAX, CURVE_MIN + max(climbs, default=0.0) / 8))
        for place in column:
            place.x = x + width - place.width if place.right else x
            if not place.width or number % 2:
                place.x, place.width = x, width
        x += width
    return x


def routes(chains: list[list[Place]]) -> Iterable[Route]:
    """The points of each line; lines that share an end leave it at ports of their own, in their order."""
    leaving, arriving = ports(chains, start=True), ports(chains, start=False)
    for number, links in enumerate(chains):
        source, *between, target = links
        points = [(source.x + source.width, leaving[number])]
        for place in between:
            points += [(place.x, int(place.y)), (place.x + place.width, int(place.y))]
        points.append((target.x, arriving[number]))
        yield Route(tuple(points), (between[0].x + between[0].width // 2, int(between[0].y)))


def ports(chains: list[list[Place]], *, start: bool) -> dict[int, int]:
    """The height at which each line leaves its source, or arrives at its target."""
    by_end: defaultdict[Place, list[tuple[float, int]]] = defaultdict(list)
    for number, links in enumerate(chains):
        end, near = (links[0], links[1]) if start else (links[-1], links[-2])
        by_end[end].append((near.y, number))
    heights = {}
    for end, near_ends in by_end.items():
        step = min(14.0, (end.height - 16) / len(near_ends))
        for place, (_, number) in enumerate(sorted(near_ends)):
            heights[number] = round(end.y + step * (place - (len(near_ends) - 1) / 2))
    return heights
