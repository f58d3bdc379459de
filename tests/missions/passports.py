"""What an officer types at the counter, for tests."""

from typing import Any

from idp.demo.passports import mrz

__all__ = ["intake", "mrz"]


def intake(**changed: Any) -> dict[str, str]:
    """The fields of a counter's form for an adult whom one officer may handle alone; None leaves a field out."""
    fields: dict[str, Any] = {
        "kind": "first",
        "mrz": mrz(),
        "chip_read": "yes",
        "photo_matches": "yes",
        "previous": "",
        "korean_family": "홍",
        "korean_given": "길동",
        "names_match": "yes",
        "registration": "current",
        "resident_number": "yes",
        "residence": "DE",
        "email": "",
        "relation": "none",
    } | changed
    return {name: value for name, value in fields.items() if value is not None}
