"""The NTSTATUS and HRESULT codes ([MS-ERREF] 2.3 and 2.1) with which a server refuses a login, in plain words."""

from __future__ import annotations

from trio_rdp.wire.numbers import OpenEnum

__all__ = ["NtStatus", "describe_ntstatus"]


class NtStatus(OpenEnum):
    """Why a login was refused."""

    STATUS_SUCCESS = 0
    STATUS_ACCESS_DENIED = 0xC0000022
    STATUS_NO_LOGON_SERVERS = 0xC000005E
    STATUS_NO_SUCH_USER = 0xC0000064
    STATUS_WRONG_PASSWORD = 0xC000006A
    STATUS_LOGON_FAILURE = 0xC000006D
    STATUS_ACCOUNT_RESTRICTION = 0xC000006E
    STATUS_INVALID_LOGON_HOURS = 0xC000006F
    STATUS_INVALID_WORKSTATION = 0xC0000070
    STATUS_PASSWORD_EXPIRED = 0xC0000071
    STATUS_ACCOUNT_DISABLED = 0xC0000072
    STATUS_NOT_SUPPORTED = 0xC00000BB
    STATUS_TIME_DIFFERENCE_AT_DC = 0xC0000133
    STATUS_LOGON_TYPE_NOT_GRANTED = 0xC000015B
    STATUS_NO_TRUST_SAM_ACCOUNT = 0xC000018B
    STATUS_TRUSTED_RELATIONSHIP_FAILURE = 0xC000018D
    STATUS_TRUST_FAILURE = 0xC0000190
    STATUS_NETLOGON_NOT_STARTED = 0xC0000192
    STATUS_ACCOUNT_EXPIRED = 0xC0000193
    STATUS_PASSWORD_MUST_CHANGE = 0xC0000224
    STATUS_ACCOUNT_LOCKED_OUT = 0xC0000234
    STATUS_SMARTCARD_WRONG_PIN = 0xC0000380
    STATUS_DOWNGRADE_DETECTED = 0xC0000388
    STATUS_AUTHENTICATION_FIREWALL_FAILED = 0xC0000413
    # Not in [MS-ERREF]: ERROR_MORE_DATA as FreeRDP 2's server sends it, which takes no SPNEGO around NTLM.
    TOKEN_FORM_REFUSED = 0xC00700EA
    SEC_E_UNSUPPORTED_FUNCTION = 0x80090302
    SEC_E_INVALID_TOKEN = 0x80090308
    SEC_E_LOGON_DENIED = 0x8009030C
    SEC_E_NO_CREDENTIALS = 0x8009030E
    SEC_E_NO_AUTHENTICATING_AUTHORITY = 0x80090311
    SEC_E_WRONG_PRINCIPAL = 0x80090322
    SEC_E_BAD_BINDINGS = 0x80090346


_WORDS = {
    NtStatus.STATUS_ACCESS_DENIED: "access denied",
    NtStatus.STATUS_NO_LOGON_SERVERS: "no domain controller can be reached to check the login",
    NtStatus.STATUS_NO_SUCH_USER: "no such user",
    NtStatus.STATUS_WRONG_PASSWORD: "wrong password",
    NtStatus.STATUS_LOGON_FAILURE: "wrong user name or password",
    NtStatus.STATUS_ACCOUNT_RESTRICTION: "the account is restricted (an empty password cannot log in remotely)",
    NtStatus.STATUS_INVALID_LOGON_HOURS: "the account may not log in at this hour",
    NtStatus.STATUS_INVALID_WORKSTATION: "the account may not log in from this computer",
    NtStatus.STATUS_PASSWORD_EXPIRED: "the password has expired",
    NtStatus.STATUS_ACCOUNT_DISABLED: "the account is disabled",
    NtStatus.STATUS_NOT_SUPPORTED: "the server does not support this login (often: its policy forbids NTLM)",
    NtStatus.STATUS_TIME_DIFFERENCE_AT_DC: "the clocks of the computer and its domain controller differ too much",
    NtStatus.STATUS_LOGON_TYPE_NOT_GRANTED: "the account is not allowed to log in remotely",
    NtStatus.STATUS_NO_TRUST_SAM_ACCOUNT: "the server has no account in its domain",
    NtStatus.STATUS_TRUSTED_RELATIONSHIP_FAILURE: "the server and its domain do not trust each other",
    NtStatus.STATUS_TRUST_FAILURE: "the authority that checks the login could not be reached",
    NtStatus.STATUS_NETLOGON_NOT_STARTED: "the service that checks logins is not running on the server",
    NtStatus.STATUS_ACCOUNT_EXPIRED: "the account has expired",
    NtStatus.STATUS_PASSWORD_MUST_CHANGE: "the password must be changed before the first login",
    NtStatus.STATUS_ACCOUNT_LOCKED_OUT: "the account is locked after too many failed logins",
    NtStatus.STATUS_SMARTCARD_WRONG_PIN: "wrong smart card PIN",
    NtStatus.STATUS_DOWNGRADE_DETECTED: "the server suspects a downgrade attack",
    NtStatus.STATUS_AUTHENTICATION_FIREWALL_FAILED: "an authentication firewall refuses the account on this server",
    NtStatus.TOKEN_FORM_REFUSED: "the server does not take login tokens in this form",
    NtStatus.SEC_E_UNSUPPORTED_FUNCTION: "the server does not support this kind of login",
    NtStatus.SEC_E_INVALID_TOKEN: "the server could not read the login token",
    NtStatus.SEC_E_LOGON_DENIED: "the login was denied",
    NtStatus.SEC_E_NO_CREDENTIALS: "the server found no credentials",
    NtStatus.SEC_E_NO_AUTHENTICATING_AUTHORITY: "no authority could be reached to check the login",
    NtStatus.SEC_E_WRONG_PRINCIPAL: "the server does not go by the name that was asked for",
    NtStatus.SEC_E_BAD_BINDINGS: "the login was bound to another TLS connection (is there a proxy in between?)",
}


def describe_ntstatus(code: int) -> str:
    """Say what a code means, with its name and number."""
    status = NtStatus(code & 0xFFFFFFFF)
    if status not in _WORDS:
        return f"the server refused the login with code {status:#010x}"
    return f"{_WORDS[status]} ({status.name}, {status:#010x})"
