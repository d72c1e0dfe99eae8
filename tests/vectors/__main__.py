"""Write the golden vectors of the ledger format: `python -m tests.vectors`."""

from tests.vectors import FILES, render
from tests.vectors.example import FOLDER

for name, make in FILES.items():
    (FOLDER / name).write_text(render(make()), encoding="utf-8", newline="\n")
