"""A mass balance as a table of text, in grams to the milligram."""

from __future__ import annotations

from ledger.balance import IN, OUT, Balance

KINDS = {"P": "plants", "B": "lots", "M": "samples", "E": "packages", "W": "waste"}


def account(balance: Balance) -> list[str]:
    """What came in, and what went out or is still there, by kind of unit; the two sums are equal."""
    letters = [letter for letter in KINDS if any(getattr(balance, line).get(letter) for line in (*IN, *OUT))]
    lines = [_row("grams", [KINDS[letter] for letter in letters], "all")]
    for side, title in ((IN, "in"), (OUT, "out")):
        for line in side:
            masses = getattr(balance, line)
            lines.append(
                _row(
                    line.replace("_", " "), [grams(masses.get(letter, 0)) for letter in letters], _total(balance, line)
                )
            )
        lines.append(_row(title, [""] * len(letters), grams(sum(map(balance.total, side)))))
    return [*lines, _row("difference", [""] * len(letters), grams(balance.difference))]


def grams(milligrams: int) -> str:
    """Milligrams as grams with three decimals; nothing for none would hide that it was counted, so 0.000."""
    sign = "-" if milligrams < 0 else ""
    whole, rest = divmod(abs(milligrams), 1_000)
    return f"{sign}{whole:,}.{rest:03}"


def _total(balance: Balance, line: str) -> str:
    return grams(balance.total(line))


def _row(title: str, cells: list[str], total: str) -> str:
    return "".join([f"{title:12}", *(f"{cell:>15}" for cell in cells), f"{total:>15}"])
