"""Everything that can be wrong, in four channels that never mix.

    Malformed    bytes or text that are no such format: one error per format, no detail owed
    Refused      a participant's mistake: a value with a stable code that says what to do
    Fault        what an audit finds in a ledger that should not be so
    Fatal        the writer no longer knows what is stored: the process stops, start-up recovers

A bug is none of these: it raises whatever it raises and is never answered as a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

REFUSALS: dict[str, str] = {
    # Found in the bytes alone: all that apply are listed.
    "TOO_LARGE": "The statement or submission is longer or deeper than the format allows: split it.",
    "NOT_CANONICAL": "The bytes are not the canonical JSON (RFC 8785) of what they say: encode again.",
    "NULL_MEMBER": "A member is null: leave it out.",
    "VERSION_UNKNOWN": "This version or edition is not known here: use one that is.",
    "WRONG_LEDGER": "The statement names another ledger: use this ledger's origin.",
    "ACTION_UNKNOWN": "There is no such action in the edition in force.",
    "FIELD_UNKNOWN": "There is no such member: leave it out.",
    "FIELD_MISSING": "A required member is missing: give it.",
    "FIELD_INVALID": "The member does not have the form that its type demands.",
    # Only the first, statements in order.
    "KEY_UNKNOWN": "No such key is registered: register it first.",
    "KEY_REVOKED": "The key is revoked or has lapsed: sign with another key of the participant.",
    "SIGNATURE_INVALID": "The signature does not hold over the text under `expected`: sign exactly that text.",
    "SEQUENCE_USED": "The number was used for something else: use the key's next number.",
    "SEQUENCE_GAP": "Numbers of a key follow one another: use the key's next number.",
    "SEEN_CONTRADICTED": "`seen` is no root of this ledger at that size, or older than the key's last one.",
    "EXPIRED": "`until` has passed: sign again with a later one.",
    "UNTIL_TOO_FAR": "`until` lies more than 7 days ahead: sign again with an earlier one.",
    "AT_IN_FUTURE": "`at` lies more than 300 s after the ledger's time: check the clock.",
    "NOT_ALLOWED": "This key or participant may not do this.",
    "UNIT_UNKNOWN": "There is no such unit, or none that you may use.",
    "CODE_USED": "The code exists already: take a fresh one.",
    "NAME_UNKNOWN": "No such participant (of that kind), site, variety or key is registered.",
    "NAME_USED": "The id exists already: choose another.",
    "KEY_UNFIT": "The key is unfit, was registered before, or its possession is not proven.",
    "NOT_HOLDER": "Only the holder of the unit may do this.",
    "AT_BEFORE_UNIT": "`at` lies more than 300 s before the newest act on the unit: check the time of the act.",
    "ON_HOLD": "An authority holds the unit: wait for its release.",
    "WRONG_STATE": "The unit is not in a state in which this can be done.",
    "WRONG_PHASE": "The phase of the municipality does not allow this at that time.",
    "RESULT_MISSING": "The lot has no laboratory result yet: record one first.",
    "LIMIT_EXCEEDED": "A limit that is in force at that time is exceeded.",
    "NOT_ENOUGH": "There is less in the unit than this takes.",
    "MASS_CREATED": "More would come out than is in it.",
    # The gateway's own.
    "BUSY": "The gateway is busy: send the same again after `retryAfter` seconds.",
    "UNDECIDED": "It may have been recorded: send the same bytes again to learn which.",
    "SHUTTING_DOWN": "The gateway is stopping: send the same again elsewhere or later.",
}
"""Refusal codes in order of precedence, each with what to do (`interface.md` §7, rule 5)."""

PRECEDENCE: dict[str, int] = {code: rank for rank, code in enumerate(REFUSALS)}

BYTES_ALONE = PRECEDENCE["FIELD_INVALID"]
"""Codes up to this rank are found in the bytes alone and listed together."""

FAULTS: dict[str, str] = {
    "GENESIS_OTHER": "Entry 0 is not the one that the anchor names.",
    "ENTRY_BYTES": "The stored bytes are not the canonical bytes of an entry.",
    "CHAIN_INDEX": "The entry does not stand at its own index, or one is missing.",
    "CHAIN_PREVIOUS": "The entry is not the one that the next entry links to.",
    "CHAIN_TIME": "`recorded` runs backwards.",
    "TREE_ROOT": "A stored hash is not the one that follows from the entries.",
    "CHECKPOINT_SIGNATURE": "A checkpoint is not validly signed by the ledger's checkpoint key.",
    "CHECKPOINT_SPLIT": "A signed checkpoint has another root at its size than the entries have.",
    "CHECKPOINT_ROLLBACK": "Checkpoints run backwards.",
    "TAIL_MISSING": "A signed checkpoint covers more entries than are stored.",
    "ORIGIN_OTHER": "A statement or checkpoint belongs to another ledger.",
    "SIGNATURE_INVALID": "The participant's signature, or the path to it, does not hold.",
    "KEY_UNKNOWN": "The signing key is not registered anywhere on the ledger.",
    "KEY_NOT_YET": "The signing key was registered only later.",
    "KEY_REVOKED": "The signing key was revoked or had lapsed.",
    "SEQUENCE_GAP": "A sequence number was left out, or a submission is torn.",
    "SEQUENCE_REPEATED": "A sequence number stands twice.",
    "SEEN_CONTRADICTED": "The history that the signer saw is not this one.",
    "EXPIRED": "It was recorded outside the time for which it was signed.",
    "KEY_UNFIT": "An unfit or doubly used key was registered.",
    "RULE_BROKEN": "A rule of the edition in force is broken; `rule` is the refusal code.",
    "EDITION_UNKNOWN": "This software lacks the edition in force: undecided from here.",
    "PROJECTION_DIFFERS": "A table that queries answer from does not follow from the entries.",
    "OPENING_DIFFERS": "The opening of a sealed value is missing, not asked for, or another.",
}
"""Fault codes of the audit (`interface.md` §5)."""


class Malformed(ValueError):
    """Bytes or text are no well-formed value of the format."""


class BadSignature(Malformed):
    """A signature is not canonical or does not verify."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for a refusal. `path`: statement number, `data`, member names, list positions."""

    code: str
    path: tuple[str, ...] = ()
    unit: str | None = None
    entry: int | None = None
    expected: str | None = None

    @property
    def rank(self) -> int:
        """Place in the order of precedence; smaller goes first."""
        return PRECEDENCE[self.code]

    def under(self, *prefix: str) -> Problem:
        """The same problem with its path continued to the left."""
        return replace(self, path=(*prefix, *self.path))


class Refused(Exception):
    """A submission was refused; nothing was recorded and no sequence number used."""

    def __init__(self, *problems: Problem, retry_after: int | None = None) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        assert problems
        self.problems = problems
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Fault:
    """One finding of an audit; `index` is the first entry at fault, None where no entry is."""

    code: str
    index: int | None
    depth: str
    message: str
    rule: str | None = None
    unit: str | None = None
    expected: str | None = None
    found: str | None = None


class Fatal(Exception):
    """What is stored is no longer known: the process must stop and recover by starting again."""
