"""What holds for every template and static file: security policy, form tokens, labels, the budget of bytes."""

import re
from gzip import compress
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TEXTS = {path: path.read_text("utf-8") for path in TEMPLATES}
STATIC = ROOT / "idp" / "pages" / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
STYLES = sorted(STATIC.rglob("*.css"))
PAGES = [path for path in TEMPLATES if path.parent.name != "templates" or path.name == "home.html"]
FIRST_LOAD = 40_000  # bytes without the fonts


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "forbidden",
    [
        r"<style",
        r"\sstyle=",
        r"\son[a-z]+=",
        r"<script(?![^>]*\ssrc=\"\{\{ asset\()",
        r"javascript:",
        r"(?:src|href|action)=\"https?:",
        r"\|\s*safe\b",
        r"autoescape\s+false",
        r"http-equiv",
    ],
)
def test_X_01_nothing_inline_nothing_foreign_nothing_unescaped(forbidden):
    assert [name(path) for path, text in TEXTS.items() if re.search(forbidden, text)] == []


def test_X_01_every_attribute_is_quoted():
    assert [name(path) for path, text in TEXTS.items() if re.search(r"=\{\{", text)] == []


def test_CS_01_every_form_posts_with_a_token():
    # The demonstration phone's answer carries the fields of the form it answers, the token among them; what goes to
    # a service is no form of ours to read, and must not learn our token.
    carry_others = {"templates/demo/answer.html", "templates/answer_form.html"}
    for path, text in TEXTS.items():
        forms = re.findall(r"<form\b.*?</form>", text, re.DOTALL)
        acts = [form for form in forms if 'method="get"' not in form]  # a search changes nothing
        wrong = [form for form in acts if 'method="post"' not in form or "token()" not in form]
        assert not wrong or name(path) in carry_others, name(path)


def test_every_field_has_a_label():
    for path, text in TEXTS.items():
        fields = re.findall(r"<(?:input|select|textarea)\b[^>]*>", text)
        ids = [re.search(r'\sid="([^"]+)"', one) for one in fields if 'type="hidden"' not in one]
        assert all(found and f'<label for="{found[1]}"' in text for found in ids), name(path)


def test_K_a_link_to_a_new_window_gives_no_handle_back():
    for path, text in TEXTS.items():
        links = re.findall(r"<a\b[^>]*_blank[^>]*>", text)
        assert all('rel="noopener"' in link for link in links), name(path)


def test_every_page_has_a_title_and_one_heading():
    for path in PAGES:
        assert TEXTS[path].startswith('{% extends "layout.html" %}'), name(path)
        assert "{% block title %}" in TEXTS[path], name(path)
        assert len(re.findall(r"<h1\b", TEXTS[path])) == 1, name(path)


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("sign_in/passkey.html", ["passkey", "passkey-form", "demo-phone"]),
        ("code_form.html", ["code", "code-submit", "message-language"]),
        ("sign_in/consent.html", ["consent-allow", "consent-deny", "not-me"]),
        ("parts.html", ["cancel", "passkey-trouble", "passkey-status"]),
        ("logout/confirm.html", ["logout-confirm", "logout-stay"]),
        ("device/code.html", ["user-code", "user-code-submit"]),
        ("device/compare.html", ["device-mine", "device-not-mine"]),
        ("enrol/open.html", ["enrol-open", "enrol-form", "secret"]),
        ("enrol/record.html", ["record-confirm", "record-wrong"]),
        ("enrol/phone.html", ["country", "number", "phone-submit"]),
        ("enrol/phone_code.html", ["change-number"]),
        ("enrol/passkey.html", ["passkey-create", "passkey-form", "demo-phone"]),
        ("account/home.html", ["language-save", "sign-out", "close"]),
        ("account/sessions.html", ["end-all"]),
        ("account/passkeys.html", ["passkey-add"]),
        ("account/passkey_new.html", ["passkey-create", "passkey-form", "demo-phone"]),
        ("account/passkey_remove.html", ["passkey-remove"]),
        ("account/stop.html", ["stop-now", "lost-unknown"]),
        ("account/resume.html", ["passkey", "passkey-form", "demo-phone"]),
        ("account/close.html", ["sure", "close-now"]),
        ("account/data.html", ["download"]),
        ("demo/approve.html", ["demo-approve", "demo-refuse"]),
        ("demo/answer.html", ["answer-form", "demo-continue"]),
        ("answer_form.html", ["answer-form"]),
    ],
)
def test_the_ids_that_others_rely_on_are_there(path, ids):
    text = (ROOT / "templates" / path).read_text("utf-8")
    assert [one for one in ids if text.count(f'id="{one}"') != 1] == []


def test_styles_load_nothing_from_elsewhere():
    for path in STYLES:
        text = path.read_text("utf-8")
        assert "@import" not in text, name(path)
        assert "url(" not in text or path.name == "fonts.css", name(path)


def test_fonts_are_addressed_by_the_hash_of_their_content():
    addresses = re.findall(r'url\("../../([0-9a-f]+)/([^"]+)"\)', (STATIC / "krds" / "fonts.css").read_text("utf-8"))
    assert [digest for digest, _ in addresses] == [
        sha256((STATIC / font).read_bytes()).hexdigest()[: len(digest)] for digest, font in addresses
    ]
    assert {font for _, font in addresses} == {str(path.relative_to(STATIC)) for path in STATIC.rglob("*.woff2")}


def test_every_variable_that_styles_use_is_a_token():
    tokens = set(re.findall(r"(--krds-[\w-]+):", (STATIC / "krds" / "tokens.css").read_text("utf-8")))
    used = {one for path in STYLES for one in re.findall(r"var\((--[\w-]+)\)", path.read_text("utf-8"))}
    assert used == tokens


def test_every_asset_exists():
    assets = {one for text in TEXTS.values() for one in re.findall(r"asset\('([^']+)'\)", text)}
    assert [one for one in assets if not (STATIC / one).is_file()] == []


def test_scripts_speak_no_language_and_write_no_markup():
    for path in SCRIPTS:
        text = path.read_text("utf-8")
        assert '"use strict";' in text, name(path)
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|https?:|[가-힣]", text), name(path)


def test_the_first_load_of_every_page_stays_within_its_budget():
    layout = TEXTS[ROOT / "templates" / "layout.html"]
    for path in PAGES:
        assets = set(re.findall(r"asset\('([^']+)'\)", layout + TEXTS[path]))
        weight = sum(len(compress((STATIC / one).read_bytes())) for one in assets)  # as they go over the wire
        assert weight + 12_000 < FIRST_LOAD, name(path)  # twelve thousand bytes are left for the page itself
