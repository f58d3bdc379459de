"""README.md of the room says what the code does."""

import json
import re
from pathlib import Path

from idp.registration import commands, fields, waivers

ROOM = Path(fields.__file__).parent
README = (ROOM / "README.md").read_text("utf-8")


def row(field):
    default = "-" if field.default is None else f"`{json.dumps(field.default)}`"
    return f"| `{field.name}` | {default} | {field.rule} |"


def test_every_field_is_listed_with_its_default_and_rule():
    listed = re.search(r"<!-- fields: .*? -->\n(.*)<!-- end of fields -->", README, re.DOTALL)[1]
    assert listed.splitlines() == [row(field) for field in fields.FIELDS.values()]


def test_every_command_is_listed():
    section = README.partition("## Commands")[2]
    for name in commands.client.commands:
        assert re.search(rf"[`, ]{name}\b", section), name


def test_every_waiver_is_listed():
    section = README.partition("### Waivers")[2].partition("## Commands")[0]
    assert all(f"`{name}`" in section for name in waivers.WAIVERS)


def test_every_file_is_listed():
    listed = set(re.findall(r"`(\w+\.py)`", README.partition("## Fields")[0]))
    files = {path.name for path in ROOM.glob("*.py")} - {"__init__.py"}
    assert listed == files
