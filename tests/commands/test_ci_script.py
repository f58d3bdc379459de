""".ci/run: what it installs before ./test, and that ./test decides the outcome. The tools are played by the test."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def tree(tmp_path):
    """A tree whose ./test says what it was given, on a machine that has only the packages in `installed`."""
    executable(tmp_path / ".ci/run", "")
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    executable(tmp_path / "test", 'echo "tested $* CI=$CI"; echo "== 3 passed in 1s =="; exit ${OUTCOME:-0}')
    executable(tmp_path / "bin/id", "echo ${USER_ID:-0}")
    executable(
        tmp_path / "bin/dpkg-query", 'for last; do :; done; grep -qx "$last" installed && echo install ok installed'
    )
    executable(tmp_path / "bin/apt-get", 'echo "$*" >> apt; case "$*" in *"${LACKS:-nothing}"*) exit 100;; esac')
    for name in ("bash", "sh", "dirname", "readlink", "grep"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    (tmp_path / "installed").touch()
    return tmp_path


def run(tree: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(tree / "bin")} | environ
    return subprocess.run(
        [tree / ".ci/run", *arguments], env=env, cwd=tree, capture_output=True, text=True, check=False
    )


def installs(tree: Path) -> list[str]:
    lines = (tree / "apt").read_text().splitlines()
    return [line.rsplit("--no-install-recommends ", 1)[1] for line in lines if line.startswith("install")]


def test_a_bare_machine_gets_what_the_tests_need(tree):
    done = run(tree)
    assert done.returncode == 0
    assert installs(tree)[0] == "python3 python3-venv chromium fonts-noto-cjk nginx-light openssl systemd"
    assert done.stdout.splitlines()[-2:] == ["tested  CI=true", "== 3 passed in 1s =="]


def test_a_furnished_machine_installs_nothing(tree):
    names = "python3 python3-venv chromium fonts-noto-cjk nginx-light openssl systemd"
    names += " chromium-headless-shell nodejs npm apache2 libapache2-mod-auth-openidc"
    (tree / "installed").write_text(names.replace(" ", "\n") + "\n")
    assert run(tree, "--long").stdout.startswith("tested --long")
    assert not (tree / "apt").exists()


def test_a_package_that_is_only_useful_may_be_missing(tree):
    done = run(tree, LACKS="npm")
    assert done.returncode == 0
    assert "not available here: npm" in done.stdout


def test_a_package_that_is_needed_may_not(tree):
    assert run(tree, LACKS="chromium").returncode != 0


def test_without_root_it_says_what_is_missing_and_lets_test_decide(tree):
    done = run(tree, USER_ID="1000", OUTCOME="1")
    assert done.stdout.startswith("missing and not installed")
    assert "tested" in done.stdout
    assert done.returncode == 1
