"""Each code is read once, from a file that grows, may end in half a line, and may be replaced."""

import json

import pytest

from tests.bench.inbox import Inbox


def line(to: str, code: str) -> str:
    return json.dumps({"id": code, "to": to, "text": "…", "at": 0, "code": code}, ensure_ascii=False) + "\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "messages.jsonl"


def append(file, text):
    with file.open("a", encoding="utf-8") as opened:
        opened.write(text)


def test_nothing_is_there_before_the_first_message(file):
    assert Inbox(file).take("+49151") is None


def test_a_code_is_given_once_and_to_its_number_only(file):
    inbox = Inbox(file)
    append(file, line("+49151", "111111") + line("+1212", "222222"))
    assert [inbox.take(to) for to in ("+49151", "+49151", "+1212")] == ["111111", None, "222222"]


def test_half_a_line_waits_for_its_end(file):
    inbox = Inbox(file)
    whole = line("+49151", "111111")
    append(file, whole[:30])
    assert inbox.take("+49151") is None
    append(file, whole[30:] + line("+49151", "333333"))
    assert inbox.take("+49151") == "333333"


def test_a_replaced_file_is_read_from_its_beginning(file, tmp_path):
    inbox = Inbox(file)
    append(file, line("+49151", "111111") * 3)
    assert inbox.take("+49151") == "111111"
    new = tmp_path / "new"
    append(new, line("+49151", "444444"))
    new.replace(file)
    assert inbox.take("+49151") == "444444"
