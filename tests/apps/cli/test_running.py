from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio

from trio_rdp.apps.cli.running import EXIT_CODES, Output, exit_code, run
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    CertificateRejected,
    ConnectFailed,
    DeadlineExceeded,
    InvalidField,
    LicensingFailed,
    LocalProtocolError,
    NegotiationFailed,
    RdpError,
    SessionClosed,
)

ERRORS = [
    (LocalProtocolError("x"), 2),
    (ConnectFailed("pc:3389", "refused"), 3),
    (NegotiationFailed("x"), 4),
    (CertificateRejected("x"), 4),
    (LicensingFailed("x"), 4),
    (InvalidField("x"), 4),
    (AuthenticationFailed("x"), 5),
    (SessionClosed("x"), 6),
    (DeadlineExceeded("x"), 7),
]


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_every_error_has_its_exit_code(error: RdpError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        raise error

    assert exit_code(error) == code
    assert code in EXIT_CODES
    with pytest.raises(SystemExit) as caught:
        run(work, Output(is_json=False))
    assert caught.value.code == code
    assert capsys.readouterr().err.startswith(f"trio-rdp: {error}\n")


def test_a_deadline_of_a_session_is_a_timeout() -> None:
    error = SessionClosed("the session ended: heartbeat: no answer in 90 s")
    error.__cause__ = DeadlineExceeded("heartbeat", 90)
    assert exit_code(error) == 7


def test_an_interrupt_from_a_nursery_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        async with trio.open_nursery():
            raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        run(work, Output(is_json=False))
    assert caught.value.code == 130
    assert capsys.readouterr().err == ""


def test_a_login_that_is_missing_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        raise NegotiationFailed("the server requires NLA", 5)

    with pytest.raises(SystemExit):
        run(work, Output(is_json=False))
    assert "give a user with -u" in capsys.readouterr().err


def test_a_file_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async def work() -> None:
        async with trio.open_nursery():
            (tmp_path / "no" / "such").write_bytes(b"")

    with pytest.raises(SystemExit) as caught:
        run(work, Output(is_json=False))
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"trio-rdp: {tmp_path / 'no' / 'such'}: No such file or directory\n"


def test_a_result_comes_out() -> None:
    async def work() -> int:
        return 5

    assert run(work, Output(is_json=False), timeout=30) == 5


def test_a_timeout_is_exit_code_7() -> None:
    with pytest.raises(SystemExit) as caught:
        run(trio.sleep_forever, Output(is_json=False), timeout=0.01)
    assert caught.value.code == 7


def test_an_error_from_a_nursery_counts_as_itself() -> None:
    async def work() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)

    async def fail() -> None:
        async with trio.open_nursery():
            raise AuthenticationFailed("no")

    with pytest.raises(SystemExit) as caught:
        run(work, Output(is_json=False))
    assert caught.value.code == 5


def test_a_bug_is_not_hidden() -> None:
    async def work() -> None:
        async with trio.open_nursery():
            raise KeyError("bug")

    with pytest.RaisesGroup(KeyError):
        run(work, Output(is_json=False))


def test_a_refused_certificate_says_how_to_trust_it(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        raise CertificateRejected("self-signed", "ab" * 32)

    with pytest.raises(SystemExit):
        run(work, Output(is_json=False))
    assert f"pin:{'ab' * 32}" in capsys.readouterr().err


def test_errors_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        raise CertificateRejected("self-signed", "ab" * 32)

    with pytest.raises(SystemExit):
        run(work, Output(is_json=True))
    captured = capsys.readouterr()
    assert captured.err == ""
    error = json.loads(captured.out)["error"]
    assert error["type"] == "CertificateRejected"
    assert error["fingerprint"] == "ab" * 32
    assert error["exit_code"] == 4


def test_no_progress_without_a_terminal_or_with_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Output(is_json=False).shows_progress
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert Output(is_json=False).shows_progress
    assert not Output(is_json=True).shows_progress
