"""The acts of the half day that is being simulated, and what is planned for later ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import ParamSpec

from api.simulation.chance import Chance
from api.simulation.plan import BATCH_MAX, HALF_DAY, Act, Batch, Data, Plan, Round
from ledger import instant
from ledger.instant import MINUTE

P = ParamSpec("P")


class Journal:
    """Where everybody in a chain writes down what happens now and what will happen.

    The rule that makes a round: what depends on an act of another key happens in a later half day.
    Acts of one key are put in the order of their times, so an act that depends on another of the
    same key must be later.
    """

    def __init__(self, plan: Plan, chance: Chance) -> None:
        self.plan = plan
        self.chance = chance
        self.slot = 0
        self._tasks: dict[int, list[Callable[[], object]]] = defaultdict(list)
        self._acts: dict[str, list[Act]] = defaultdict(list)

    @property
    def today(self) -> str:
        """The date of this half day."""
        return instant.text(self.plan.begins + self.slot * HALF_DAY)[:10]

    def moment(self, minute: int) -> int:
        """A moment of this half day, milliseconds: somewhere in its `minute`-th minute."""
        return self.plan.begins + self.slot * HALF_DAY + minute * MINUTE + self.chance.below(MINUTE)

    def write(self, key: str, at: int, action: str, data: Data) -> None:
        """The holder of a key does something."""
        self._acts[key].append(Act(action, at, self.chance.bytes(18), data))

    def later(self, slots: int, task: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do something so many half days from now, before what happens there by itself."""
        self._tasks[self.slot + slots].append(partial(task, *args, **kwargs))

    def begin(self, slot: int) -> None:
        """A half day begins, with what was planned for it."""
        self.slot = slot
        for task in self._tasks.pop(slot, ()):
            task()

    def close(self) -> Round:
        """What happened, as submissions in the order of their first acts; most hold many acts, some one."""
        batches = []
        for key, acts in self._acts.items():
            acts.sort(key=lambda act: act.at)
            start = 0
            while start < len(acts):
                count = 1 if self.chance.once_in(8) else BATCH_MAX
                batches.append(Batch(key, acts[start : start + count]))
                start += count
        self._acts.clear()
        # Batches of one key keep their order: their first acts have it.
        batches.sort(key=lambda batch: batch.acts[0].at)
        return batches
