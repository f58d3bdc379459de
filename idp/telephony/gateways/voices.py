"""Which voice reads which language: the tags under which vendors' speech engines know our languages (BCP 47).

No engine here speaks Uzbek or Kazakh; those who read it mostly understand Russian, and the words of a call fall back
to it (`idp.telephony.messages`).
"""

from collections.abc import Mapping
from typing import Final

#: Every language that we have words in.
WRITTEN: Final = frozenset(
    {"ar", "de", "en", "es", "fil", "fr", "id", "ja", "kk", "ko", "pt", "ru", "th", "uz", "vi", "zh-Hans", "zh-Hant"}
)

#: Locales of Twilio's <Say> and of Vonage's `talk` action, where both agree.
LOCALES: Final[Mapping[str, str]] = {
    "ar": "arb",
    "de": "de-DE",
    "en": "en-US",
    "es": "es-ES",
    "fr": "fr-FR",
    "ja": "ja-JP",
    "ko": "ko-KR",
    "pt": "pt-BR",
    "ru": "ru-RU",
    "zh-Hans": "cmn-CN",
}
TWILIO: Final[Mapping[str, str]] = {**LOCALES, "id": "id-ID", "th": "th-TH", "vi": "vi-VN", "zh-Hant": "zh-TW"}
VONAGE: Final[Mapping[str, str]] = {
    **LOCALES,
    "ar": "ar",
    "fil": "fil-PH",
    "id": "id-ID",
    "th": "th-TH",
    "vi": "vi-VN",
    "zh-Hant": "cmn-TW",
}
INFOBIP: Final[Mapping[str, str]] = {
    "ar": "ar",
    "de": "de",
    "en": "en",
    "es": "es",
    "fr": "fr",
    "id": "id",
    "ja": "ja",
    "ko": "ko",
    "pt": "pt-br",
    "ru": "ru",
    "th": "th",
    "vi": "vi",
    "zh-Hans": "zh-cn",
    "zh-Hant": "zh-tw",
}
