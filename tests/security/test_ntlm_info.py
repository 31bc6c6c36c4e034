from __future__ import annotations

import datetime

from tests.security.test_ntlm_messages import CHALLENGE, UNICODE
from trio_rdp.security.ntlm import NtlmServer
from trio_rdp.security.ntlm_info import NtlmChallengeInfo, NtlmForm, TargetNames, negotiate_token
from trio_rdp.security.ntlm_messages import AvId, ChallengeMessage, encode_av_pairs, filetime, message_type


def test_a_form_knows_the_other() -> None:
    assert [form.other for form in NtlmForm] == list(reversed(NtlmForm))


def test_the_token_to_begin_with() -> None:
    assert message_type(negotiate_token()) == 1
    assert len(negotiate_token()) == 40


def test_a_server_goes_by_the_names_it_is_given() -> None:
    names = TargetNames("DESK", "LAB", "desk.lab.example", "lab.example")
    info = NtlmChallengeInfo.from_token(NtlmServer(names).step(negotiate_token()))
    assert info.netbios_computer_name == "DESK"
    assert info.netbios_domain_name == "LAB"
    assert info.dns_computer_name == "desk.lab.example"
    assert info.dns_domain_name == "lab.example"
    assert info.timestamp is not None


def test_what_a_challenge_tells() -> None:
    info = NtlmChallengeInfo.from_token(CHALLENGE)
    assert info.netbios_computer_name == "Server"
    assert info.netbios_domain_name == "Domain"
    assert info.os_version == (6, 0, 6000)
    assert info.timestamp is None
    assert info.dns_computer_name == info.dns_domain_name == info.dns_tree_name == ""


def test_times_are_told() -> None:
    when = datetime.datetime(2026, 11, 21, 1, 2, 3, 456789, tzinfo=datetime.UTC)
    message = ChallengeMessage(negotiate_flags=UNICODE, server_challenge=bytes(8))
    message.target_info = encode_av_pairs([(AvId.TIMESTAMP, filetime(when)), (AvId.DNS_TREE_NAME, b"a\0x")])
    info = NtlmChallengeInfo.from_challenge(message)
    assert info.timestamp == when
    assert info.dns_tree_name == "a"
    assert info.os_version is None
    message.target_info = encode_av_pairs([(AvId.TIMESTAMP, b"\xff" * 8)])
    assert NtlmChallengeInfo.from_challenge(message).timestamp is None
