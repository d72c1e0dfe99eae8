"""The gateway's own word on a unit, check by check, from seed to sale: its entries, read and judged again.

Every entry in which the unit or what it came from was touched is read from its bytes, proven under the
newest checkpoint, verified as its signer signed it, and judged by the rules on the state before it, which
the tables tell. What it then does must be what the tables say it did. Who wants to believe no table and
no gateway runs the audit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger import checkpoint, instant, keys, merkle
from ledger.accept import judge
from ledger.audit import registry
from ledger.audit.registry import KnownKey
from ledger.checkpoint import Checkpoint
from ledger.editions import EDITIONS
from ledger.entry import FIRST_PREVIOUS, Entry, prefix
from ledger.errors import Malformed, Problem
from ledger.group import Rows
from ledger.past import Past, Torn
from ledger.rows import Key, Ledger, Participant, Unit, Version
from ledger.scope import Scope
from ledger.state import ENTITY, State
from ledger.statement import Statement, Submission, read
from ledger.store import Store
from ledger.submission import signed_text
from ledger.tree import Tree

INTAKE = "intakePlants"
HOLDS, BROKEN, UNDECIDED = "HOLDS", "BROKEN", "UNDECIDED"

TITLES = {
    "BYTES": "Every entry consists of the canonical bytes of an entry.",
    "LINKS": "Every entry links to the one before it, and the one after it to this.",
    "CHECKPOINT": "Every entry stands under the newest checkpoint, which the ledger's key signed.",
    "SIGNATURES": "Every statement is signed by the key that it names.",
    "KEYS": "Every key was registered, not revoked, and entitled to what it signed.",
    "ORIGIN": "The lineage ends in an intake of a designated grower.",
    "MASS": "Nowhere came more out than went in, and every milligram is accounted for.",
    "RESULTS": "Nothing was packed without a result, or above a limit of the laboratory.",
    "LIMITS": "The limits in force at the time of each act were kept.",
    "TRANSPORT": "Every shipment was delivered in time.",
    "CUSTODY": "Every act was done by the holder of that moment, on a unit in the right state.",
    "HOLDS": "Nothing was done under an open hold.",
}
"""The checks of `interface.md` §7, in their order."""

OF_LIMITS = {"TRANSPORT_HOURS_MAX": "TRANSPORT"} | dict.fromkeys(
    ("PACKAGE_MAX", "SALE_MAX", "SAMPLES_PER_LOT", "INTAKE_PLANTS_MAX", "INTAKE_HOURS_MAX"), "LIMITS"
)
"""The check that a limit belongs to; those not named are limits of results."""

OF_RULES = {
    "NOT_ALLOWED": "KEYS",
    "NOT_ENOUGH": "MASS",
    "MASS_CREATED": "MASS",
    "RESULT_MISSING": "RESULTS",
    "ON_HOLD": "HOLDS",
}
"""The check that a refusal belongs to; all others are of custody."""

ENTRIES_MAX = 5_000
"""Entries that are read for one unit; what has more is for the audit."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `entry` is the first one that breaks it, or from which on it is undecided."""

    code: str
    title: str
    outcome: str
    entry: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks in their order, at a ledger of `size` entries."""

    size: int
    checks: list[Check]

    @property
    def intact(self) -> bool:
        """Whether every check holds."""
        return all(check.outcome == HOLDS for check in self.checks)


def verify(store: Store, unit: int, entries_max: int = ENTRIES_MAX) -> Verification:
    """Check a unit from its seed to its last act. Ask it within a snapshot. Raises LookupError for no such unit.

    Of an entry that breaks several rules the first by precedence is named, as in a refusal.
    """
    return _Verifier(store, Scope(store, unit)).run(entries_max)


@dataclass(slots=True)
class _Findings:
    """The first finding of each check; entries are read in order."""

    broken: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    undecided: tuple[int | None, str] | None = None
    """From where on not everything could be checked, and why."""

    def add(self, code: str, entry: int | None, detail: str) -> None:
        self.broken.setdefault(code, (entry, detail))

    def leave(self, entry: int | None, detail: str) -> None:
        self.undecided = self.undecided or (entry, detail)

    def check(self, code: str) -> Check:
        if code in self.broken:
            return Check(code, TITLES[code], BROKEN, *self.broken[code])
        if self.undecided is not None:
            return Check(code, TITLES[code], UNDECIDED, *self.undecided)
        return Check(code, TITLES[code], HOLDS)


class _Verifier:
    def __init__(self, store: Store, scope: Scope) -> None:
        head = store.head()
        assert head is not None
        self._store = store
        self._scope = scope
        self._head = head
        self._tree = Tree(store.tile, head.size)
        self._found = _Findings()
        self._keys: dict[str, KnownKey | None] = {}
        self._signed: set[tuple[bytes, bytes]] = set()
        self._actions: dict[int, str] = {}
        genesis = store.entry_bytes(0)
        self._genesis = registry.read([] if genesis is None else [(0, genesis)])
        self._checkpoint = self._opened()

    def run(self, entries_max: int) -> Verification:
        found, scope = self._found, self._scope
        for index in scope.entries[:entries_max]:
            self._entry(index)
        if len(scope.entries) > entries_max:
            found.leave(scope.entries[entries_max], f"more than {entries_max} entries: run the audit")
        for index, name in scope.roots():
            if self._actions.get(index, INTAKE) != INTAKE:
                found.add("ORIGIN", index, f"{name} comes from nowhere")
        for index, name, difference in scope.uneven():
            found.add("MASS", index, f"{difference} mg of {name} are not accounted for")
        return Verification(self._head.size, [found.check(code) for code in TITLES])

    def _entry(self, index: int) -> None:
        """Everything about one entry."""
        near = {row: (data, stored) for row, data, stored in next(self._store.entries(index - 1, index + 2), [])}
        if index not in near:
            self._found.add("BYTES", index, "the entry is missing")
            self._found.leave(index, "an entry is missing")
            return
        data, _ = near[index]
        leaf = merkle.leaf_hash(data)
        self._check_links(index, near, leaf)
        self._check_inclusion(index, leaf)
        try:
            entry = Entry.decode(data)
            past = Past(self._store, index)
            statement, ledger = self._read(entry, past)
        except Malformed as error:
            self._found.add("BYTES", index, str(error))
            self._found.leave(index, "an entry cannot be read")
            return
        self._actions[index] = statement.action.name
        self._check_signature(index, entry, statement)
        try:
            self._check_rules(index, entry, statement, ledger, past)
        except Torn as torn:
            self._found.add("ORIGIN" if torn.row is Unit else "CUSTODY", index, str(torn))
            self._found.leave(index, str(torn))

    def _read(self, entry: Entry, past: Past) -> tuple[Statement, Ledger]:
        """What the entry's key stated, under the edition of that time. Raises Malformed."""
        origin = self._genesis.origin or ""
        ledgers = past.load(Ledger, ENTITY, (origin,))
        if not ledgers or ledgers[0].edition not in EDITIONS:
            raise Malformed("no edition is in force that is known here")
        statement = read(entry.statement, origin, EDITIONS[ledgers[0].edition], entry.envelope.seen_size)
        if isinstance(statement, list):
            raise Malformed(", ".join(problem.code for problem in statement))
        return statement, ledgers[0]

    def _check_links(self, index: int, near: dict[int, tuple[bytes, bytes]], leaf: bytes) -> None:
        data, stored = near[index]
        previous = near[index - 1][1] if index - 1 in near else FIRST_PREVIOUS
        if stored != leaf:
            self._found.add("LINKS", index, "its stored hash is not that of its bytes")
        if not data.startswith(prefix(index, previous)):
            self._found.add("LINKS", index, "it does not link to the entry before")
        if index + 1 < self._head.size:
            after = near.get(index + 1, (b"", b""))[0]
            if not after.startswith(prefix(index + 1, leaf)):
                self._found.add("LINKS", index, "the entry after does not link to it")

    def _check_inclusion(self, index: int, leaf: bytes) -> None:
        size = self._head.size
        try:
            if self._checkpoint is not None:
                path = self._tree.inclusion(index, size)
                merkle.check_inclusion(index, size, leaf, path, self._checkpoint.root)
        except Malformed as error:
            self._found.add("CHECKPOINT", index, str(error))

    def _check_signature(self, index: int, entry: Entry, statement: Statement) -> None:
        """The key counted at this entry, as the entries about it say, and signed it (format §5)."""
        key = self._key(statement.key)
        if key is None or 0 < index <= key.registered:
            self._found.add("KEYS", index, f"no entry before it registers {statement.key}")
            return
        lapsed = key.not_after is not None and instant.millis(entry.recorded) > key.not_after
        if lapsed or (key.revoked is not None and key.revoked < index):
            self._found.add("KEYS", index, f"{statement.key} was revoked or had lapsed")
        envelope = entry.envelope
        try:
            place = statement.sequence - envelope.first
            root = merkle.root_from_path(place, envelope.count, merkle.leaf_hash(statement.raw), entry.path)
            text = signed_text(
                self._genesis.origin or "", statement.key, envelope.first, envelope.count, root, envelope.seen_size,
                envelope.seen_root, envelope.until,
            )  # fmt: skip
            if (text, envelope.signature) not in self._signed:
                keys.verify(key.public, text, envelope.signature)
                self._signed.add((text, envelope.signature))
        except Malformed as error:
            self._found.add("SIGNATURES", index, str(error))

    def _key(self, key_id: str) -> KnownKey | None:
        """A key as the entries that registered and revoked it say; the table only tells which those are."""
        if key_id not in self._keys:
            rows = self._store.load(Key, "id", (key_id,))
            indexes = sorted({index for row in rows for index in (row.registered, row.revoked) if index is not None})
            told = [(index, data) for index in indexes if (data := self._store.entry_bytes(index)) is not None]
            self._keys[key_id] = registry.read(told).keys.get(key_id)
        return self._keys[key_id]

    def _check_rules(self, index: int, entry: Entry, statement: Statement, ledger: Ledger, past: Past) -> None:
        """What it did was allowed by what was true before, and is what the tables say. Raises Torn."""
        rows, envelope = Rows(), entry.envelope
        rows.begin(past)
        submission = Submission(
            ledger.origin, statement.key, envelope.first, (statement.raw,), envelope.seen_size, envelope.seen_root,
            envelope.until, envelope.signature,
        )  # fmt: skip
        rows.fetch([submission])
        state = State(rows.load)
        signers = state.find(Key, "id", statement.key)
        if not signers or state.get(Participant, signers[0].participant) is None:
            self._found.add("KEYS", index, "its signer was not registered then")
            return
        try:
            problem = judge(statement, index, instant.millis(entry.recorded), ledger, signers[0], state)
        except AssertionError as error:  # what cannot be, with tables that follow from the entries
            raise Torn(Version, (index,)) from error
        if problem is not None:
            self._found.add(_check_of(problem, statement), index, _told(problem))
            return
        for code, detail in self._scope.differences(self._store, index, state):
            self._found.add(code, index, detail)

    def _opened(self) -> Checkpoint | None:
        """The head's checkpoint, as the key in the genesis signed it."""
        vkey = self._genesis.vkey
        if vkey is None:
            self._found.add("CHECKPOINT", 0, "entry 0 founds no ledger")
            return None
        try:
            opened = checkpoint.open(self._head.note, vkey)
        except Malformed as error:
            self._found.add("CHECKPOINT", None, f"the newest one: {error}")
            return None
        if (opened.origin, opened.size) != (self._genesis.origin, self._head.size):
            self._found.add("CHECKPOINT", None, "the newest one is of another ledger or size")
            return None
        return opened


def _check_of(problem: Problem, statement: Statement) -> str:
    """The check that a broken rule belongs to."""
    if problem.code == "LIMIT_EXCEEDED":
        return OF_LIMITS.get((problem.expected or "").partition(" ")[0], "RESULTS")
    if problem.code == "NOT_ALLOWED" and statement.action.name == INTAKE:
        return "ORIGIN"
    return OF_RULES.get(problem.code, "CUSTODY")


def _told(problem: Problem) -> str:
    """A broken rule in a line."""
    parts = (problem.code, ".".join(problem.path), problem.unit, problem.expected)
    return " ".join(part for part in parts if part)
