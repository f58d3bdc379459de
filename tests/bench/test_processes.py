"""The processor time of a tree of processes is found whole: its children, and those that have ended."""

import subprocess
import sys

import pytest

from tests.bench.processes import ProcessTree

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
PARENT = """
import subprocess, sys, threading
subprocess.run([sys.executable, "-c", {buried!r}], check=True)
living = subprocess.Popen([sys.executable, "-c", {living!r}], stdout=subprocess.PIPE)
living.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
living.kill()
"""


@pytest.fixture
def tree():
    code = PARENT.format(
        buried=BURN.format(seconds=0.3),
        living=BURN.format(seconds=0.3) + "print('done', flush=True)\nimport time\ntime.sleep(60)",
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield ProcessTree(process.pid)


def test_living_and_ended_children_are_counted(tree):
    """0.3 s in a child that has ended and 0.3 s in one that lives; starting them costs a little more."""
    assert 0.6 <= tree.cpu_seconds() < 1.2


def test_an_excluded_member_is_not_counted(tree):
    _, child = tree.members()
    assert tree.cpu_seconds() - ProcessTree(tree.root, frozenset({child})).cpu_seconds() >= 0.25


def test_memory_is_that_of_the_biggest_member(tree):
    assert 2_000_000 < tree.greatest_pss() < 60_000_000
