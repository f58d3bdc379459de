"""What a code message says, in every language and within one message (O-11, O-10)."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.telephony.messages import FOLDER, LONGEST_HOST, CodeMessages, MessageError, load_messages
from idp.telephony.segments import segments

MESSAGES = load_messages()
LANGUAGES = sorted(MESSAGES.languages)
HOSTS = ["localhost", "id.overseas.go.kr", "a" * 26 + ".kr1"]
SERVICES = [
    "",
    "정부24",
    "재외동포365민원포털",
    "전자가족관계등록시스템",
    "Government24",
    "Electronic Family Relations Registration System",
    "Ministry of Foreign Affairs Apostille and Legalisation Portal"[:60],
    "외교부 아포스티유 및 본부영사확인 발급 시스템 온라인 창구",
    "Cổng dịch vụ công trực tuyến",
]


NEVER_TELL = {
    "ar": "لا تخبر به أحدا",
    "de": "niemandem",
    "en": "[Nn]ever tell",
    "es": "No la diga a nadie",
    "fil": "Huwag itong sabihin",
    "fr": "Ne le dites à personne",
    "id": "Jangan beri tahu",
    "ja": "誰にも教えないで",
    "kk": "Ешкімге айтпаңыз",
    "ko": "알려주지 마세요",
    "pt": "Nunca o diga",
    "ru": "[Нн]икому не говорите",
    "th": "ห้ามบอกผู้ใด",
    "uz": "hech kimga aytmang|Hech kimga aytmang",
    "vi": "Không nói cho ai",
    "zh-Hans": "切勿告诉",
    "zh-Hant": "切勿告訴",
}


def render(language="en", code="482913", host="id.overseas.go.kr", service="Government24", minutes=10):
    return MESSAGES.render(language=language, code=code, host=host, service=service, minutes=minutes)


def test_the_languages_that_are_written_so_far():
    assert sorted(NEVER_TELL) == LANGUAGES
    assert len(HOSTS[-1]) == LONGEST_HOST


@pytest.mark.parametrize("language", LANGUAGES)
def test_O_11_a_message_is_one_segment_and_ends_in_the_origin_bound_code(language):
    for host, service in itertools.product(HOSTS, SERVICES):
        text = render(language, host=host, service=service)
        assert segments(text) == 1, (host, service)
        assert text.rsplit("\n", 1)[1] == f"@{host} #482913"
        assert "482913" in text.rsplit("\n", 1)[0]


@pytest.mark.parametrize(("language", "warning"), NEVER_TELL.items())
def test_O_11_every_wording_says_never_tell_anyone(language, warning):
    for host, service in itertools.product(HOSTS, SERVICES):
        assert re.search(warning, render(language, host=host, service=service)), (host, service)


@pytest.mark.parametrize(
    ("language", "service"),
    [
        ("ko", "정부24"),
        ("ko", "재외동포365민원포털"),
        ("ko", "전자가족관계등록시스템"),
        ("en", "정부24"),
        ("en", "Electronic Family Relations Registration System"),
    ],
)
def test_O_11_the_service_is_named_where_it_fits(language, service):
    assert service in render(language, service=service)


def test_a_name_that_does_not_fit_costs_its_place_and_not_a_second_message():
    long_name = "외교부 아포스티유 및 본부영사확인 발급 시스템 온라인 창구"
    text = render("ko", host=HOSTS[-1], service=long_name)
    assert long_name not in text
    assert segments(text) == 1


@pytest.mark.parametrize(
    "service",
    [
        "evil.example",
        "evil。example",
        "http://evil",
        "정부24.kr",
        "WWW evil",
        "Bank #123456",
        "@evil.example #111111",
        "Portal 999999",
        "Line\nbreak",
        "Right\u202eto left",
        "Zero\u200bwidth",
        "Paragraph\u2029end",
        "x" * 61,
    ],
)
def test_O_11_a_name_that_reads_as_a_link_or_a_code_is_left_out(service):
    text = render(service=service)
    assert service not in text
    assert text == render(service="")


@given(st.text(max_size=80), st.sampled_from(LANGUAGES))
def test_O_11_no_service_name_can_change_the_last_line_or_add_a_message(service, language):
    text = render(language, service=service)
    assert text.endswith("\n@id.overseas.go.kr #482913")
    assert text.count("@") == 1
    assert segments(text) == 1


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("en-GB", "en"),
        ("sv", "en"),
        ("zh-Hant-TW", "zh-Hant"),
        ("", "en"),
        ("../ko", "en"),
    ],
)
def test_the_language_is_looked_up_from_the_narrow_to_the_wide(asked, used):
    assert render(asked) == render(used)


@pytest.mark.parametrize(
    ("code", "host"),
    [
        ("", "id.example"),
        ("12345a", "id.example"),
        ("١٢٣٤٥٦", "id.example"),
        ("123456\n@evil #1", "id.example"),
        ("123456", ""),
        ("123456", "id.example:9000"),
        ("123456", "https://id.example"),
        ("123456", "id.example #1"),
        ("123456", "ID.example"),
    ],
)
def test_a_code_or_host_that_would_break_the_last_line_is_refused(code, host):
    with pytest.raises(MessageError) as error:
        render(code=code, host=host)
    assert code not in str(error.value) or not code


def test_a_host_beyond_the_longest_still_gets_its_code():
    text = render("ko", host="x" * 60)
    assert text.endswith(f"@{'x' * 60} #482913")
    assert segments(text) == 2


GOOD_CALL = "{code}. {code}. {code}."
GOOD = "{service}: {code}\n---\n{code} ({minutes})"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("code.fr.txt", "{code} {name}", "filled in"),
        ("code.fr.txt", "{code} {0}", "filled in"),
        ("code.fr.txt", "{code", "filled in"),
        ("code.fr.txt", "Bonjour", "does not say the code"),
        ("code.fr.txt", "{service} {code}", "without the service"),
        ("code.fr.txt", "{code} https://x", "link"),
        ("code.fr.txt", "{code} on id.example", "link"),
        ("call.fr.txt", "{code}. {code}.", "3 times"),
        ("call.fr.txt", "{code}. {code}. {code}. {code}.", "3 times"),
        ("call.fr.txt", "{code}. {code}. {name}.", "filled in"),
    ],
)
def test_a_template_that_cannot_be_used_stops_the_start_with_its_name(tmp_path, name, content, why):
    (tmp_path / "code.en.txt").write_text(GOOD, "utf-8")
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(MessageError, match=f"{name}.*{why}"):
        load_messages(tmp_path)


def test_a_folder_without_the_fallback_language_is_refused(tmp_path):
    (tmp_path / "code.ko.txt").write_text(GOOD, "utf-8")
    with pytest.raises(MessageError, match=r"code\.en\.txt"):
        load_messages(tmp_path)
    (tmp_path / "code.en.txt").write_text(GOOD, "utf-8")
    with pytest.raises(MessageError, match=r"call\.en\.txt"):
        load_messages(tmp_path)
    with pytest.raises(MessageError, match="no message template"):
        CodeMessages({}).render(language="ko", code="123456", host="id.example")


def test_a_new_language_is_one_new_file(tmp_path):
    (tmp_path / "code.en.txt").write_text(GOOD, "utf-8")
    (tmp_path / "call.en.txt").write_text(GOOD_CALL, "utf-8")
    (tmp_path / "code.pt-BR.txt").write_text("O seu: {code}", "utf-8")
    (tmp_path / "notes.txt").write_text("not a template", "utf-8")
    messages = load_messages(tmp_path)
    assert messages.languages == {"en", "pt-BR"}
    assert messages.render(language="pt-BR", code="123456", host="h") == "O seu: 123456\n@h #123456"


def test_every_template_file_is_read():
    names = {f"{kind}.{language}.txt" for language in LANGUAGES for kind in ("code", "call")}
    assert names == {path.name for path in FOLDER.glob("c*.txt")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_says_the_digits_apart_and_three_times(language):
    text, spoken = MESSAGES.spoken(language=language, code="482913")
    assert (text.count("4, 8, 2, 9, 1, 3"), spoken) == (3, language)
    assert "482913" not in text


@pytest.mark.parametrize(
    ("language", "speaks", "spoken"),
    [
        ("ko", {"ko", "en"}, "ko"),
        ("ko-KR", {"ko", "en"}, "ko"),
        ("uz", {"en", "ru"}, "ru"),
        ("kk", {"en", "ru", "kk"}, "kk"),
        ("uz", {"en"}, "en"),
        ("th", {"en", "ru"}, "en"),
    ],
)
def test_a_call_is_in_a_language_that_the_voice_has(language, speaks, spoken):
    assert MESSAGES.spoken(language=language, code="482913", speaks=frozenset(speaks))[1] == spoken


def test_a_voice_without_any_language_of_ours_says_nothing():
    with pytest.raises(MessageError):
        MESSAGES.spoken(language="ko", code="482913", speaks=frozenset())


@pytest.mark.parametrize("code", ["", "12345a", "1, 2", "١٢٣٤٥٦"])
def test_a_call_says_digits_only(code):
    with pytest.raises(MessageError):
        MESSAGES.spoken(language="en", code=code)
