"""The members of a country as people type and read them: `yes`, `60`, `infobip, vonage`, `21, 8`."""

from typing import Any

YES, NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0", ""})


def read_member(present: Any, text: str) -> Any:
    """`text` as the type that the member has; what cannot be one stays a text, which the rule of coverage refuses."""
    text = text.strip()
    if isinstance(present, bool):
        return True if text.lower() in YES else False if text.lower() in NO else text
    if isinstance(present, int):
        return _number(text)
    if isinstance(present, tuple):
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return [_number(part) for part in parts] if _counts(present) else parts
    return text


def write_member(value: Any) -> str:
    """As it is read."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(str(part) for part in value)
    return str(value)


def _counts(present: tuple[Any, ...]) -> bool:
    return bool(present) and all(isinstance(one, int) for one in present)


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
