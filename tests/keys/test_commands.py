"""`idp secrets` and `idp keys`."""

import resource
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from random import Random

import pytest
from click.testing import CliRunner

from idp.keys.commands import keys, secrets
from idp.keys.secrets import SecretsError, read_secrets
from idp.keys.signing import PUBLISH_AHEAD_SECONDS, KeyPeriod
from tests.protocol.examples import NOW


def test_a_new_file_has_version_1_and_is_nobody_elses(tmp_path):
    file = tmp_path / "new" / "secrets"
    result = CliRunner().invoke(secrets, ["new", str(file)])
    assert (result.exit_code, result.output) == (0, f"{file}: version 1\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_secrets(file, strict=True).newest == 1


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_further_secret_is_added_below(tmp_path, end):
    file = tmp_path / "secrets"
    CliRunner().invoke(secrets, ["new", str(file)])
    first = file.read_text("ascii")
    file.write_text(first.rstrip("\n") + end, "ascii")
    assert CliRunner().invoke(secrets, ["new", str(file)]).output == f"{file}: version 2\n"
    assert file.read_text("ascii").startswith(first)
    read = read_secrets(file, strict=True)
    assert (read.oldest, read.newest) == (1, 2)


def test_no_secret_is_printed(tmp_path):
    file = tmp_path / "secrets"
    output = CliRunner().invoke(secrets, ["new", str(file)]).output
    assert file.read_text("ascii").split(":")[1].strip() not in output


@pytest.fixture
def little_room():
    """A disk on which no file of this process can grow past 60 bytes."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60, usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)


@pytest.mark.usefixtures("little_room")
def test_on_a_full_disk_the_file_stays_as_it_was(tmp_path):
    file = tmp_path / "secrets"
    assert CliRunner().invoke(secrets, ["new", str(file)]).exit_code == 0
    first = file.read_bytes()
    assert len(first) < 60
    refusal = CliRunner().invoke(secrets, ["new", str(file)]).exception
    assert isinstance(refusal, OSError)
    assert (refusal.filename, refusal.strerror) == (str(file), "No space left on device")
    assert file.read_bytes() == first


@pytest.mark.parametrize("damaged", [b"\xff\xfe", b"1:x\n", b"255:"])
def test_nothing_is_added_to_what_could_not_be_read_afterwards(tmp_path, damaged):
    file = tmp_path / "secrets"
    if damaged == b"255:":
        damaged += urlsafe_b64encode(Random(1).randbytes(32))
    file.write_bytes(damaged)
    assert isinstance(CliRunner().invoke(secrets, ["new", str(file)]).exception, SecretsError)
    assert file.read_bytes() == damaged


@dataclass
class FakeDesk:
    rotations: list[int] = field(default_factory=list)

    def key_periods(self):
        return [
            KeyPeriod("a", "ES256", NOW, NOW, None, None),
            KeyPeriod("b", "RS256", NOW, NOW + 60, None, None),
            KeyPeriod("c", "ES256", 0, 0, 60, 120),
        ]

    def rotate(self, ahead):
        self.rotations.append(ahead)
        return ["new-1", "new-2"]

    def clock(self):
        return NOW


def test_the_list_says_what_each_key_is_doing():
    lines = CliRunner().invoke(keys, ["list"], obj=FakeDesk()).output.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["a", "ES256", "signs"],
        ["b", "RS256", "published"],
        ["c", "ES256", "gone"],
    ]
    assert lines[2].endswith("gone 1970-01-01T00:02:00+00:00")


@pytest.mark.parametrize(
    ("arguments", "ahead"), [([], PUBLISH_AHEAD_SECONDS), (["--after", "0"], 0), (["--after", "2592000"], 2_592_000)]
)
def test_a_rotation_prints_the_new_kids(arguments, ahead):
    desk = FakeDesk()
    result = CliRunner().invoke(keys, ["rotate", *arguments], obj=desk)
    assert (result.exit_code, result.output, desk.rotations) == (0, "new-1\nnew-2\n", [ahead])


@pytest.mark.parametrize("after", ["-1", "2592001", "x"])
def test_a_rotation_further_off_than_a_month_is_refused(after):
    desk = FakeDesk()
    assert CliRunner().invoke(keys, ["rotate", "--after", after], obj=desk).exit_code == 2
    assert desk.rotations == []
