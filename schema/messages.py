"""What people read of a refusal, in Dutch or English; programs read the code.

The English sentences stand beside the codes in `ledger.errors`, the Dutch ones here; a test holds that
neither misses a code.
"""

from __future__ import annotations

from ledger.errors import REFUSALS

LANGUAGES = ("nl", "en")

DUTCH: dict[str, str] = {
    "TOO_LARGE": "De verklaring of inzending is langer of dieper dan het formaat toelaat: splits haar.",
    "NOT_CANONICAL": "De bytes zijn niet de canonieke JSON (RFC 8785) van wat zij zeggen: codeer opnieuw.",
    "NULL_MEMBER": "Een veld is null: laat het weg.",
    "VERSION_UNKNOWN": "Deze versie of editie is hier niet bekend: gebruik een die dat wel is.",
    "WRONG_LEDGER": "De verklaring noemt een ander grootboek: gebruik de herkomst van dit grootboek.",
    "ACTION_UNKNOWN": "Deze handeling bestaat niet in de geldende editie.",
    "FIELD_UNKNOWN": "Dit veld bestaat niet: laat het weg.",
    "FIELD_MISSING": "Een verplicht veld ontbreekt: vul het in.",
    "FIELD_INVALID": "Het veld heeft niet de vorm die zijn type vraagt.",
    "KEY_UNKNOWN": "Deze sleutel is niet geregistreerd: registreer hem eerst.",
    "KEY_REVOKED": "De sleutel is ingetrokken of verlopen: onderteken met een andere sleutel van de deelnemer.",
    "SIGNATURE_INVALID": "De handtekening klopt niet met de tekst onder `expected`: onderteken precies die tekst.",
    "SEQUENCE_USED": "Het nummer is voor iets anders gebruikt: gebruik het volgende nummer van de sleutel.",
    "SEQUENCE_GAP": "Nummers van een sleutel volgen op elkaar: gebruik het volgende nummer van de sleutel.",
    "SEEN_CONTRADICTED": "`seen` is geen wortel van dit grootboek bij die omvang, of ouder dan de vorige.",
    "EXPIRED": "`until` is verstreken: onderteken opnieuw met een later tijdstip.",
    "UNTIL_TOO_FAR": "`until` ligt meer dan 7 dagen vooruit: onderteken opnieuw met een eerder tijdstip.",
    "AT_IN_FUTURE": "`at` ligt meer dan 300 s na de tijd van het grootboek: controleer de klok.",
    "NOT_ALLOWED": "Deze sleutel of deelnemer mag dit niet.",
    "UNIT_UNKNOWN": "Deze eenheid bestaat niet, of u mag haar niet gebruiken.",
    "CODE_USED": "De code bestaat al: neem een nieuwe.",
    "NAME_UNKNOWN": "Deze deelnemer (van die soort), locatie, variëteit of sleutel is niet geregistreerd.",
    "NAME_USED": "De naam bestaat al: kies een andere.",
    "KEY_UNFIT": "De sleutel is ongeschikt, al geregistreerd, of het bezit ervan is niet bewezen.",
    "NOT_HOLDER": "Alleen de houder van de eenheid mag dit.",
    "AT_BEFORE_UNIT": "`at` ligt meer dan 300 s vóór de laatste handeling met de eenheid: controleer het tijdstip.",
    "ON_HOLD": "Een toezichthouder houdt de eenheid vast: wacht op de vrijgave.",
    "WRONG_STATE": "De eenheid is niet in een toestand waarin dit kan.",
    "WRONG_PHASE": "De fase van de gemeente staat dit op dat tijdstip niet toe.",
    "RESULT_MISSING": "De partij heeft nog geen uitslag van een laboratorium: leg die eerst vast.",
    "LIMIT_EXCEEDED": "Een grens die op dat tijdstip geldt is overschreden.",
    "NOT_ENOUGH": "Er zit minder in de eenheid dan dit vraagt.",
    "MASS_CREATED": "Er zou meer uitkomen dan erin zit.",
    "BUSY": "Het is druk: stuur hetzelfde opnieuw na `retryAfter` seconden.",
    "UNDECIDED": "Het kan zijn vastgelegd: stuur dezelfde bytes opnieuw om te weten of het zo is.",
    "SHUTTING_DOWN": "Deze toegang stopt: stuur hetzelfde elders of later opnieuw.",
}
"""What to do about each refusal."""


def message(code: str, language: str) -> str:
    """The sentence of a refusal in `nl` or `en`; a language that is not known is answered in English."""
    return DUTCH[code] if language == "nl" else REFUSALS[code]
