"""Letters: their words in every language, a real SMTP conversation, and what each reply means for the outbox."""

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_string, policy
from pathlib import Path
from uuid import uuid4

import pytest

from idp.delivery.mail import (
    FOLDER,
    Letter,
    MailKind,
    MailNotice,
    MailWordsError,
    deliver_mail,
    load_mail_words,
    read_payload,
    to_payload,
)
from idp.delivery.mail_gateways import FileMail, SmtpGateway, make_mail_gateway, read_letters
from idp.delivery.outbox import NotDelivered, OutboxItem, Undeliverable
from idp.settings import Settings, SettingsError

NOW = 1_800_000_000
LINK = "https://id.example/lost#" + "A" * 64
NOTICE = MailNotice(MailKind.STOPPED, "gildong@example.org", "ko", NOW, LINK)


@dataclass
class Server:
    """A mail server that answers as it is told to; one thread, one conversation at a time."""

    answers: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    port: int = 0

    def serve(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rw", newline="\r\n", encoding="utf-8") as stream:
                self.converse(stream)

    def converse(self, stream):
        self.say(stream, "220 here")
        for line in stream:
            verb = line.split()[0].upper() if line.strip() else ""
            self.heard.append(line.strip())
            answer = self.answers.get(verb, "221 bye" if verb == "QUIT" else "250 fine")
            if answer == "hang up":
                return
            if verb == "DATA" and answer.startswith("250"):
                self.say(stream, "354 go on")
                body = []
                for part in stream:
                    if part.strip() == ".":
                        break
                    body.append(part)
                self.letters.append("".join(body))
                ended = self.answers.get(".", "250 taken")
                if ended == "hang up":
                    return
                self.say(stream, ended)
            else:
                self.say(stream, answer)
            if verb == "QUIT":
                return

    def say(self, stream, text):
        stream.write(text + "\r\n")
        stream.flush()


@contextmanager
def mail_server(**answers):
    server = Server({verb.replace("end", "."): answer for verb, answer in answers.items()})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]
        threading.Thread(target=server.serve, args=(listening,), daemon=True).start()
        yield server


def gateway(server):
    settings = Settings(
        mail="smtp",
        smtp_host="127.0.0.1",
        smtp_port=server.port,
        smtp_security="none",
        mail_sender="no-reply@id.example",
    )
    return make_mail_gateway(settings, lambda: NOW)


def item():
    return OutboxItem(uuid4(), "mail", b"", 1, NOW, NOW + 60)


def test_a_letter_reaches_a_real_server_in_the_persons_language():
    one = item()
    with mail_server() as server:
        deliver_mail(gateway(server), load_mail_words())(one, to_payload(NOTICE))
    letter = message_from_string(server.letters[0].replace("\r\n", "\n"), policy=policy.default)
    assert letter["To"] == "gildong@example.org"
    assert letter["Subject"] == "모바일 신분증 사용을 멈췄습니다"
    assert LINK in letter.get_content()
    assert "2027-01-15 08:00 UTC" in letter.get_content()
    assert letter["Message-ID"] == f"<{one.id}@localhost>"
    assert letter["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("answers", "outcome", "uncertain"),
    [
        ({"RCPT": "550 no such person"}, Undeliverable, None),
        ({"RCPT": "450 busy"}, NotDelivered, False),
        ({"MAIL": "421 closing"}, NotDelivered, False),
        ({"DATA": "554 no"}, Undeliverable, None),
        ({"end": "451 later"}, NotDelivered, False),
        ({"end": "552 too big"}, Undeliverable, None),
        ({"end": "hang up"}, NotDelivered, True),
        ({"EHLO": "hang up", "HELO": "hang up"}, NotDelivered, None),
    ],
)
def test_each_reply_means_what_it_says(answers, outcome, uncertain):
    with mail_server(**answers) as server, pytest.raises(outcome) as failed:
        gateway(server).send(Letter(uuid4(), "gildong@example.org", "s", "b", "en"))
    assert "gildong" not in str(failed.value)
    if uncertain is not None:
        assert failed.value.uncertain is uncertain


def test_a_server_that_is_not_there_is_tried_again():
    server = Server({})
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # the port is ours, and nobody listens
        server.port = silent.getsockname()[1]
        with pytest.raises(NotDelivered):
            gateway(server).send(Letter(uuid4(), "gildong@example.org", "s", "b", "en"))


def test_a_server_that_takes_leave_badly_has_the_letter_nevertheless():
    with mail_server(QUIT="hang up") as server:
        gateway(server).send(Letter(uuid4(), "gildong@example.org", "s", "b", "en"))
    assert len(server.letters) == 1


@pytest.mark.parametrize("address", ["a@b.example\nBcc: c@d.example", "a@b.example\r\nX: y"])
def test_H_05_an_address_adds_no_header(address):
    with mail_server() as server, pytest.raises(Undeliverable):
        gateway(server).send(Letter(uuid4(), address, "s", "b", "en"))
    assert server.letters == []


def test_the_demonstration_keeps_a_letter_once(tmp_path):
    file = FileMail(tmp_path / "mails.jsonl", lambda: NOW)
    letter = Letter(uuid4(), "gildong@example.org", "s", "b", "en")
    file.send(letter)
    file.send(letter)
    file.send(Letter(uuid4(), "gildong@example.org", "s2", "b", "en"))
    assert [one.subject for one in read_letters(tmp_path / "mails.jsonl")] == ["s2", "s"]
    assert (tmp_path / "mails.jsonl").stat().st_mode & 0o077 == 0
    assert read_letters(tmp_path / "nothing") == []


def test_every_letter_has_its_words_in_every_language():
    words = load_mail_words()
    assert set(words.texts) == {(kind.value, language) for kind in MailKind for language in ("ko", "en")}
    for kind in MailKind:
        for values in ({}, {"place": "Embassy in Japan"}):
            days = {"days": "7"} if kind is MailKind.EXPIRES_SOON else {}
            subject, body, language = words.say(MailNotice(kind, "a@b.example", "vi", NOW, LINK, values | days))
            assert language == "en"
            assert "{" not in subject + body
            assert len(body) > 60


def test_a_line_about_a_place_that_nobody_knows_is_left_out():
    words = load_mail_words()
    told = words.say(MailNotice(MailKind.LIFTED, "a@b.example", "ko", NOW, LINK, {"place": "주일본대사관"}))[1]
    assert "처리한 곳: 주일본대사관" in told
    assert "처리한 곳" not in words.say(MailNotice(MailKind.LIFTED, "a@b.example", "ko", NOW, LINK))[1]


@pytest.mark.parametrize("text", ["subject alone", "\n\nbody {at} {link}", "s\n\nno link {at}", "s\n\nno time {link}"])
def test_unusable_words_stop_the_worker(tmp_path, text):
    for path in FOLDER.glob("*.txt"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (tmp_path / "issued.en.txt").write_text(text, "utf-8")
    with pytest.raises(MailWordsError):
        load_mail_words(tmp_path)


def test_a_missing_letter_stops_the_worker(tmp_path):
    with pytest.raises(MailWordsError, match=r"confirm_address\.en\.txt"):
        load_mail_words(tmp_path)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b'["x",1,2,3,4]', b'["stopped","a","b","c","d"]', b'["stopped","a","b",1,"d",2]', b"\xff"]
)
def test_a_payload_that_is_no_letter_is_given_up(payload):
    with pytest.raises(Undeliverable):
        read_payload(payload)


@pytest.mark.parametrize("values", [{}, {"place": "주일본대사관"}])
def test_a_payload_is_read_as_it_was_written(values):
    notice = replace(NOTICE, values=values)
    assert read_payload(to_payload(notice)) == notice


def test_a_letter_that_waited_while_the_provider_was_updated_is_sent():
    assert read_payload(json.dumps(["stopped", NOTICE.to, "ko", NOW, LINK]).encode()) == NOTICE


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"mail": "post"}, "mail is one of"),
        ({"smtp_security": "ssl3"}, "smtp_security is one of"),
        ({"smtp_port": 0}, "smtp_port"),
    ],
)
def test_settings_that_make_no_sense_stop_the_start(changed, why):
    with pytest.raises(SettingsError, match=why):
        Settings(**changed)


def test_a_gateway_needs_its_settings(tmp_path):
    assert make_mail_gateway(Settings(), lambda: NOW) is None
    with pytest.raises(SettingsError, match="needs smtp_host"):
        make_mail_gateway(Settings(mail="smtp"), lambda: NOW)
    missing = {"smtp_host": "h", "mail_sender": "a@b.example", "smtp_password_file": Path(tmp_path / "none")}
    with pytest.raises(SettingsError, match="cannot read"):
        make_mail_gateway(Settings(mail="smtp", **missing), lambda: NOW)
    (tmp_path / "password").write_text("secret\n")
    given = missing | {"smtp_password_file": tmp_path / "password"}
    assert isinstance(make_mail_gateway(Settings(mail="smtp", **given), lambda: NOW), SmtpGateway)
