"""The floor plan: imports go only where idp/README.md says, and law 13: time and randomness are arguments."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

IDP = Path(__file__).parent.parent.parent / "idp"
PLAN = (IDP / "README.md").read_text("utf-8")
FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "core", "services", "shared", "misc", "lib", "base", "manager"}

FLASK = {"flask", "werkzeug", "jinja2"}
SQL = {"sqlalchemy", "alembic", "psycopg", "sqlite3", "flask_sqlalchemy"}
SOCKETS = {
    "socket",
    "socketserver",
    "ssl",
    "http",
    "urllib3",
    "requests",
    "smtplib",
    "ftplib",
    "asyncio",
    "urllib.request",
}
CLOCKS = {"time", "random", "secrets"}
ROUND = {"application.py", "current_request.py", "plain_answer.py"}
BINDING = {"demo/phone.py", "storage/opening.py", "command.py"}
PLACES = {
    "flask": (
        FLASK,
        {"endpoints", "pages", "__init__.py", "application.py", "current_request.py", "plain_answer.py"} | BINDING,
    ),
    "sql": (SQL, {"storage"}),
    "sockets": (
        SOCKETS,
        {"telephony/gateways", "people/registry", "delivery"}
        | {"registration/outbound.py", "registration/network.py", "registration/timed_socket.py"}
        | {"operations/listener.py", "serving.py"}
        | {"demo/children.py", "demo/place.py"},
    ),
    "clocks": (CLOCKS, {"__init__.py", "demo/up.py"}),
}
DRAWS = {"__init__.py", "keys/commands.py"}
"""Files that may draw random bytes or ask for the date themselves."""


def table(heading: str) -> dict[str, set[str]]:
    """From room (or file) to what it may import, as the plan says under a heading."""
    section = PLAN.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", section, re.MULTILINE)
    assert rows
    return {name: {"*"} if "every room" in may else set(re.findall(r"`(\w+)`", may)) for name, may in rows}


ROOMS, TOP = table("Rooms"), table("At the top")


def files() -> list[Path]:
    return sorted(path for path in IDP.rglob("*.py") if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    """A file, parsed once for all that look into it."""
    return ast.parse(path.read_text("utf-8"))


def short(path: Path) -> str:
    return str(path.relative_to(IDP))


def room_of(path: Path) -> str:
    parts = path.relative_to(IDP).parts
    return parts[0] if len(parts) > 1 else path.stem


def modules(path: Path) -> Iterator[str]:
    """Every module that a file imports, with the imported names of `from idp import name` as modules."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names) if module in {"idp", "urllib"} else [module]


def imports() -> set[tuple[str, str]]:
    """From room or file at the top, to room or file at the top, without a room's imports of itself."""
    known = set(ROOMS) | set(TOP)
    found = set()
    for path in files():
        for module in modules(path):
            if module.split(".")[0] == "idp":
                target = module.split(".")[1] if "." in module else "__init__"
                found.add((room_of(path), target if target in known else "__init__"))
    return {(source, target) for source, target in found if source != target}


def allowed(source: str) -> set[str]:
    may = ROOMS.get(source) or TOP.get(source) or set()
    return (set(ROOMS) | set(TOP)) if "*" in may else may


def test_the_plan_names_every_room_and_every_file_at_the_top_and_no_other():
    rooms = {path.name for path in IDP.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert rooms == set(ROOMS)
    assert {path.stem for path in IDP.glob("*.py")} == set(TOP)


def test_no_import_goes_where_the_plan_does_not_lead():
    wrong = {(source, target) for source, target in imports() if target not in allowed(source)}
    assert wrong == set()


def test_the_plan_allows_nothing_that_nobody_needs():
    there = imports()
    unused = {(s, t) for plan in (ROOMS, TOP) for s, may in plan.items() for t in may - {"*"} if (s, t) not in there}
    assert unused == set()


def test_the_plan_has_no_circle():
    order = list(TopologicalSorter({room: ROOMS[room] & set(ROOMS) for room in ROOMS}).static_order())
    assert order.index("keys") < order.index("protocol") < order.index("grants") < order.index("storage")
    assert order.index("storage") < order.index("pages") < order.index("endpoints")
    assert order[-1] in {"demo", "endpoints"}


def test_no_room_has_a_name_that_says_nothing():
    names = {part.removesuffix(".py") for path in files() for part in path.relative_to(IDP).parts}
    assert not names & FORBIDDEN_NAMES


@pytest.mark.parametrize("what", PLACES)
def test_only_its_own_places_import_a_library(what):
    libraries, places = PLACES[what]
    for path in files():
        touched = {m for m in modules(path) if m in libraries or m.split(".")[0] in libraries}
        mine = any(short(path) == place or short(path).startswith(f"{place}/") for place in places)
        assert mine or not touched, (short(path), touched)


def test_every_file_says_what_it_owns():
    assert [short(path) for path in files() if not ast.get_docstring(tree(path))] == []


OUTSIDE = {
    "os": {"urandom", "getrandom", "times"},
    "uuid": {"uuid1", "uuid4", "uuid6", "uuid7"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "ssl": {"RAND_bytes"},
}
"""Ways to ask the machine for the time or for chance that hide behind modules with other uses."""


def asks(file: ast.AST) -> Iterator[str]:
    """Every way in which a file asks for them."""
    for node in ast.walk(file):
        if isinstance(node, ast.ImportFrom):
            names = OUTSIDE.get((node.module or "").split(".")[-1], set())
            yield from (alias.name for alias in node.names if alias.name in names)
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
            if node.attr in OUTSIDE.get(owner, set()):
                yield f"{owner}.{node.attr}"


def test_law_13_time_and_chance_are_arguments():
    assert {short(path): found for path in files() if (found := list(asks(tree(path))))}.keys() <= DRAWS


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.urandom(1)",
        "from os import urandom",
        "from uuid import uuid4",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "from datetime import date\nx = date.today",
    ],
)
def test_law_13_the_search_finds_what_it_looks_for(text):
    assert list(asks(ast.parse(text)))
