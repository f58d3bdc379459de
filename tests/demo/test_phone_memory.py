"""The demo phone's file: private, whole at every moment, and right when several workers change it at once."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from idp.demo.passkey import Passkey
from idp.demo.phone_memory import FILE_NAME, PhoneMemory, UnreadablePhone


@pytest.fixture
def memory(tmp_path):
    return PhoneMemory(tmp_path / "var", os.urandom)


def passkey(name: str) -> Passkey:
    return Passkey.new(
        rp_id="localhost",
        user_handle=os.urandom(64),
        user_name=name,
        display_name=name,
        random_bytes=os.urandom,
    )


def test_a_new_phone_is_empty_and_looking_makes_no_file(memory, tmp_path):
    assert memory.look().passkeys == []
    assert not (tmp_path / "var").exists()


def test_what_is_put_on_the_phone_stays(memory):
    with memory.use() as phone:
        phone.add(passkey("hong"))
    assert [p.user_name for p in memory.look().passkeys] == ["hong"]


def test_its_files_are_the_owners_alone(memory, tmp_path):
    with memory.use() as phone:
        phone.add(passkey("hong"))
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "var").iterdir()} == {
        FILE_NAME: 0o600,
        FILE_NAME + ".lock": 0o600,
    }


def test_a_failed_use_changes_nothing(memory):
    with memory.use() as phone:
        phone.add(passkey("hong"))
    with suppress(RuntimeError), memory.use() as phone:
        phone.add(passkey("kim"))
        raise RuntimeError
    assert [p.user_name for p in memory.look().passkeys] == ["hong"]


def test_simultaneous_changes_are_all_kept(memory):
    def add(name: str) -> None:
        with PhoneMemory(memory._path.parent, os.urandom).use() as phone:
            phone.add(passkey(name))

    names = [f"citizen {number}" for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, names))
    assert sorted(p.user_name for p in memory.look().passkeys) == sorted(names)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"passkeys": [{}]}', '{"passkeys": 1}'])
def test_a_file_of_something_else_is_refused_by_name(memory, text):
    memory._path.parent.mkdir()
    memory._path.write_text(text)
    with pytest.raises(UnreadablePhone, match=r"demo-phone\.json does not hold"):
        memory.look()
