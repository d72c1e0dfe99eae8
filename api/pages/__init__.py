"""The pages for browsers: pure functions from what is to be shown to HTML that needs no script and no other host."""

from api.pages.console import CheckRow, ConsolePage, HistoryRow, UnitPage, console_page, unit_page
from api.pages.frame import HEADERS, LedgerFacts
from api.pages.label import LabelPage, label_page
from api.pages.problems import no_page, no_unit_page, token_page

__all__ = [
    "HEADERS",
    "CheckRow",
    "ConsolePage",
    "HistoryRow",
    "LabelPage",
    "LedgerFacts",
    "UnitPage",
    "console_page",
    "label_page",
    "no_page",
    "no_unit_page",
    "token_page",
    "unit_page",
]
