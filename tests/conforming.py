"""Whether a report has the form that its published JSON Schema says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8"))


def conforms(value: Any, schema: dict[str, Any], where: str = "report") -> None:
    """As much of JSON Schema as the report's uses."""
    known = {"$schema", "$ref", "$defs", "title", "description", "type", "const", "enum", "pattern", "minimum",
             "required", "properties", "additionalProperties", "items"}  # fmt: skip
    assert set(schema) <= known
    if "$ref" in schema:
        conforms(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], where)
        return
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
             "null": type(None)}  # fmt: skip
    named = schema.get("type", list(kinds))
    named = [named] if isinstance(named, str) else named
    assert any(isinstance(value, kinds[kind]) for kind in named), where  # type: ignore[arg-type]
    assert value == schema.get("const", value), where
    assert value in schema.get("enum", [value]), where
    assert "pattern" not in schema or re.search(schema["pattern"], value), where
    assert "minimum" not in schema or value >= schema["minimum"], where
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= set(value) <= set(schema["properties"]), where
        for name, member in value.items():
            conforms(member, schema["properties"][name], f"{where}.{name}")
    if isinstance(value, list):
        for item in value:
            conforms(item, schema["items"], f"{where}[]")
