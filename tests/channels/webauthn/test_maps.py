from __future__ import annotations

import uuid
from typing import ClassVar

import pytest

from tests.pdu.laws import same
from trio_rdp.channels.webauthn.maps import Key, MapPdu, boolean, guid, guid_bytes, map_of, nested, of_type, unsigned
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import pdu

ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


@pdu
class Inner(MapPdu):
    keys: ClassVar[tuple[Key, ...]] = (Key("yes", "yes", boolean),)

    yes: bool | None = None


@pdu
class Outer(MapPdu):
    keys: ClassVar[tuple[Key, ...]] = (
        Key("number", "number", unsigned(), required=True),
        Key(2, "id", guid, guid_bytes),
        Key("inner", "inner", nested(Inner), map_of),
        Key("text", "text", of_type(str)),
    )

    number: int
    id: uuid.UUID | None = None
    inner: Inner | None = None
    text: str | None = None


def test_fields_and_others() -> None:
    raw = bytes.fromhex(
        "a5"
        "666e756d626572 07"  # "number": 7
        "02 5033221100554477668899aabbccddeeff"  # 2: id
        "65696e6e6572 a163796573f5"  # "inner": {"yes": true}
        "03 f6"  # 3: null
        "6178 00"  # "x": 0
    )
    same(raw, Outer(number=7, id=ID, inner=Inner(yes=True), other={3: None, "x": 0}))
    assert Outer.from_map({"number": 1}).to_map() == {"number": 1}


def test_case_and_null() -> None:
    assert Outer.from_map({"NUMBER": 1, "Text": None}) == Outer(number=1)
    with pytest.raises(InvalidField, match=r"Outer\.number: key 'Number' twice"):
        Outer.from_map({"number": 1, "Number": 2})
    with pytest.raises(EncodeError, match="Outer: a known key among the others"):
        Outer(number=1, other={"TEXT": 1}).encode()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("number", True),
        ("number", -1),
        ("number", "1"),
        (2, b"short"),
        (2, "text"),
        ("inner", []),
        ("inner", {"yes": 1}),
        ("text", b"bytes"),
    ],
)
def test_values_of_the_wrong_kind(key: int | str, value: object) -> None:
    with pytest.raises(InvalidField, match="value"):
        Outer.from_map({"number": 1, key: value})


def test_no_map_and_no_key() -> None:
    with pytest.raises(InvalidField, match=r"Outer: no map, but \[\]"):
        Outer.decode(b"\x80")
    for raw in (b"\xa0", b"\xa1\x66number\xf6"):
        with pytest.raises(InvalidField, match=r"Outer\.number: no key 'number'"):
            Outer.decode(raw)
