"""The client: states what happened, signs it, sends it, and believes nothing but a receipt that holds.

One action's way: state and sign, write state file, send, verify the receipts, write state
file. A crash anywhere leaves a submission that is sent again with the same bytes; the
gateway answers what it had recorded with the first receipts, so nothing is booked twice.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import instants
from .actions import Actions
from .disk import Disk
from .documents import NEXT, PREVIEW, RECEIPT, Preview, Recorded
from .errors import Malformed, Rejected
from .gateway import Gateway, data_of
from .history import History
from .keys import Key
from .lineage import lineage
from .note import Checkpoint
from .place import Mark, Place
from .receipt import Receipt
from .state import StateFile
from .statement import SUBMISSION_COUNT_MAX, Act, Data
from .submissions import Submissions


class Client(Actions):
    """Records for one key at one gateway. Use it as a context: it holds a lock on the key's state file.

    `key` is a key file, whose state is kept beside it as `<key file>.state`, or a Key with a
    `state` file. `clock` gives instants in milliseconds, `random` bytes for salts: the same two
    make the same statements. Raises Locked if another process works with the key.
    """

    def __init__(
        self,
        gateway: Gateway,
        key: Key | str | os.PathLike[str],
        state: str | os.PathLike[str] | None = None,
        *,
        passphrase: str | None = None,
        clock: Callable[[], int] = instants.now,
        random: Callable[[int], bytes] = secrets.token_bytes,
        disk: Disk | None = None,
    ) -> None:
        if isinstance(key, Key):
            if state is None:
                raise ValueError("a key that is no file needs a state file")
            self.key = key
        else:
            self.key = Key.load(key, passphrase)
            state = state or f"{os.fspath(key)}.state"
        self.gateway = gateway
        self._disk = disk
        self._file = StateFile(Path(state), disk)
        try:
            self._history = History(gateway, self.key, self._file)
            self._submissions = Submissions(gateway, self.key, self._file, self._history, clock, random)
        except BaseException:
            self._file.close()
            raise

    def record(self, action: str, data: Data, at: str | None = None) -> Recorded:
        """Record one action; `at` left out is now. Sealed fields may be given plain, sets in any order.

        Raises Rejected if the gateway refuses it. After Unreachable, Undecided or a crash it is kept:
        the same call again, or `resume()`, brings it to an end without booking it twice.
        """
        return self.submit([(action, data, at)])

    def submit(self, actions: Iterable[tuple[str, Data, str | None]]) -> Recorded:
        """Record 1 to 1,000 actions (action, data, at) under one signature: all, or none and Rejected."""
        return self._submissions.submit([Act.of(*action) for action in actions])

    def batch(
        self,
        actions: Iterable[tuple[str, Data, str | None]],
        size: int = 100,
        place: str | os.PathLike[str] | None = None,
    ) -> Iterator[Receipt]:
        """Record any number of actions in order, `size` to a signature; yields their receipts.

        With a `place` file it can be broken off anywhere and called again with the same actions:
        what is recorded is passed over, and OtherBatch raised if it is not the same any more. A
        refusal raises Rejected with `offset`, the number of actions recorded before the refused
        submission; those stay recorded, and the later ones may be corrected.
        """
        if not 1 <= size <= SUBMISSION_COUNT_MAX:
            raise ValueError(f"a submission has 1 to {SUBMISSION_COUNT_MAX} statements")
        self._history.begin()
        state, acts, here = self._file.state, (Act.of(*action) for action in actions), Mark()
        kept = None if place is None else self._place(Path(place))
        label = kept.label if kept else None
        try:
            if kept:
                newest = max(kept.mark, state.places.get(kept.label, Mark()), key=lambda mark: mark.done)
                here = kept.pass_over(acts, here, newest)
                if state.pending is not None and state.pending.place == label:
                    yield from self._submissions.send().receipts
                    here = kept.pass_over(acts, here, state.places[kept.label])
            for chunk in self._submissions.chunks(acts, size):
                mark = here.after(chunk)
                receipts = self._submissions.submit(chunk, label, mark).receipts
                here = mark
                if kept:
                    kept.keep(here)
                yield from receipts
        except Rejected as refusal:
            refusal.offset = here.done
            raise
        if kept:
            kept.keep(here)
            state.places.pop(kept.label, None)
            self._file.save()

    def resume(self) -> Recorded | None:
        """Bring to an end what was signed but not answered; None if there is nothing. Raises as `record`."""
        return None if self._file.state.pending is None else self._submissions.send()

    @property
    def unanswered(self) -> int:
        """How many statements are signed and without an answer."""
        pending = self._file.state.pending
        return 0 if pending is None else len(pending.statements)

    def preview(self, action: str, data: Data, at: str | None = None) -> Preview:
        """What the gateway would say of this action now. Nothing is signed or recorded."""
        return self.previews([(action, data, at)])[0]

    def previews(self, actions: Iterable[tuple[str, Data, str | None]]) -> list[Preview]:
        """The same for several, each judged after those before it."""
        self._history.begin()
        statements, _, _ = self._submissions.state([Act.of(*action) for action in actions])
        answer = self.query(PREVIEW, {"statements": statements})
        return [Preview.of(members) for members in answer["previewStatements"]]

    def query(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of a GraphQL query, made with a token of this key. Raises GatewayError for errors."""
        self._history.begin()
        token = self.gateway.token(self.key, self._history.genesis.origin)
        return data_of(self.gateway.answer(document, variables, token))

    def lineage(self, code: str, direction: str = "TO_SEED", depth: int | None = None) -> dict[str, Any] | None:
        """A unit's lineage with quantities and dates, as `lineage.lineage` gives it."""
        return lineage(self.query, code, direction, depth)

    def receipt(self, index: int) -> Receipt | None:
        """The receipt of any entry that this key may see, verified; None for what it may not."""
        match self.query(RECEIPT, {"index": index}):
            case {"entry": None}:
                return None
            case {"entry": {"receipt": {"file": str(file)}}}:
                return self._history.verifier.verify(file).receipt
        raise Malformed("receipt")

    def checkpoint(self) -> Checkpoint:
        """The newest checkpoint, verified to continue all that was seen before, and kept. Raises Contradiction."""
        self._history.begin()
        newest = self._history.look()
        self._file.save()
        return newest

    def recover(self) -> int:
        """Ask the gateway for the key's next sequence number and go on from there.

        For a state file that came from a back-up (SEQUENCE_USED). Look first at the entries of this
        key: one that its holder did not make means that the key is in other hands.
        """
        self.resume()
        known = self.query(NEXT, {"key": self.key.id})["key"]
        number = int(known["nextSequence"]) if known else 1
        self._file.state.next_sequence = number
        self._file.save()
        return number

    def _place(self, path: Path) -> Place:
        ledger = str(self._history.genesis.anchor)
        return Place(path, secrets.token_hex(16), self.key.id, ledger, self._disk)

    def close(self) -> None:
        """Let go of the key. The gateway stays open: it may be shared."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
