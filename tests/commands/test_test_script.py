"""./test: which steps it runs, and how it says what it could not run. The tools are played by the test."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Writes down what it was asked to do; fails when that contains $FAILS.
TOOL = """#!/bin/sh
echo "$*" >> calls
case "$*" in *"${FAILS:-no such step}"*) exit 1;; esac
"""


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def tree(tmp_path):
    """A tree in which every program is a stub: the environment is there, Chromium and root are not."""
    shutil.copy(ROOT / "test", tmp_path)
    executable(tmp_path / "run", "#!/bin/sh\n")
    executable(tmp_path / ".venv/bin/python", TOOL)
    executable(tmp_path / "bin/id", "#!/bin/sh\necho ${USER_ID:-1000}\n")
    for name in ("bash", "sh", "dirname", "readlink", "mkdir"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    return tmp_path


def run(tree: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (tree / "var").mkdir(exist_ok=True)
    return subprocess.run(
        ["./test", *arguments],
        cwd=tree,
        env={"PATH": str(tree / "bin")} | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(tree: Path) -> list[str]:
    return (tree / "calls").read_text().splitlines()


def with_chromium(tree: Path) -> Path:
    executable(tree / "bin/chromium", "#!/bin/sh\n")
    return tree


def test_every_step_runs_and_pytest_is_last(tree):
    assert run(with_chromium(tree)).returncode == 0
    said = calls(tree)
    assert [*said[:2], *sorted(said[2:4]), *said[4:]] == [  # the reading goes on beside mypy
        "-m ruff check .",
        "-m ruff format --check .",
        *sorted(["-m mypy", "-m pytest --collect-only -qq"]),
        "-m pytest -n 3 --dist loadgroup --no-loadscope-reorder -m not long",
    ]


@pytest.mark.parametrize("step", ["ruff check", "ruff format", "mypy", "pytest"])
def test_a_failing_step_is_named_and_the_others_still_run(tree, step):
    done = run(with_chromium(tree), FAILS=step)
    assert done.returncode == 1
    assert done.stderr.strip() == f"failed: {step}"
    assert len(calls(tree)) == 5


def test_long_runs_what_is_long_too(tree):
    run(with_chromium(tree), "--long")
    assert calls(tree)[-1].endswith("-m long or not long")


def test_arguments_are_for_pytest_which_then_runs_alone(tree):
    run(with_chromium(tree), "tests/demo", "-k", "phone")
    assert calls(tree) == ["-m pytest -n 3 --dist loadgroup --no-loadscope-reorder -m not long tests/demo -k phone"]


def test_without_chromium_it_says_loudly_what_was_not_run(tree):
    done = run(tree)
    assert done.returncode == 0
    assert done.stdout.strip().splitlines()[-1].startswith("!! NOT RUN: the browser tests: Chromium is missing")
    assert calls(tree)[-1].endswith("-m (not long) and not browser")


def test_under_ci_a_part_that_was_not_run_is_a_failure(tree):
    assert run(tree, CI="true").returncode == 1


# apt-get of a distribution that has $HAS: what it installs is there afterwards.
APT = """#!/bin/sh
case "$*" in install*" $HAS "*) cp bin/sh "bin/$HAS";; install*) exit 100;; esac
"""


@pytest.mark.parametrize("there", ["chromium-headless-shell", "chromium"])
def test_root_gets_the_chromium_installed_that_there_is(tree, there):
    executable(tree / "bin/apt-get", APT)
    (tree / "bin/cp").symlink_to(shutil.which("cp"))
    done = run(tree, USER_ID="0", CI="true", HAS=there)
    assert done.returncode == 0, done.stdout
    assert "could not" not in done.stdout
    assert (tree / "bin" / there).exists()
    assert calls(tree)[-1].endswith("-m not long")


def test_a_chromium_that_is_there_will_do_where_the_lighter_one_cannot_be_had(tree):
    executable(tree / "bin/apt-get", "#!/bin/sh\nexit 100\n")
    done = run(with_chromium(tree), USER_ID="0", CI="true")
    assert done.returncode == 0, done.stdout
    assert "could not" not in done.stdout
    assert calls(tree)[-1].endswith("-m not long")


def test_root_is_told_when_chromium_cannot_be_installed(tree):
    executable(tree / "bin/apt-get", "#!/bin/sh\nexit 100\n")
    done = run(tree, USER_ID="0")
    assert "apt-get could not install Chromium" in done.stdout
    assert "!! NOT RUN" in done.stdout
