"""`idp audit`: what it prints and how it ends."""

import csv
import json
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from idp.audit.catalogue import AuditRow, Event
from idp.audit.commands import audit
from idp.audit.export import as_csv, as_json_lines, csv_line
from idp.audit.seal import Row
from tests.ground import START, copy_ground

WHO = UUID(int=7)


@pytest.fixture(scope="module")
def house(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("audit"))
    for person, client in ((WHO, "gov24"), (None, "bank"), (WHO, None)):
        with made.provider.database.begin() as step:
            step.record(AuditRow(Event.SESSION_STARTED, made.clock(), person, client, {"acr": "2"}))
        made.clock.now += 3600
    yield made
    made.provider.database.engine.dispose()


def run(ground, *words):
    return CliRunner().invoke(audit, words, obj=ground.provider.ledger)


def lines(ground, *words):
    return [json.loads(line) for line in run(ground, "export", *words).stdout.splitlines()]


def test_what_was_asked_for_is_exported_and_nothing_else(house):
    assert {line["client"] for line in lines(house, "--person", str(WHO))} == {"gov24", None}
    assert [line["person"] for line in lines(house, "--client", "bank")] == [None]
    later = lines(house, "--since", "2027-01-15T09:00:00+00:00")
    assert [line["at"] for line in later] == ["2027-01-15T09:00:00+00:00", "2027-01-15T10:00:00+00:00"]
    early = {line["client"] for line in lines(house, "--until", "2027-01-15T17:30:00+09:00")}
    assert "gov24" in early
    assert "bank" not in early
    assert len(lines(house, "--since", "2027-01-01", "--event", "person:session:")) == 3
    assert lines(house, "--since", "2027-01-01", "--event", "client:") == []
    assert lines(house, "--client", "bank")[0]["detail"] == {"acr": "2"}


def test_a_table_has_a_heading_and_the_same_rows(house):
    table = list(csv.reader(run(house, "export", "--client", "bank", "--format", "csv").stdout.splitlines()))
    assert table[0] == ["id", "at", "event", "person", "client", "detail", "seal"]
    assert [row[4] for row in table[1:]] == ["bank"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "whose rows"),
        (("--event", "person:"), "whose rows"),
        (("--since", "yesterday"), "a date such as"),
        (("--client", "x", "--event", "Person;"), "a tag such as"),
        (("--person", "gildong"), "not a valid UUID"),
    ],
)
def test_what_cannot_be_meant_is_refused(house, words, said):
    answer = run(house, "export", *words)
    assert answer.exit_code == 2
    assert said in answer.output


@pytest.mark.parametrize("cell", ["=cmd()", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n+1"])
def test_V_06_no_cell_is_a_formula(cell):
    assert next(csv.reader([csv_line(["x", cell])]), [])[1].startswith("'")
    table = "".join(as_csv([Row(1, "00", START, "a:b:c", None, cell, None)]))
    assert f",{cell}" not in table.replace("'", "!")


def test_a_row_that_waits_for_its_seal_says_so():
    row = Row(None, "00", START, "a:b:c", None, None, None)
    assert json.loads("".join(as_json_lines([row])))["seal"] is None


def test_V_07_verify_tells_what_it_saw_and_how_it_ended(ground, tmp_path):
    assert run(ground, "seal").output.startswith("seal 1: ")
    assert run(ground, "seal").output == "nothing waits\n"
    good = run(ground, "verify")
    assert good.exit_code == 0
    assert "1 seals" in good.stdout
    assert "head: seal 1 of 2027-01-15T08:00:00+00:00" in good.stdout
    assert "not compared with a second place" in good.stdout
    with ground.provider.database.begin() as step:
        step.run(text("UPDATE audit_events SET event = 'x:y:z'"))
    bad = run(ground, "verify")
    assert bad.exit_code == 1
    assert bad.stderr.startswith("NOT INTACT: seal 1, row 01a3185c")
    (tmp_path / "heads").write_text("what\n")
    assert run(ground, "verify", "--heads", str(tmp_path / "heads")).exit_code == 1
