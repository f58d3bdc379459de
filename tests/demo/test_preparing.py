"""Commands that run one after another in one process end as they would each in its own."""

import os
import sys

import pytest

from idp.demo.place import StartError
from idp.demo.preparing import IDP, Preparing


@pytest.fixture(scope="module")
def preparing(tmp_path_factory):
    place = tmp_path_factory.mktemp("preparing")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    settings = {
        "IDP_VAR": str(place),
        "IDP_SECRETS_FILE": str(place / "secrets"),
        "IDP_DATABASE_URL": f"sqlite:///{place}/idp.sqlite3",
    }
    with Preparing(environ | settings) as running:
        yield running


def test_what_a_command_does_is_done_and_each_says_how_it_ended(preparing, tmp_path):
    preparing.execute([*IDP, "secrets", "new", str(tmp_path / "secrets")])
    assert (tmp_path / "secrets").read_text()
    with pytest.raises(StartError, match=r"^idp secrets new failed: .+"):
        preparing.execute([*IDP, "secrets", "new", str(tmp_path / "secrets" / "no directory")])
    with pytest.raises(StartError, match=r"^idp nonsense failed: Error: No such command"):
        preparing.execute([*IDP, "nonsense"])
    preparing.execute([*IDP, "migrate"])  # and goes on after a failure
    preparing.execute([*IDP, "migrate"])


def test_a_refusal_to_start_is_told_in_its_one_line(preparing):
    with pytest.raises(StartError, match=r"^idp check failed: idp: cannot read the secrets file"):
        preparing.execute([*IDP, "check"])


def test_other_programs_run_in_processes_of_their_own(preparing):
    code = "import sys; print('first', file=sys.stderr); print('the disk is full', file=sys.stderr); sys.exit(1)"
    with pytest.raises(StartError, match=r"^-c .*failed: the disk is full$"):
        preparing.execute([sys.executable, "-c", code])
    preparing.execute([sys.executable, "-c", ""])


def test_a_process_that_cannot_begin_says_why():
    with (
        Preparing({"PYTHONHOME": "/nowhere"}) as preparing,
        pytest.raises(StartError, match=r"^idp migrate failed: .+"),
    ):
        preparing.execute([*IDP, "migrate"])


def test_its_end_is_waited_for_and_leaves_nothing_behind():
    with Preparing(os.environ) as preparing:
        with pytest.raises(StartError):
            preparing.execute([*IDP, "nonsense"])
        process = preparing._process
        assert process.poll() is None
    assert process.returncode == 0
