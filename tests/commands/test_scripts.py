"""./run, ./test and .ci/run: what they refuse, each in one clear line, and what they leave alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ["run", "test", ".ci/run"]


@pytest.fixture
def tree(tmp_path):
    """A copy of the scripts with a lock that needs nothing, so that no network is touched."""
    shutil.copy(ROOT / "run", tmp_path)
    (tmp_path / "requirements.lock").write_text("# nothing\n")
    return tmp_path


def python_that(tree: Path, script: str) -> str:
    path = tree / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def prepare(tree: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHON": sys.executable, "PIP_NO_INDEX": "1"}
    return subprocess.run(
        ["./run", "--prepare"], cwd=tree, env=base | environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_executable_and_parses(script):
    assert (ROOT / script).stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ROOT / script], check=True)


@pytest.mark.parametrize("script", ["run", "test"])
def test_a_script_explains_itself_without_making_anything(tmp_path, script):
    shutil.copy(ROOT / script, tmp_path)
    done = subprocess.run([tmp_path / script, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Usage: ./{script}")
    assert [entry.name for entry in tmp_path.iterdir()] == [script]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A tree whose environment is made; making one takes seconds, so these tests share it."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "run", tree)
    (tree / "requirements.lock").write_text("# nothing\n")
    done = prepare(tree)
    assert done.returncode == 0, done.stderr
    assert "Preparing .venv" in done.stderr
    return tree


def test_the_environment_is_made_once_and_again_when_the_lock_changed(prepared):
    again = prepare(prepared)
    assert (again.returncode, again.stderr) == (0, "")
    (prepared / "requirements.lock").write_text("# still nothing\n")
    assert "Preparing .venv" in prepare(prepared).stderr


def test_the_tree_is_on_the_path(prepared):
    (prepared / "somewhere.py").write_text("print('from the tree')\n")
    done = subprocess.run(
        [prepared / ".venv/bin/python", "-m", "somewhere"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "from the tree\n"


def test_the_idp_command_works_from_anywhere(prepared):
    (prepared / "idp").mkdir()
    (prepared / "idp" / "command.py").write_text("import sys\ndef main(prog_name): print(prog_name, *sys.argv[1:])\n")
    done = subprocess.run(
        [prepared / ".venv/bin/idp", "serve", "a b"], cwd="/", capture_output=True, text=True, check=True
    )
    assert done.stdout == "idp serve a b\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            'case "$*" in *ensurepip*) exit 1;; esac',
            "python3-venv is missing: apt-get install python3-venv",
        ),
        ('case "$*" in *version_info*) exit 1;; -V) echo Python 3.9.2;; esac', "is Python 3.9.2."),
    ],
)
def test_a_python_that_will_not_do_gets_one_line(tree, script, said):
    done = prepare(tree, PYTHON=python_that(tree, script))
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tree / ".venv").exists()


def test_no_python_gets_one_line(tree):
    done = prepare(tree, PYTHON="no-such-python")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "apt-get install python3 python3-venv" in done.stderr


@pytest.mark.parametrize("lock", ["flask==3.1.3\n", "not a lock !!\n"])
def test_a_broken_lock_gets_one_line_and_is_not_taken_for_done(prepared, tree, lock):
    shutil.copytree(prepared / ".venv", tree / ".venv", symlinks=True)  # the installing fails, not the making
    (tree / "requirements.lock").write_text(lock)
    for _ in range(2):
        done = prepare(tree)
        assert done.returncode == 1
        last = done.stderr.splitlines()[-1]
        assert last.startswith("requirements.lock could not be installed: ")
        assert done.stderr.count("\n") == 2  # "Preparing ..." and the reason
