from __future__ import annotations

import pytest

from trio_rdp.wire import errors


def test_every_name_is_an_rdp_error() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.RdpError)


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (errors.EncodeError, errors.LocalProtocolError),
        (errors.LocalProtocolError, errors.ProtocolError),
        (errors.Truncated, errors.DecodeError),
        (errors.InvalidField, errors.DecodeError),
        (errors.DecodeError, errors.RemoteProtocolError),
        (errors.RemoteProtocolError, errors.ProtocolError),
    ],
)
def test_the_tree(child: type, parent: type) -> None:
    assert issubclass(child, parent)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.DecodeError("no"), "no"),
        (errors.DecodeError("no", pdu="A"), "A: no"),
        (errors.DecodeError("no", field="b", offset=0), "b: no (offset 0)"),
        (errors.DecodeError("no", pdu="A", field="b", offset=7), "A.b: no (offset 7)"),
    ],
)
def test_decode_errors_say_where(error: errors.DecodeError, text: str) -> None:
    assert str(error) == text


def test_what_the_others_carry() -> None:
    connect = errors.ConnectFailed("h:3389", "refused")
    assert (connect.address, connect.reason, str(connect)) == ("h:3389", "refused", "cannot connect to h:3389: refused")
    assert str(errors.DeadlineExceeded("negotiation", 2.5)) == "negotiation: no answer in 2.5 s"
    assert str(errors.DeadlineExceeded("negotiation")) == "negotiation: no answer in time"
    assert errors.DeadlineExceeded("negotiation", 3).seconds == 3
    assert errors.NegotiationFailed("no", 5).code == 5
    rejected = errors.CertificateRejected("expired", "ab12")
    assert str(rejected) == "expired (SHA-256 ab12)"
    assert (rejected.reason, rejected.fingerprint) == ("expired", "ab12")
    assert str(errors.CertificateRejected("expired")) == "expired"
    assert errors.AuthenticationFailed("wrong", 0xC000006D).ntstatus == 0xC000006D
    assert errors.LicensingFailed("none", 3).code == 3
    closed = errors.SessionClosed("logoff", 12)
    assert (closed.reason, closed.code, str(closed)) == ("logoff", 12, "logoff")
