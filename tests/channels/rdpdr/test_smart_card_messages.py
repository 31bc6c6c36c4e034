"""Each control code has its structures, inside their envelope."""

from __future__ import annotations

import pytest

from tests.fuzz.samples import sample
from trio_rdp.channels.rdpdr import smart_card_calls as calls
from trio_rdp.channels.rdpdr.smart_card import SmartCardControlCode
from trio_rdp.channels.rdpdr.smart_card_messages import CALLS, decode_call, decode_return, encode_call, encode_return
from trio_rdp.channels.rdpdr.smart_card_values import Scope
from trio_rdp.wire.errors import DecodeError, InvalidField


def test_all_codes_are_there_but_the_one_that_is_not_used() -> None:
    assert set(SmartCardControlCode) - set(CALLS) == {SmartCardControlCode.RELEASETARTEDEVENT}


def test_an_envelope() -> None:
    raw = encode_call(calls.EstablishContextCall(scope=Scope.SYSTEM))
    assert raw == bytes.fromhex("01100800 cccccccc 08000000 00000000 02000000 00000000")
    assert decode_call(SmartCardControlCode.ESTABLISHCONTEXT, raw) == calls.EstablishContextCall(scope=Scope.SYSTEM)


@pytest.mark.parametrize("code", CALLS, ids=lambda code: code.name)
def test_there_and_back(code: SmartCardControlCode) -> None:
    call, result = CALLS[code]
    if call is None:
        assert encode_call(None) == bytes(4)
        assert decode_call(code, b"\xca\xfe\xba\xbe") is None
    else:
        assert decode_call(code, encode_call(sample(call))) == sample(call)  # type: ignore[arg-type]
    value = result()
    assert decode_return(code, encode_return(value)) == value


def test_what_is_no_call() -> None:
    with pytest.raises(InvalidField, match="0x90999 is no call"):
        decode_call(SmartCardControlCode(0x00090999), b"")
    with pytest.raises(DecodeError):
        decode_call(SmartCardControlCode.CANCEL, b"\1\2\3")
