"""Values that others published; README.md says what is here and from where."""

import csv
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def published(name: str) -> dict[str, Any]:
    """One entry of published.json."""
    return json.loads((HERE / "published.json").read_text("utf-8"))[name]


def oauth_errors() -> dict[str, str]:
    """Every known OAuth error code and where it is defined."""
    with (HERE / "oauth_errors.csv").open(encoding="utf-8", newline="") as rows:
        return {row["code"]: row["defined_in"] for row in csv.DictReader(rows)}
