"""From a wet lot to one that may be packed: drying, trimming, samples, the laboratory's word."""

from __future__ import annotations

from collections.abc import Callable

from api.simulation.journal import Journal
from api.simulation.nursery import DAY, Crop
from api.simulation.plan import Data
from api.simulation.roster import Grower, Party, limits
from api.simulation.waste import WasteRoom

DRYING, TESTING = 11, 4
"""Days."""
SAMPLE_MASS = 5_000

VALUES = {
    "lead": ("LEAD_MAX", 10),
    "mercury": ("MERCURY_MAX", 8),
    "cadmium": ("CADMIUM_MAX", 20),
    "arsenic": ("ARSENIC_MAX", 10),
    "aflatoxins": ("AFLATOXINS_MAX", 25),
    "aerobic": ("AEROBIC_MAX", 30),
    "yeasts": ("YEASTS_MAX", 40),
    "staphylococcus": ("STAPHYLOCOCCUS_MAX", 1),
}
"""What a laboratory finds, the limit for it, and how much of that limit is usual, per cent."""


class Processing:
    """The lots of one grower until they are tested; `passed` takes over those that are good."""

    def __init__(
        self, journal: Journal, grower: Grower, laboratory: Party, waste: WasteRoom, passed: Callable[[Crop], None]
    ) -> None:
        self._journal = journal
        self._chance = journal.chance
        self._grower = grower
        self._laboratory = laboratory
        self._waste = waste
        self._passed = passed

    def take_over(self, crop: Crop) -> None:
        """A fresh lot: it hangs in the drying room first."""
        self._journal.later(DAY * DRYING, self._dry, crop)

    def _dry(self, crop: Crop) -> None:
        """Dry and trim it, then take samples, all in one morning."""
        chance, journal, key = self._chance, self._journal, self._grower.key
        minute = chance.between(390, 420)
        crop.mass -= crop.mass * chance.between(700, 800) // 1_000
        data: Data = {
            "lot": crop.lot,
            "mass": crop.mass,
            "moisture": chance.between(95, 125) * 1_000_000,
            "position": "DRY-1",
        }
        journal.write(key, journal.moment(minute), "dryLot", data)
        trim = crop.mass * chance.between(80, 120) // 1_000
        self._waste.lose_part(crop.lot, trim, "TRIM", journal.moment(minute + 150))
        count = limits()["SAMPLES_PER_LOT"]
        crop.samples = chance.codes("M", count)
        crop.mass -= trim + SAMPLE_MASS * count
        data = {
            "lot": crop.lot,
            "samples": list(crop.samples),
            "mass": SAMPLE_MASS,
            "position": "LAB-OUT",
            "laboratory": self._laboratory.id,
        }
        journal.write(key, journal.moment(minute + 180), "takeSamples", data)
        journal.later(DAY * TESTING, self._test, crop)

    def _test(self, crop: Crop) -> None:
        """The laboratory tests one sample; the others are kept for a second opinion."""
        chance, journal = self._chance, self._journal
        assert crop.samples is not None
        sample = crop.samples[0]
        data: Data = {
            "sample": sample,
            "thc": chance.between(90_000, 220_000) * 1_000,
            "cbd": chance.between(500, 9_000) * 1_000,
        }
        for name, (limit, usual) in VALUES.items():
            data[name] = limits()[limit] * chance.below(2 * usual + 1) // 100
        if crop.exceeds:
            data["yeasts"] = limits()["YEASTS_MAX"] * chance.between(120, 500) // 100
        at = journal.moment(chance.between(480, 660))
        journal.write(self._laboratory.key, at, "recordResult", data)
        journal.later(1, self._use_up, crop, sample)
        journal.later(DAY, self._destroy if crop.exceeds else self._passed, crop)

    def _use_up(self, crop: Crop, sample: str) -> None:
        """What was tested is no sample any more."""
        journal = self._journal
        at = journal.moment(self._chance.between(120, 240))
        journal.write(self._grower.key, at, "recordLoss", {"units": [sample], "reason": "USED"})
        self._waste.add(sample, SAMPLE_MASS, crop.lot)

    def _destroy(self, crop: Crop) -> None:
        """Above a limit: all of it is destroyed at once (Regeling art. 12a)."""
        journal, chance = self._journal, self._chance
        assert crop.samples is not None
        minute = chance.between(480, 540)
        for sample in crop.samples[1:]:
            self._waste.add(sample, SAMPLE_MASS, crop.lot)
        kept = sorted(crop.samples[1:])
        note = chance.sealed("Yeasts above the limit; the whole lot is destroyed, with its samples.")
        data: Data = {"units": list(kept), "reason": "LIMITS", "note": note}
        journal.write(self._grower.key, journal.moment(minute), "recordLoss", data)
        self._waste.lose_part(crop.lot, crop.mass, "LIMITS", journal.moment(minute + 2))
        waste = self._waste.bundle(sorted([crop.lot, *kept]), journal.moment(minute + 30))
        self._waste.destroy(waste, journal.moment(minute + 90))
