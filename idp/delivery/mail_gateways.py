"""Who carries letters: an SMTP server (RFC 5321), or a file that the demonstration shows."""

import fcntl
import json
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Final

from idp.delivery.mail import Letter
from idp.delivery.outbox import NotDelivered, Undeliverable
from idp.settings import Settings, SettingsError, read_line

SECONDS: Final = 20.0
KEPT: Final = 200  # letters that a reader of the file sees
PERMANENT: Final = 500  # RFC 5321 §4.2.1


def make_mail_gateway(settings: Settings, clock: Callable[[], int]) -> "SmtpGateway | FileMail | None":
    """The gateway of this installation, or None when it sends no mail. Raises SettingsError."""
    if settings.mail == "none":
        return None
    if settings.mail == "file":
        return FileMail(settings.mails_file, clock)
    if not settings.smtp_host or not settings.mail_sender:
        raise SettingsError("mail = smtp needs smtp_host and mail_sender")
    if "@" not in settings.mail_sender or not settings.mail_sender.isprintable():
        raise SettingsError(f"mail_sender must be an address, not {settings.mail_sender!r}")
    password = "" if settings.smtp_password_file is None else read_line(settings.smtp_password_file, "utf-8")
    return SmtpGateway(settings, password, clock)


class SmtpGateway:
    """One connection a letter: there are few, and a server that went away is then nobody's problem but its own."""

    def __init__(self, settings: Settings, password: str, clock: Callable[[], int]) -> None:
        """Opens nothing yet."""
        self._settings = settings
        self._password = password
        self._clock = clock
        self._trusted = ssl.create_default_context(cafile=settings.trusted_ca)

    def send(self, letter: Letter) -> None:
        """Hand the letter to the server. Raises Undeliverable or NotDelivered, neither of which quotes an address."""
        message = self._message(letter)
        handing_over = False
        try:
            with closing(self._connect()) as server:
                if self._settings.smtp_user:
                    server.login(self._settings.smtp_user, self._password)
                handing_over = True
                server.send_message(message)
                with suppress(OSError, smtplib.SMTPException):  # it has the letter, however it takes its leave
                    server.quit()
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            _fail(min(codes, default=0), "recipient refused")
        except smtplib.SMTPResponseException as error:
            _fail(error.smtp_code, type(error).__name__)
        except (OSError, smtplib.SMTPException) as error:
            raise NotDelivered(f"mail server: {type(error).__name__}", uncertain=handing_over) from None

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        try:
            message["From"], message["To"], message["Subject"] = self._settings.mail_sender, letter.to, letter.subject
        except ValueError:  # a line end in an address
            raise Undeliverable("address cannot stand in a letter") from None
        message["Date"] = formatdate(self._clock())
        message["Message-ID"] = f"<{letter.id}@{self._settings.rp_id}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
        message["Content-Language"] = letter.language
        message.set_content(letter.body)
        return message

    def _connect(self) -> smtplib.SMTP:
        host, port = self._settings.smtp_host, self._settings.smtp_port
        if self._settings.smtp_security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=self._trusted)
        server = smtplib.SMTP(host, port, timeout=SECONDS)
        if self._settings.smtp_security == "starttls":
            server.starttls(context=self._trusted)
        return server


def _fail(code: int, why: str) -> None:
    """A reply that says no, for ever or for now (RFC 5321 §4.2.1)."""
    if code >= PERMANENT:
        raise Undeliverable(f"{why} ({code})")
    raise NotDelivered(f"{why} ({code})")


@dataclass(frozen=True, slots=True)
class SentLetter:
    """One letter as the demonstration shows it."""

    id: str
    to: str
    subject: str
    body: str
    at: int


class FileMail:
    """Appends every letter to `path`, a JSON object a line; the same letter twice is one line."""

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        """The file is made when the first letter comes, for its owner alone."""
        self._path = path
        self._clock = clock

    def send(self, letter: Letter) -> None:
        """Write it down once. Raises NotDelivered when the file cannot be written."""
        sent = SentLetter(str(letter.id), letter.to, letter.subject, letter.body, self._clock())
        try:
            with _locked(self._path):
                if sent.id not in {one.id for one in read_letters(self._path)}:
                    with self._path.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(sent), ensure_ascii=False) + "\n")
        except OSError as error:
            raise NotDelivered(f"mails file: {error.strerror}") from error


def read_letters(path: Path) -> list[SentLetter]:
    """The newest letters, newest first."""
    try:
        lines = path.read_text("utf-8").splitlines()[-KEPT:]
    except FileNotFoundError:
        return []
    return [SentLetter(**json.loads(line)) for line in reversed(lines)]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
