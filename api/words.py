"""Every word that a page or a drawing says, in Dutch and in English, and how quantities and times are written.

Codes, actions, statuses and outcomes stand as the ledger spells them, in both languages.
"""

from __future__ import annotations

from typing import Literal

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = ("nl", "en")

WORDS: dict[str, tuple[str, str]] = {
    # kinds of units: one, many
    "PLANT": ("plant", "plant"),
    "PLANTS": ("planten", "plants"),
    "SEEDLINGS": ("zaailingen", "seedlings"),
    "SEEDLINGSS": ("partijen zaailingen", "trays of seedlings"),
    "LOT": ("partij", "lot"),
    "LOTS": ("partijen", "lots"),
    "SAMPLE": ("monster", "sample"),
    "SAMPLES": ("monsters", "samples"),
    "PACKAGE": ("verpakking", "package"),
    "PACKAGES": ("verpakkingen", "packages"),
    "CASE": ("doos", "case"),
    "CASES": ("dozen", "cases"),
    "WASTE": ("afval", "waste"),
    "WASTES": ("partijen afval", "lots of waste"),
    "SHIPMENT": ("zending", "shipment"),
    "SHIPMENTS": ("zendingen", "shipments"),
    # what else is counted
    "ENTRY": ("regel", "entry"),
    "ENTRYS": ("regels", "entries"),
    "UNIT": ("eenheid", "unit"),
    "UNITS": ("eenheden", "units"),
    "FLOW": ("stroom", "flow"),
    "FLOWS": ("stromen", "flows"),
    # where quantity enters and leaves the books
    "harvest": ("oogst gewogen", "harvest weighed"),
    "intake": ("inname", "intake"),
    "weighed": ("gewogen", "weighed"),
    "LOSS": ("verlies", "loss"),
    "SOLD": ("verkocht", "sold"),
    "DESTROYED": ("vernietigd", "destroyed"),
    "INTO": ("over in", "into"),
    "elsewhere": ("niet getoond", "not shown"),
    # the drawing
    "lineage": ("Herkomst van {kind} {code}", "Lineage of {kind} {code}"),
    "drawn": (
        "{units} en {flows}, van zaad (links) tot verkoop (rechts); op elke lijn de hoeveelheid.",
        "{units} and {flows}, from seed (left) to sale (right); the quantity on every line.",
    ),
    "show each": ("toon elk", "show each"),
    "shown": ("Opengeklapt:", "Shown one by one:"),
    "close": ("sluit", "close"),
    "goes on": ("gaat verder", "goes on"),
    "made by": ("door {who}", "by {who}"),
    "made and held": ("door en bij {who}", "by and at {who}"),
    "held at": ("bij {who}", "at {who}"),
    "hold": ("geblokkeerd", "held"),
    "held of": ("{held} van {all} geblokkeerd", "{held} of {all} held"),
    "entry": ("regel {n}", "entry {n}"),
    "entries": ("regels {n} t/m {m}", "entries {n} to {m}"),
    "the way": ("de weg van deze eenheid", "the way of this unit"),
    "several": ("{n} deelnemers", "{n} participants"),
    "mother": ("1 moeder", "1 mother"),
    "mothers": ("{n} moeders", "{n} mothers"),
    "see above": ("zie boven", "see above"),
    "also": ("Ook in deze herkomst:", "Also in this lineage:"),
    "cut": (
        "Niet volledig; eenheden waarbij de herkomst verdergaat: {n}.",
        "Not complete; units at which the lineage goes on: {n}.",
    ),
    # facts of a unit
    "code": ("Code", "Code"),
    "kind": ("Soort", "Kind"),
    "status": ("Status", "Status"),
    "variety": ("Ras", "Variety"),
    "holder": ("Houder", "Holder"),
    "nobody": ("niemand", "nobody"),
    "mass": ("Massa", "Mass"),
    "pieces": ("Stuks", "Pieces"),
    "made": ("Ontstaan", "Made"),
    "holds": ("Blokkades", "Holds"),
    # the console
    "console": ("Console", "Console"),
    "find": ("Zoek een eenheid", "Find a unit"),
    "find help": (
        "De code van een plant, partij, monster, verpakking, afval of zending: 22 tekens.",
        "The code of a plant, lot, sample, package, waste or shipment: 22 characters.",
    ),
    "show": ("Toon", "Show"),
    "sandbox": (
        "Oefengrootboek: niets hierop is echt, en iedereen kan het lezen.",
        "Sandbox ledger: nothing on it is real, and anybody can read it.",
    ),
    "try": ("Bijvoorbeeld", "For example"),
    "drawing": ("Van zaad tot verkoop", "From seed to sale"),
    "to seed": ("naar het zaad", "to seed"),
    "to sale": ("naar de verkoop", "to sale"),
    "jump": ("toon deze eenheid", "show this unit"),
    "direction": ("Richting", "Direction"),
    "as table": ("De stromen als tabel", "The flows as a table"),
    "from": ("Van", "From"),
    "to": ("Naar", "To"),
    "quantity": ("Hoeveelheid", "Quantity"),
    "recorded in": ("Vastgelegd in", "Recorded in"),
    "checks": ("Controles", "Checks"),
    "intact": (
        "Alle controles kloppen, over elke regel van deze eenheid en van dat waaruit zij ontstond.",
        "Every check holds, over every entry of this unit and of what it came from.",
    ),
    "not intact": (
        "Niet alles klopt aan de regels van deze eenheid en van dat waaruit zij ontstond.",
        "Not everything holds of the entries of this unit and of what it came from.",
    ),
    "own word": (
        "Dit is het eigen woord van deze gateway. Bewijs zonder vertrouwen geven een kwitantie en een audit.",
        "This is the gateway's own word. For proof without trust take a receipt, and audit.",
    ),
    "check": ("Controle", "Check"),
    "outcome": ("Uitkomst", "Outcome"),
    "entry head": ("Regel", "Entry"),
    "detail": ("Toelichting", "Detail"),
    "history": ("Geschiedenis", "History"),
    "history of": ("{n} van {all}", "{n} of {all}"),
    "earlier": ("verder", "further"),
    "recorded": ("Vastgelegd (UTC)", "Recorded (UTC)"),
    "at": ("Gebeurd (UTC)", "Happened (UTC)"),
    "action": ("Handeling", "Action"),
    "participant": ("Deelnemer", "Participant"),
    "key": ("Sleutel", "Key"),
    "data": ("gegevens", "data"),
    "receipt": ("kwitantie", "receipt"),
    "statement": ("Verklaring", "Statement"),
    # errors
    "no unit": ("Geen eenheid gevonden", "No unit found"),
    "no unit text": (
        "Er is hier geen eenheid met deze code, of niet voor deze lezer: dat verschil is niet te zien.",
        "There is no unit with this code here, or none for this reader: no difference can be observed.",
    ),
    "no page": ("Geen pagina gevonden", "No page found"),
    "no page text": ("Op dit adres staat niets.", "There is nothing at this address."),
    "no token": ("Een token is nodig", "A token is needed"),
    "no token text": (
        "Dit grootboek is geen oefengrootboek: wie leest, toont met een geregistreerde sleutel wie hij is.",
        "This ledger is no sandbox: who reads shows by a registered key who he is.",
    ),
    "token make": (
        "Maak met de sleutel een token; het geldt ten hoogste vijf minuten.",
        "Make a token with the key; it is good for at most five minutes.",
    ),
    "token send": (
        "Stuur het mee in de kop van het verzoek.",
        "Send it in the header of the request.",
    ),
    # the label
    "label": ("Over deze verpakking", "About this package"),
    "HEMP": ("hennep", "hemp"),
    "HASHISH": ("hasjiesj", "hashish"),
    "product": ("Product", "Product"),
    "net weight": ("Nettogewicht", "Net weight"),
    "THC": ("THC-gehalte", "THC content"),
    "CBD": ("CBD-gehalte", "CBD content"),
    "grower": ("Teler", "Grower"),
    "harvested": ("Geoogst", "Harvested"),
    "packed": ("Verpakt", "Packed"),
    "not measured": ("niet vastgelegd", "not recorded"),
    "FREE": ("Geen terugroepactie", "No recall"),
    "FREE text": (
        "Voor deze verpakking is geen terugroepactie en geen blokkade vastgelegd.",
        "No recall and no hold is recorded for this package.",
    ),
    "HELD": ("Geblokkeerd", "On hold"),
    "HELD text": (
        "Een toezichthouder houdt deze verpakking tegen. Gebruik haar niet zolang dat duurt.",
        "An authority holds this package. Do not use it while the hold lasts.",
    ),
    "RECALLED": ("Teruggeroepen", "Recalled"),
    "RECALLED text": (
        "Deze verpakking is teruggeroepen. Gebruik haar niet en breng haar terug.",
        "This package is recalled. Do not use it, and bring it back.",
    ),
    "children": ("Houd buiten bereik van kinderen.", "Keep out of reach of children."),
    "place": (
        "Regel {n} van grootboek {origin} onder controlepunt {m}",
        "Entry {n} of ledger {origin} under checkpoint {m}",
    ),
    "place text": (
        "Het grootboek van de gesloten keten: elke stap van zaad tot verkoop is ondertekend en na te rekenen.",
        "The ledger of the closed chain: every step from seed to sale is signed and can be checked by anyone.",
    ),
    "other language": ("English", "Nederlands"),
}
"""What is said, by what it is about: Dutch, English."""


def say(what: str, language: Language, **values: str | int) -> str:
    """The words for `what`, its places filled in."""
    text = WORDS[what][LANGUAGES.index(language)]
    return text.format(**values) if values else text


def grams(mass: int, language: Language) -> str:
    """Milligrams as grams. The decimal sign is the language's: `1.000 g` would be a kilogram in Dutch."""
    return f"{mass // 1000}{',' if language == 'nl' else '.'}{mass % 1000:03} g"


def percent(concentration: int, language: Language) -> str:
    """µg/kg as a mass percentage with two decimals, halves up: 10,000,000 µg/kg is 1 %."""
    hundredths = (concentration + 50_000) // 100_000
    return f"{hundredths // 100}{',' if language == 'nl' else '.'}{hundredths % 100:02} %"


def counted(kind: str, number: int, language: Language) -> str:
    """A number of units of a kind, or of entries and the like: `1 plant`, `212 plants`."""
    return f"{number} {say(kind if number == 1 else kind + 'S', language)}"


def minute(timestamp: str) -> str:
    """Date and minute, in UTC, of a ledger's timestamp."""
    return timestamp[:16].replace("T", " ")


def short(code: str) -> str:
    """A code or key id by its ends: first four … last four."""
    return code if len(code) <= 9 else f"{code[:4]}…{code[-4:]}"
