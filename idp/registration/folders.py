"""A relying service's folder: `registration.toml` with the metadata, and what the installation fills in.

`${base}` and `${credentials}` stand for where the service runs and where its credentials lie; `jwks_file`
names a JWK Set that the service made by itself. The folder's name is the client id.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from idp.registration.errors import shown

FILE_NAME = "registration.toml"
LARGEST_FILE = 65_536
MOST_NESTING = 20

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")


class Unreadable(Exception):
    """A file cannot be read as what it should be; the message is one line."""


def read_folder(folder: Path, substitutions: Mapping[str, str]) -> dict[str, Any]:
    """The metadata in `folder`, substituted, with the keys of `jwks_file`. Raises Unreadable."""
    text = read_text(folder / FILE_NAME)
    try:
        written = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{FILE_NAME} is not valid TOML: {error}") from None
    metadata: dict[str, Any] = _substitute(written, substitutions)
    if "jwks_file" in metadata:
        if "jwks" in metadata:
            raise Unreadable("jwks_file: must not be given together with jwks")
        metadata["jwks"] = _read_keys(folder, metadata.pop("jwks_file"))
    return metadata


def read_json(text: str) -> Any:
    """JSON in which no object names a member twice: the second would silently win. Raises Unreadable."""
    try:
        return json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not valid JSON: {str(error).splitlines()[0]}") from None


def read_text(path: Path) -> str:
    """A small UTF-8 file. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is not UTF-8") from None
    if len(raw) > LARGEST_FILE:
        raise Unreadable(f"{path} is larger than {LARGEST_FILE} bytes")
    return text


def _read_keys(folder: Path, name: object) -> Any:
    if not isinstance(name, str):
        raise Unreadable("jwks_file: must be the path of a JWK Set")
    try:
        return read_json(read_text(folder / name))  # an absolute path stays as it is
    except Unreadable as unreadable:
        raise Unreadable(f"jwks_file: {unreadable}") from None


def _substitute(value: Any, substitutions: Mapping[str, str], depth: int = 0) -> Any:
    if depth > MOST_NESTING:
        raise Unreadable("too deeply nested")
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: _replacement(found[1], substitutions), value)
    if isinstance(value, list):
        return [_substitute(item, substitutions, depth + 1) for item in value]
    if isinstance(value, dict):
        return {name: _substitute(item, substitutions, depth + 1) for name, item in value.items()}
    return value


def _replacement(name: str, substitutions: Mapping[str, str]) -> str:
    if name not in substitutions:
        option = "--credentials DIR" if name == "credentials" else f"--set {shown(name)}=VALUE"
        raise Unreadable(f"${{{shown(name)}}} has no value; give {option}")
    return substitutions[name]


def _without_repetition(members: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(members)
    if len(known) != len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"{shown(twice)}: is given twice")
    return known
