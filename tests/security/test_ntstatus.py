from __future__ import annotations

from trio_rdp.security.ntstatus import _WORDS, NtStatus, describe_ntstatus


def test_every_code_has_words() -> None:
    assert set(_WORDS) == set(NtStatus) - {NtStatus.STATUS_SUCCESS}


def test_a_known_code_is_explained() -> None:
    assert describe_ntstatus(0xC0000234) == (
        "the account is locked after too many failed logins (STATUS_ACCOUNT_LOCKED_OUT, 0xc0000234)"
    )


def test_a_signed_code_is_the_same_code() -> None:
    assert describe_ntstatus(0xC000006D - (1 << 32)) == describe_ntstatus(0xC000006D)


def test_an_unknown_code_shows_its_number() -> None:
    assert describe_ntstatus(0xC0001234) == "the server refused the login with code 0xc0001234"
