"""Every abuse case of tests/hostile/README.md stands in the name of a test, and the reverse."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS / "hostile/README.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| ([A-Z]{1,2}) \| [^|]+ \| ([A-Z0-9 -]+) \|$", PAGE, re.MULTILINE))
CASES = [case for cases in ROWS.values() for case in cases.split()]
ELSEWHERE = re.findall(r"^\| ([A-Z]{1,2}-\d\d) \| ", PAGE, re.MULTILINE)
NAMED = re.compile(r"(?:^|(?<=[^A-Za-z0-9]))([A-Z]{1,2})[_-](\d\d)(?!\d)")


def names() -> Iterator[str]:
    """The names of all tests, and the ids that rows of their tables are given."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name
            if isinstance(node, ast.keyword) and node.arg == "id" and isinstance(node.value, ast.Constant):
                yield str(node.value.value)


@pytest.fixture(scope="module")
def named() -> set[str]:
    """Every case that a test names: `test_C_01_law_3_…` names C-01."""
    return {f"{letter}-{number}" for name in names() for letter, number in NAMED.findall(name)}


def test_every_case_of_the_page_stands_in_the_name_of_a_test(named):
    assert set(CASES) - named == set(), "no test names these; write one, or say below the table why there is none"


def test_every_case_that_a_test_names_stands_on_the_page(named):
    letters = {case for case in named if case.split("-")[0] in ROWS}
    assert letters - set(CASES) - set(ELSEWHERE) == set(), "put these into tests/hostile/README.md"


def test_the_page_names_each_case_once_and_under_its_letter():
    assert len(CASES) == len(set(CASES)) > 140
    for letter, cases in ROWS.items():
        assert all(case.startswith(f"{letter}-") for case in cases.split()), letter
