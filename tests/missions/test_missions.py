"""Missions: their file, who issues, the quota under a race, the public page, the commands."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.missions.commands import mission
from idp.missions.mission import InvalidMission, Opening, check_opening, read_places
from idp.settings import ROOT
from idp.storage.missions import take_place
from tests.ground import Ground, visible
from tests.races import race
from tests.staff.colleagues import BERLIN, open_missions


def run(ground: Ground, *arguments: str):
    return CliRunner().invoke(mission, arguments, obj=ground.provider.missions)


def test_the_file_of_missions_is_read_and_every_zone_and_country_is_real():
    places = read_places(ROOT / "config/missions.toml")
    assert {"los-angeles", "berlin"} <= {place.code for place in places}


GOOD = """
[berlin]
name_ko = "주독일대사관"
name_en = "Embassy in Germany"
country = "DE"
zone = "Europe/Berlin"
address = "Berlin"
languages = ["ko"]
"""


@pytest.mark.parametrize(
    "spoilt",
    [
        "[berlin",
        "berlin = 5",
        GOOD.replace("[berlin]", "[Berlin]"),
        GOOD.replace('"DE"', '"Germany"'),
        GOOD.replace("Europe/Berlin", "Europe/Bonn"),
        GOOD.replace("Europe/Berlin", "../etc/passwd"),
        GOOD.replace('["ko"]', '"ko"'),
        GOOD.replace('["ko"]', "[]"),
        GOOD.replace('["ko"]', '["!"]'),
        GOOD.replace('address = "Berlin"', 'address = ""'),
        GOOD.replace('address = "Berlin"', ""),
        GOOD + 'open = "yes"',
        GOOD.replace('address = "Berlin"', "address = 5"),
        GOOD.replace('address = "Berlin"', f"address = {'9' * 5000}"),
        GOOD.replace('address = "Berlin"', f"address = {'[' * 5000}"),
    ],
)
def test_a_mission_that_makes_no_sense_is_one_clear_line(ground, tmp_path: Path, spoilt):
    file = tmp_path / "missions.toml"
    file.write_text(spoilt, "utf-8")
    with pytest.raises(InvalidMission):
        read_places(file)
    done = run(ground, "apply", str(file))
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert ground.rows("missions") == 0


def test_applying_the_file_adds_closed_missions_and_changes_no_opening(ground, tmp_path):
    file = tmp_path / "missions.toml"
    file.write_text(GOOD, "utf-8")
    assert run(ground, "apply", str(file)).stdout == "berlin\n"
    assert run(ground, "apply", str(file)).stdout == "nothing changed\n"
    assert "closed" in run(ground, "list").stdout
    run(ground, "open", "berlin")
    file.write_text(GOOD.replace('"Berlin"', '"Berlin-Tiergarten"'), "utf-8")
    assert run(ground, "apply", str(file)).stdout == "berlin\n"
    found = ground.provider.missions.find("berlin")
    assert (found.opening, found.place.address) == (Opening.OPEN, "Berlin-Tiergarten")


def test_missions_open_one_by_one_or_all_at_once(ground):
    open_missions(ground)
    assert run(ground, "close", "--all").stdout == "closed: berlin, tokyo\n"
    assert run(ground, "pilot", "berlin", "--quota", "5").exit_code == 0
    assert [one.opening.value for one in ground.provider.missions.all()] == ["pilot", "closed"]
    assert run(ground, "open", "--all").exit_code == 0
    assert {one.opening.value for one in ground.provider.missions.all()} == {"open"}
    assert ground.events().count("staff:mission:changed") == 2 + 2 + 1 + 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("open",),
        ("open", "berlin", "--all"),
        ("open", "berlin", "atlantis"),
        ("pilot", "berlin", "--quota", "0"),
        ("pilot", "berlin", "--quota", "1000001"),
    ],
)
def test_what_cannot_be_opened_changes_nothing(ground, arguments):
    open_missions(ground)
    run(ground, "close", "--all")
    done = run(ground, *arguments)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert {one.opening.value for one in ground.provider.missions.all()} == {"closed"}


@pytest.mark.parametrize(("opening", "quota"), [(Opening.PILOT, None), (Opening.OPEN, 5), (Opening.CLOSED, 5)])
def test_only_a_pilot_has_a_quota(opening, quota):
    with pytest.raises(InvalidMission):
        check_opening(opening, quota)


def test_a_quota_is_never_exceeded_however_many_come_at_once(either_ground):
    missions = either_ground.provider.missions
    missions.apply([BERLIN])
    missions.set_opening(["berlin"], Opening.PILOT, 5)

    def take() -> bool:
        with either_ground.provider.database.begin() as step:
            return take_place(step, "berlin")

    taken = [one for _ in range(3) for one in race(take)]
    assert sum(taken) == 5
    assert missions.find("berlin").issued == 5
    assert not missions.find("berlin").issues


def test_the_public_page_says_which_missions_issue(ground):
    browser = ground.browser()
    assert "아직 발급하는 공관이 없습니다" in visible(browser.get("/missions"))
    open_missions(ground)
    ground.provider.missions.set_opening(["tokyo"], Opening.CLOSED, None)
    ko, en = visible(browser.get("/missions")), visible(browser.get("/missions?lang=en"))
    assert ko.index("주독일대사관") < ko.index("준비 중인 공관") < ko.index("주일본대사관")
    assert "Embassy in Germany" in en
    assert "Local time" in en
