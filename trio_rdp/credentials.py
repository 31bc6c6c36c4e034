"""`Accounts`: who may log in to a server, replaceable while it runs."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from trio_rdp.protocol.config import Credentials, CredentialsSource
from trio_rdp.security.credssp import Refuse
from trio_rdp.security.ntlm_crypto import ntlm_hash
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["Accounts", "split_user"]


def split_user(user: str, domain: str) -> tuple[str, str]:
    """The (domain, user) of what a client typed: `DOMAIN\\user` in the user's field counts as both."""
    if not domain and "\\" in user:
        domain, _, user = user.partition("\\")
    return domain, user


class Accounts:
    """Looks credentials up in one account, a mapping, or an async function.

    User names and domains are compared without regard to case, as Windows does.  In a mapping a key is `user` or
    `DOMAIN\\user`; an account without a domain matches whatever domain a client names.
    """

    def __init__(self, source: CredentialsSource) -> None:
        self._source: CredentialsSource = source
        self._by_name: dict[str, str] = {}
        self.replace(source)

    def replace(self, source: CredentialsSource) -> None:
        """Let these accounts in from the next login on; sessions that stand are not touched.

        Raises `LocalProtocolError` for what can be no source of accounts.
        """
        if not isinstance(source, Credentials | Mapping) and not callable(source):
            raise LocalProtocolError(f"credentials are Credentials, a mapping or an async function, not {type(source)}")
        if isinstance(source, Mapping) and not all(isinstance(secret, str) for secret in source.values()):
            raise LocalProtocolError("a mapping of credentials has passwords, that is, text")
        self._source = source
        self._by_name = {}
        if isinstance(source, Mapping):
            self._by_name = {name.casefold(): secret for name, secret in source.items()}

    async def lookup(self, domain: str, user: str) -> str | bytes | Refuse | None:
        """The password (or NT hash) of an account; None where there is no such account."""
        domain, user = split_user(user, domain)
        source = self._source
        if isinstance(source, Credentials):
            is_user = source.username.casefold() == user.casefold()
            is_domain = not source.domain or source.domain.casefold() == domain.casefold()
            return source.password if is_user and is_domain else None
        if isinstance(source, Mapping):
            qualified = self._by_name.get(f"{domain}\\{user}".casefold()) if domain else None
            return qualified if qualified is not None else self._by_name.get(user.casefold())
        return await source(domain, user)

    async def is_valid(self, domain: str, user: str, password: str) -> bool:
        """Whether a password, as a client without NLA sends it, is the account's; takes the same time either way."""
        secret = await self.lookup(domain, user)
        given = ntlm_hash(password)
        if isinstance(secret, str):
            secret = ntlm_hash(secret)
        if not isinstance(secret, bytes):
            hmac.compare_digest(given, given)
            return False
        return hmac.compare_digest(secret, given)
