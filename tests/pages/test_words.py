"""The words files agree with each other and with the templates; RFC 4647 §3.4 chooses the language."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims.scopes import SCOPES
from idp.pages.words import LONGEST_HEADER, Words, lookup, placeholders
from idp.protocol.authorization_details import TYPES
from idp.telephony.numbers import REASONS

ROOT = Path(__file__).parents[2]
WORDS = Words.load(ROOT / "templates" / "words")
LANGUAGES = WORDS.languages
KEYS = sorted(WORDS.keys("ko"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
VIEWS = [path for room in ("pages", "demo", "staff", "missions") for path in sorted((ROOT / "idp" / room).glob("*.py"))]

SPOKEN = re.compile(r"""\bsay\(\s*(?:language,\s*)?["']([a-z_]+(?:\.[\w#-]+)+)["'](\s*~)?""")
# Keys that a template or view puts together or hands over: notices, errors, refusals, labels. Not file names.
HANDED_OVER = re.compile(
    r"""["']((?:notice|code|device|number|steps|enrol_phone|logout|refusal|value)\.(?!js|css|html)[a-z_.]+)["']"""
)

PARTS = ("heading", "what", "next")
REFUSALS = (
    "unknown_client",
    "bad_redirect_uri",
    "repeated_parameter",
    "invalid_request",
    "invalid_scope",
    "invalid_request_uri",
    "invalid_request_object",
    "request_uri_not_supported",
    "expired_page",
    "wrong_browser",
    "no_cookie",
    "forbidden_form",
    "not_found",
    "method_not_allowed",
    "too_large",
    "unsupported_media",
    "person_inactive",
    "credential_inactive",
    "service_disabled",
    "internal_error",
    "enrolment_unknown",
    "enrolment_record_wrong",
    "code_dead",
    "sign_in_finished",
    "no_phone",
    "phone_locked",
    "acr_unmet",
    "host_unknown",
    "account_signed_out",
    "account_name",
    "account_last_passkey",
    "account_passkeys_full",
    "account_not_resumed",
    "device_tries",
    "device_over",
)


def raw(language, key):
    return WORDS._sentences[language][key]


def test_korean_is_first_and_english_is_there():
    assert LANGUAGES == ("ko", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys(language):
    assert WORDS.keys(language) == WORDS.keys("ko")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_wants_the_same_values(language):
    different = [key for key in KEYS if placeholders(raw(language, key)) != placeholders(raw("ko", key))]
    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_says_something_and_is_plain_text(language):
    sentences = {key: raw(language, key) for key in KEYS}
    assert [key for key, text in sentences.items() if not text.strip() or text != text.strip()] == []
    # Markup would be escaped, and a straight quotation mark could end an attribute.
    assert [key for key, text in sentences.items() if set(text) & set('<>&"')] == []
    assert [key for key, text in sentences.items() if set(re.sub(r"\{[a-z_]+\}", "", text)) & set("{}")] == []


def test_korean_particles_never_depend_on_a_name():
    # These change with the last sound of what stands before them; 에, 에서 and 의 do not.
    particles = "은|는|이|가|을|를|과|와|으로|로"
    wrong = re.compile(rf"\{{(?:service|name|country|who|origin)\}}(?:{particles})(?![가-힣])")
    assert [key for key in KEYS if wrong.search(raw("ko", key))] == []


def test_english_sentences_hold_no_korean():
    assert [key for key in KEYS if re.search(r"[가-힣]", raw("en", key))] == []


def test_every_key_that_is_spoken_exists():
    for path in TEMPLATES + VIEWS:
        text = path.read_text("utf-8")
        beginnings = {key for key, joined in SPOKEN.findall(text) if joined}
        whole = {key for key, joined in SPOKEN.findall(text) if not joined} | set(HANDED_OVER.findall(text))
        assert {key for key in whole if not _exists(key)} == set(), path
        assert {start for start in beginnings if not any(key.startswith(start) for key in KEYS)} == set(), path


def _exists(key):
    return key in KEYS or any(one.startswith(key.rstrip(".") + ".") for one in KEYS)


def test_the_scan_sees_the_templates():
    spoken = {key for path in TEMPLATES for key, _ in SPOKEN.findall(path.read_text("utf-8"))}
    assert {"passkey.title", "code.submit", "consent.allow", "logout.confirm"} <= spoken


def test_no_sentence_lies_unused():
    everything = "\n".join(path.read_text("utf-8") for path in TEMPLATES + VIEWS).replace('"', "'")
    # These are chosen by views from what happened or from what a service asks.
    chosen = (
        r"coverage_note|person_end\.becauses|counter(?:\.\w+)?|mrz|bar|reason|outcome|why_not|four_eyes|"
        r"staff\.roles|staff_confirm|notice|claim|value|number|refusal|passkey\.trouble|facts|code|detail|device\.kinds|"
        r"sandbox\.(?:channel|citizens)|workbench\.(?:environment|kind|member|days|configuration|test\.step)|"
        r"developers|console|console_act|console_means|console_pending|console_pending_means|demo\.what|"
        r"client_field|client_group|country_member|switch(?:\.\w+)?|"
        r"second\.(?:app|printed|passkey|silence)|account|account_event|feedback(?:\.\w+)?|figures\.(?:steps|fates)"
    )
    everything += (ROOT / "idp" / "storage" / "staff_office.py").read_text("utf-8").replace(chr(34), chr(39))
    by_views = re.compile(rf"(?:{chosen})\.[\w.#-]+")
    others = {"site.language", "consent.year"}
    expected = [key for key in KEYS if key not in others and not by_views.fullmatch(key)]
    assert [key for key in expected if f"'{key}'" not in everything] == []


def test_every_refusal_says_what_happened_and_what_to_do():
    wanted = {f"refusal.{name}.{part}" for name in REFUSALS for part in PARTS}
    assert wanted - set(KEYS) == set()


def test_every_refusal_that_is_raised_has_its_words():
    raised = re.compile(r"""(?:PageRefused|Unredirectable|_inactive)\((?:\s*\w+,)*\s*["']([a-z_]+)["']""")
    sources = [path.read_text("utf-8") for path in sorted((ROOT / "idp").rglob("*.py"))]
    named = {name for source in sources for name in raised.findall(source)}
    assert "unknown_client" in named
    assert {name for name in named for part in PARTS if f"refusal.{name}.{part}" not in KEYS} == set()


def test_N_05_every_refused_number_is_told_why():
    assert {f"number.{reason}" for reason in REASONS} - set(KEYS) == set()


def test_every_scope_and_claim_has_a_label():
    wanted = {f"claim.{scope}.label" for scope in SCOPES}
    wanted |= {f"claim.{claim}" for claims in SCOPES.values() for claim in claims}
    assert wanted - set(KEYS) == set()


def test_every_authorization_detail_can_be_shown_in_words():
    wanted = {f"detail.{kind}.label" for kind in TYPES}
    wanted |= {f"detail.{kind}.{field}" for kind, fields in TYPES.items() for field in fields}
    wanted |= {
        f"detail.{k}.{field}.{v}" for k, fields in TYPES.items() for field, values in fields.items() for v in values
    }
    assert {key for key in KEYS if key.startswith("detail.")} == wanted


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        WORDS.say("ko", "code.no_such_sentence")


def test_a_value_not_given_is_an_error():
    with pytest.raises(KeyError):
        WORDS.say("en", "code.valid")


@pytest.mark.parametrize("value", ["{seconds}", "{0.__class__}", "%(x)s", "\\1", "<b>"])
def test_X_01_a_value_is_never_read_as_a_pattern(value):
    words = Words({"ko": {"a.b": "[{service}]{seconds}"}})
    assert words.say("ko", "a.b", service=value, seconds=1) == f"[{value}]1"


@pytest.mark.parametrize(
    "text",
    ["[a]\nb = 1", '[a]\nb = ["c"]', '[a]\n"b.c" = "x"\n[a.b]\nc = "y"'],
    ids=["number", "list", "same key twice"],
)
def test_a_words_file_with_anything_but_sentences_is_refused(tmp_path, text):
    (tmp_path / "ko.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"ko\.toml"):
        Words.load(tmp_path)


def test_words_without_the_default_language_are_refused():
    with pytest.raises(ValueError, match="ko"):
        Words({"en": {}})


@pytest.mark.parametrize(
    ("ui_locales", "cookie", "accept_language", "expected"),
    [
        ([], None, None, "ko"),
        ([], None, "", "ko"),
        (["en"], None, None, "en"),
        (["EN-us"], None, None, "en"),
        (["fr", "en"], "ko", "ko", "en"),  # in order of the service's preference
        (["ko-KR"], "en", "en", "ko"),
        (["fr-CA", "de"], "en", "ko", "en"),  # nothing of the first source: the next one
        ([], "en", "ko", "en"),
        ([], "fr", "en", "en"),
        ([], "../en", None, "ko"),
        ([], None, "en-GB,en;q=0.9,ko;q=0.8", "en"),
        ([], None, "en;q=0.1, ko;q=0.2", "ko"),
        ([], None, "fr, en;q=0.5", "en"),
        ([], None, "fr;q=0.9, *;q=0.5", "ko"),
        ([], None, "en;q=0", "ko"),
        ([], None, "en;q=0.000", "ko"),
        ([], None, "en;q=2", "ko"),
        ([], None, "en;q=nan", "ko"),
        ([], None, "en; Q=0.5", "en"),
        ([], None, "en;level=1", "en"),
        ([], None, ",,;=,;q,en", "en"),
        ([], None, "en-" + "a" * LONGEST_HEADER, "ko"),
        ([], None, "fr," * 100 + "en", "ko"),
        (["fr"] * 100 + ["en"], None, None, "ko"),
        (["en\r\nX: y"], None, None, "ko"),
        (["en-x-private"], None, None, "en"),
        (["x-en"], None, None, "ko"),
        (["영어"], None, None, "ko"),
    ],
)
def test_choose(ui_locales, cookie, accept_language, expected):
    assert WORDS.choose(ui_locales, cookie, accept_language) == expected


def test_lookup_drops_a_single_letter_with_what_followed_it():
    assert lookup(["zh-Hant-CN-x-private1"], ["zh-hant", "zh"]) == "zh-hant"


@given(st.lists(st.text(), max_size=5), st.none() | st.text(), st.none() | st.text())
def test_choose_answers_whatever_is_sent(ui_locales, cookie, accept_language):
    assert WORDS.choose(ui_locales, cookie, accept_language) in LANGUAGES
