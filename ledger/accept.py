"""The one definition of validity: a submission, on a history, becomes entries or is refused.

The gateway runs `accept` forward to append; the audit runs the same function over the stored bytes.
It touches no clock, float, locale, time zone, Unicode table or environment; what it needs of the
world comes in as arguments. Steps, numbered as they are done:

(1) the bytes of the statements    (5) `seen` is this history, not older than the key's last
(2) the key is known               (6) for each statement: the key still counts, its number follows,
(3) its signature holds                `until`, `at`, who may do this at all
(4) its number follows, or it is   (7) the rules of the action, first by precedence
    a retry: the first receipts    (8) the entry, linked to the one before
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ledger import canonical, instant, keys, merkle
from ledger.actions import Action
from ledger.actions.registry import FoundLedger
from ledger.editions import Edition
from ledger.entry import FIRST_PREVIOUS, Entry
from ledger.errors import BadSignature, Problem, Refused
from ledger.rows import Act, Cursor, Key, Ledger, Participant
from ledger.scene import MINUTES_5, Scene
from ledger.state import State
from ledger.statement import Statement, Submission

DAYS_7 = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Head:
    """The history so far: `size` entries, the hash of the last, when it was recorded (milliseconds)."""

    size: int
    hash: bytes
    recorded: int
    root_at: Callable[[int], bytes]
    """The root of the first so many entries, at most `size`."""
    entry_at: Callable[[int], bytes]
    """The exact bytes of an entry."""


FIRST = Head(0, FIRST_PREVIOUS, 0, lambda _: merkle.EMPTY_ROOT, lambda _: b"")
"""Before anything was recorded."""


@dataclass(frozen=True, slots=True)
class Linked:
    """An accepted entry as it is stored: its exact bytes and their hash; `recorded` in milliseconds."""

    index: int
    data: bytes
    hash: bytes
    recorded: int


class Replayed(Exception):
    """The same submission was recorded before, from entry `first` on; nothing changes."""

    def __init__(self, first: int, count: int) -> None:
        super().__init__(first, count)
        self.first = first
        self.count = count


class EditionUnknown(Exception):
    """The ledger adopted an edition that this software lacks; nothing can be judged from there."""


def accept(
    submission: Submission, head: Head, state: State, time: int, editions: Mapping[int, Edition]
) -> list[Linked]:
    """The entries that a submission becomes; `state` then holds what they change.

    `time` is the gateway's, milliseconds; a sandbox ledger does not look at it. Raises Refused with
    the first rule broken (of the bytes: with all), Replayed for a retry of what was recorded, and
    EditionUnknown. The state is undefined after each of them: throw it away.
    """
    ledger, key = _founding(submission, editions) if head.size == 0 else _signer(submission, state, editions)
    genuine = _signed(submission, key)
    cursor = state.get(Cursor, key.number) or Cursor(key.number, 1, 0)
    if genuine:
        _refuse_replay(submission, head, state, cursor)
    edition = edition_of(ledger, editions)
    statements = _statements(submission, edition)  # (1)
    recorded = head.recorded if ledger.sandbox else max(time, head.recorded)
    lapsed = _lapsed(key, max(recorded, statements[0].at) if ledger.sandbox else recorded)
    if lapsed is not None:
        raise Refused(lapsed.under("0"))
    if not genuine:  # (3)
        raise Refused(Problem("SIGNATURE_INVALID", ("signature",), expected=submission.text.decode()))
    _check_number(submission.first, cursor.next, 0)  # (4)
    _check_seen(submission, head, cursor)  # (5)
    state.add(cursor.but(next=submission.first + submission.count, seen=submission.seen_size))
    entries: list[Linked] = []
    paths = merkle.inclusion_paths(submission.leaves)
    envelope = submission.envelope
    previous = head.hash
    for place in range(submission.count):
        ledger = state.get(Ledger, submission.origin) or ledger
        if ledger.edition != edition.number:
            edition = edition_of(ledger, editions)
            statements = _statements(submission, edition)
        statement = statements[place]
        recorded = max(recorded, statement.at) if ledger.sandbox else recorded
        index = head.size + place
        _check_number(statement.sequence if place else submission.first, submission.first + place, place)
        problem = _timely(submission, statement, recorded, state.get(Key, key.number) or key)  # (6)
        problem = problem or judge(statement, index, recorded, ledger, key, state)  # (7)
        if problem is not None:
            raise Refused(problem.under(str(place)))
        act = Act(
            index,
            key.number,
            statement.sequence,
            key.participant,
            statement.action.name,
            statement.at,
            head.size,
        )
        state.add(act)
        entry = Entry(index, previous, instant.text(recorded), statement.raw, envelope, paths[place])  # (8)
        data = entry.encode()
        previous = merkle.leaf_hash(data)
        entries.append(Linked(index, data, previous, recorded))
    return entries


def judge(statement: Statement, index: int, recorded: int, ledger: Ledger, key: Key, state: State) -> Problem | None:
    """Do what a statement says as entry `index`; or the rule that goes first among those it breaks.

    The path of the problem starts below the statement's number.
    """
    action = statement.action
    signer = state.get(Participant, key.participant)
    if signer is None:
        assert index == 0
        signer = Participant(key.participant, 0, None, "MINISTRY", key.participant, 0, None, None, 0, None)
    if not _entitled(action, signer, key):
        return Problem("NOT_ALLOWED")
    scene = Scene(state, index, statement.at, recorded, signer, key, ledger, action.custody, action.members)
    effects = list(action.effects(scene))
    for effect in effects:
        effect.judge(scene)
    first = scene.first()
    if first is not None:
        return first.under("data") if first.path else first
    for effect in effects:
        effect.apply(scene)
    return None


def edition_of(ledger: Ledger, editions: Mapping[int, Edition]) -> Edition:
    """The edition in force. Raises EditionUnknown."""
    if ledger.edition not in editions:
        raise EditionUnknown(ledger.edition)
    return editions[ledger.edition]


def _founding(submission: Submission, editions: Mapping[int, Edition]) -> tuple[Ledger, Key]:
    """What entry 0 says of the ledger, and the first key that it registers, which signs it."""
    [statement, *_] = _statements(submission, editions[1])
    founding = statement.action
    if not isinstance(founding, FoundLedger):
        raise Refused(Problem("KEY_UNKNOWN", ("0", "key")))
    if founding.edition != 1:
        raise Refused(Problem("VERSION_UNKNOWN", ("0", "data", "edition"), expected="1"))
    public = canonical.unb64(founding.keys[0]["key"], 32)
    if keys.thumbprint(public) != submission.key:
        raise Refused(Problem("KEY_UNKNOWN", ("0", "key"), expected=keys.thumbprint(public)))
    ledger = Ledger(
        submission.origin,
        0,
        None,
        founding.name_,
        founding.authority,
        founding.edition,
        founding.sandbox is True,
        founding.checkpoint_key,
        0,
    )
    return ledger, Key(0, 0, None, submission.key, founding.authority, public, True, None, None, 0, None)


def _signer(submission: Submission, state: State, editions: Mapping[int, Edition]) -> tuple[Ledger, Key]:
    """(2) The ledger as it is and the signing key."""
    ledger = state.get(Ledger, submission.origin)
    found = state.find(Key, "id", submission.key)
    if ledger is not None and found:
        return ledger, found[0]
    edition = editions[max(editions)] if ledger is None else edition_of(ledger, editions)
    _statements(submission, edition)
    raise Refused(Problem("KEY_UNKNOWN", ("0", "key")))


def _statements(submission: Submission, edition: Edition) -> list[Statement]:
    """The statements, read under an edition. Raises Refused with all that is wrong with their bytes."""
    problems = submission.problems(edition)
    if problems:
        raise Refused(*problems)
    return [statement for statement in submission.read(edition) if isinstance(statement, Statement)]


def _signed(submission: Submission, key: Key) -> bool:
    """Whether the signature holds under the key; checked once."""
    if submission.verified != key.public:
        try:
            keys.verify(key.public, submission.text, submission.signature)
        except BadSignature:
            return False
        submission.verified = key.public
    return True


def _refuse_replay(submission: Submission, head: Head, state: State, cursor: Cursor) -> None:
    """Two submissions are the same if key, first, count and root are equal (ledger format §5)."""
    if submission.first >= cursor.next:
        return
    for act in state.find(Act, "sequence", cursor.key, submission.first):
        entry = Entry.frame(head.entry_at(act.entry))
        if act.first == act.entry and entry.envelope.count == submission.count:
            leaf = merkle.leaf_hash(entry.statement)
            if merkle.root_from_path(0, submission.count, leaf, entry.path) == submission.root:
                raise Replayed(act.entry, submission.count)


def _lapsed(key: Key, recorded: int) -> Problem | None:
    if key.revoked is not None:
        return Problem("KEY_REVOKED", ("key",), entry=key.revoked)
    if key.not_after is not None and recorded > key.not_after:
        return Problem("KEY_REVOKED", ("key",), expected=instant.text(key.not_after))
    return None


def _check_number(number: int, expected: int, place: int) -> None:
    if number != expected:
        code = "SEQUENCE_USED" if number < expected else "SEQUENCE_GAP"
        raise Refused(Problem(code, (str(place), "sequence"), expected=str(expected)))


def _check_seen(submission: Submission, head: Head, cursor: Cursor) -> None:
    size = submission.seen_size
    sound = cursor.seen <= size <= head.size and (size > 0 or head.size == 0)
    if not sound or head.root_at(size) != submission.seen_root:
        raise Refused(Problem("SEEN_CONTRADICTED", ("seen",)))


def _timely(submission: Submission, statement: Statement, recorded: int, key: Key) -> Problem | None:
    """The key still counts at this entry, and it is recorded in its time (ledger format §5, §8)."""
    until = instant.millis(submission.until)
    if lapsed := _lapsed(key, recorded):
        return lapsed
    if recorded > until:
        return Problem("EXPIRED", ("until",), expected=instant.text(recorded))
    if until > recorded + DAYS_7:
        return Problem("UNTIL_TOO_FAR", ("until",), expected=instant.text(recorded + DAYS_7))
    if statement.at > recorded + MINUTES_5:
        return Problem("AT_IN_FUTURE", ("at",), expected=instant.text(recorded + MINUTES_5))
    return None


def _entitled(action: Action, signer: Participant, key: Key) -> bool:
    """`actions-1.md` §2, rule 1: kind, admin key, scope, designation, admission."""
    if signer.kind not in action.who or (action.admin and not key.admin):
        return False
    if key.scope is not None and action.name not in key.scope.split():
        return False
    if not action.licensed:
        return True
    if signer.kind == "GROWER":
        return signer.designations > 0
    return signer.kind != "COFFEESHOP" or signer.site is not None
