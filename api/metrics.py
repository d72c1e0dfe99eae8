"""What the gateway counts, in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable


class Metrics:
    """Counters by label, and gauges that are asked when somebody looks. Written on the event loop only."""

    def __init__(self, gauges: dict[str, tuple[str, Callable[[], int]]]) -> None:
        self._gauges = gauges
        self._requests: Counter[int] = Counter()
        self._outcomes: Counter[str] = Counter()

    def request(self, status: int) -> None:
        """A GraphQL request was answered with this HTTP status."""
        self._requests[status] += 1

    def outcome(self, code: str, count: int = 1) -> None:
        """Statements were `recorded` or `replayed`, or a submission was refused with a code."""
        self._outcomes[code] += count

    def text(self) -> str:
        """All of it."""
        lines = []
        for name, (meaning, value) in self._gauges.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value()}"]
        lines += ["# HELP ketenboek_requests_total GraphQL requests by HTTP status"]
        lines += ["# TYPE ketenboek_requests_total counter"]
        lines += [f'ketenboek_requests_total{{status="{key}"}} {n}' for key, n in sorted(self._requests.items())]
        lines += ["# HELP ketenboek_outcomes_total Statements recorded and submissions refused, by outcome"]
        lines += ["# TYPE ketenboek_outcomes_total counter"]
        lines += [f'ketenboek_outcomes_total{{outcome="{key}"}} {n}' for key, n in sorted(self._outcomes.items())]
        return "\n".join(lines) + "\n"
