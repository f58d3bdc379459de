"""What a text message without a code says: `templates/notices/<name>.<language>.txt`, one message each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idp.telephony.messages import FALLBACK, MessageError

FOLDER: Final = Path(__file__).resolve().parents[2] / "templates" / "notices"
NAMES: Final = ("number_changed",)
_LINK: Final = re.compile(r"[@#]|//|[^\s.][.][^\s.]|www", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """The words of every notice in every language, read once at start."""

    texts: Mapping[tuple[str, str], str]

    def say(self, name: str, language: str) -> tuple[str, str]:
        """The text of a notice, and the language it is in: the person's, or the fallback. Raises MessageError."""
        for tag in (language, language.split("-", maxsplit=1)[0], FALLBACK):
            if (name, tag) in self.texts:
                return self.texts[name, tag], tag
        raise MessageError(f"no notice {name!r}")


def load_notices(folder: Path = FOLDER) -> NoticeWords:
    """Every notice in `folder`. Raises MessageError naming the first unusable file."""
    texts = {}
    for name in NAMES:
        for path in sorted(folder.glob(f"{name}.*.txt")):
            text = path.read_text("utf-8").strip()
            if not text or _LINK.search(text):
                raise MessageError(f"{path.name} is empty, or has what a phone would take for a link")
            texts[name, path.name.removeprefix(f"{name}.").removesuffix(".txt")] = text
        if (name, FALLBACK) not in texts:
            raise MessageError(f"{folder} has no {name}.{FALLBACK}.txt")
    return NoticeWords(texts)
