"""What a text message or a call with a one-time code says, in the person's language.

The words are in `templates/messages/code.<language>.txt`: several wordings, the best first, with `---`
between. The first one that fits into a single message is sent, so a long service name costs its own place
and never a second message. The last line is the origin-bound code that browsers fill in by themselves
("Origin-bound one-time codes delivered via SMS", WICG, §2): exactly `@host #code`.

What a voice says is in `templates/messages/call.<language>.txt`: a sentence a line, with the code three times. The
digits are parted by commas, which every speech engine takes for a pause.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from idp.telephony.segments import segments

FOLDER: Final = Path(__file__).resolve().parents[2] / "templates" / "messages"

#: The longest host for which every language keeps to one message; production checks its issuer against it.
LONGEST_HOST: Final = 30

#: The language of those whose own has no file yet.
FALLBACK: Final = "en"

#: Where no voice speaks a language: the one that most of its readers understand.
UNDERSTOOD: Final[Mapping[str, str]] = {"uz": "ru", "kk": "ru"}

#: How often a voice says the code.
TIMES_SAID: Final = 3

_CODE: Final = re.compile(r"[0-9]{4,10}")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_FILE: Final = re.compile(r"(?:code|call)\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.txt")
# What a phone would turn into a link, or a browser take for the last line. A name that we did not write
# ourselves may not have the signs of an address either, or digits that look like a code.
_LINK: Final = re.compile(r"[@#]|//|[^\s.][.。．｡][^\s.]|www", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[:/\\]")
_LONGEST_SERVICE: Final = 60


class MessageError(Exception):
    """The message cannot be made: a template is missing or wrong, or an argument is not what it must be."""


@dataclass(frozen=True, slots=True)
class CodeMessages:
    """The wordings of every language, read once at start."""

    wordings: Mapping[str, tuple[str, ...]]
    #: What a voice says, with `{code}` where the digits belong.
    calls: Mapping[str, str] = field(default_factory=dict)

    @property
    def languages(self) -> frozenset[str]:
        """The languages (BCP 47) that have their own words."""
        return frozenset(self.wordings)

    def spoken(self, *, language: str, code: str, speaks: frozenset[str] | None = None) -> tuple[str, str]:
        """What a voice says of one code, and the language in which it does. Raises MessageError.

        `speaks` are the languages that the voice has; without it, all.
        """
        if not _CODE.fullmatch(code):
            raise MessageError("a call needs a code of digits")
        sayable = {tag: text for tag, text in self.calls.items() if speaks is None or tag in speaks}
        tag = _look_up(sayable, language)
        if tag == FALLBACK and language in UNDERSTOOD and UNDERSTOOD[language] in sayable:
            tag = UNDERSTOOD[language]
        return self.calls[tag].format(code=", ".join(code)), tag

    def render(self, *, language: str, code: str, host: str, service: str = "", minutes: int = 10) -> str:
        """The text for one code: the first wording that fits in one message.

        `service` is the name of the relying service in the person's language, or empty. Raises MessageError.
        """
        if not _CODE.fullmatch(code) or not _HOST.fullmatch(host):
            raise MessageError("a message needs a code of digits and a bare host name")
        wordings = self.wordings.get(language) or self.wordings[_look_up(self.wordings, language)]
        wording, name = _chosen(wordings, host, service, minutes, len(code))
        return _filled(wording, host, name, minutes, code)


@lru_cache(maxsize=1024)
def _chosen(wordings: tuple[str, ...], host: str, service: str, minutes: int, digits: int) -> tuple[str, str]:
    """The first wording that fits in one message with a code of so many digits, and the service's name in it."""
    name = _nameable(service)
    usable = [wording for wording in wordings if name or "{service}" not in wording]
    fitting = (one for one in usable if segments(_filled(one, host, name, minutes, "0" * digits)) == 1)
    # With a host longer than LONGEST_HOST it is the shortest wording: dearer, but it arrives.
    return next(fitting, usable[-1]), name


def _filled(wording: str, host: str, name: str, minutes: int, code: str) -> str:
    return f"{wording.format(service=name, code=code, minutes=minutes)}\n@{host} #{code}"


def _look_up(texts: Mapping[str, object], language: str) -> str:
    """The tag of `language`, shortened until there is a text, or FALLBACK (RFC 4647 §3.4, look-up)."""
    subtags = language.split("-")
    for tag in ("-".join(subtags[:length]) for length in range(len(subtags), 0, -1)):
        if tag in texts:
            return tag
    if FALLBACK in texts:
        return FALLBACK
    raise MessageError(f"no message template for {FALLBACK!r}")


def load_messages(folder: Path = FOLDER) -> CodeMessages:
    """Every `code.<language>.txt` and `call.<language>.txt` in `folder`.

    Raises MessageError naming the first unusable file.
    """
    wordings = {language: _read(path) for language, path in _files(folder, "code")}
    calls = {language: _read_call(path) for language, path in _files(folder, "call")}
    for kind, texts in (("code", wordings), ("call", calls)):
        if FALLBACK not in texts:
            raise MessageError(f"{folder} has no {kind}.{FALLBACK}.txt")
    return CodeMessages(wordings, calls)


def _files(folder: Path, kind: str) -> Iterator[tuple[str, Path]]:
    """The templates of one kind with their languages."""
    for path in sorted(folder.glob(f"{kind}.*.txt")):
        named = _FILE.fullmatch(path.name)
        if named:
            yield named[1], path


def _read_call(path: Path) -> str:
    text = path.read_text("utf-8").strip()
    try:
        filled = text.format(code="7, 7")
    except (KeyError, IndexError, ValueError) as error:
        raise MessageError(f"{path.name}: only code can be filled in") from error
    if filled.count("7, 7") != TIMES_SAID:
        raise MessageError(f"{path.name}: a call says the code {TIMES_SAID} times")
    return text


def _read(path: Path) -> tuple[str, ...]:
    wordings = tuple(part.strip() for part in re.split(r"^---$", path.read_text("utf-8"), flags=re.MULTILINE))
    for wording in wordings:
        _check(path, wording)
    if "{service}" in wordings[-1]:
        raise MessageError(f"{path.name}: the last wording must do without the service's name")
    return wordings


def _check(path: Path, wording: str) -> None:
    try:
        filled = wording.format(service="S", code="123456", minutes=10)
    except (KeyError, IndexError, ValueError) as error:
        raise MessageError(f"{path.name}: only service, code and minutes can be filled in") from error
    if "123456" not in filled:
        raise MessageError(f"{path.name}: a wording does not say the code")
    if _LINK.search(filled):
        raise MessageError(f"{path.name}: a wording has what a phone would take for a link")


def _nameable(service: str) -> str:
    """The service's name on one line, or nothing when a phone would read a link or a code out of it."""
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in service):
        return ""
    name = " ".join(unicodedata.normalize("NFC", service).split())
    refused = _LINK.search(name) or _ADDRESS.search(name) or _CODE.search(name)
    return "" if refused or len(name) > _LONGEST_SERVICE else name
