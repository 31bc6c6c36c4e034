from __future__ import annotations

import pytest

from trio_rdp.credentials import Accounts, split_user
from trio_rdp.protocol.config import Credentials
from trio_rdp.security.credssp import Refuse
from trio_rdp.security.ntlm_crypto import ntlm_hash


@pytest.mark.parametrize(
    ("user", "domain", "expected"),
    [
        ("ada", "", ("", "ada")),
        ("ada", "LAB", ("LAB", "ada")),
        ("LAB\\ada", "", ("LAB", "ada")),
        ("LAB\\ada\\x", "", ("LAB", "ada\\x")),
        ("OTHER\\ada", "LAB", ("LAB", "OTHER\\ada")),
        ("ada@lab.example", "", ("", "ada@lab.example")),
    ],
)
def test_a_user_may_name_the_domain(user: str, domain: str, expected: tuple[str, str]) -> None:
    assert split_user(user, domain) == expected


class TestOneAccount:
    async def test_without_a_domain_it_matches_any(self) -> None:
        accounts = Accounts(Credentials("Ada", "secret"))
        for domain, user in (("", "ada"), ("LAB", "ADA"), ("lab", "Ada")):
            assert await accounts.lookup(domain, user) == "secret"
        assert await accounts.lookup("", "LAB\\ada") == "secret"
        assert await accounts.lookup("", "bob") is None

    async def test_with_a_domain_only_that_one(self) -> None:
        accounts = Accounts(Credentials("ada", "secret", "LAB"))
        assert await accounts.lookup("lab", "Ada") == "secret"
        assert await accounts.lookup("", "ada") is None
        assert await accounts.lookup("OTHER", "ada") is None


class TestMapping:
    async def test_names_are_compared_without_case(self) -> None:
        accounts = Accounts({"Ada": "1", "LAB\\Bob": "2", "bob": "3", "STRASSE": "4"})
        assert await accounts.lookup("", "ADA") == "1"
        assert await accounts.lookup("anywhere", "ada") == "1"
        assert await accounts.lookup("lab", "BOB") == "2"
        assert await accounts.lookup("OTHER", "bob") == "3"
        assert await accounts.lookup("", "bob") == "3"
        assert await accounts.lookup("", "straße") == "4"
        assert await accounts.lookup("", "eve") is None

    async def test_it_is_copied(self) -> None:
        passwords = {"ada": "1"}
        accounts = Accounts(passwords)
        passwords["eve"] = "2"
        assert await accounts.lookup("", "eve") is None


class TestFunction:
    async def test_it_is_asked_with_domain_and_user(self) -> None:
        asked: list[tuple[str, str]] = []

        async def find(domain: str, user: str) -> str | bytes | None:
            asked.append((domain, user))
            return ntlm_hash("secret") if user == "ada" else None

        accounts = Accounts(find)
        assert await accounts.lookup("LAB", "ada") == ntlm_hash("secret")
        assert await accounts.is_valid("LAB", "ada", "secret")
        assert not await accounts.is_valid("LAB", "ada", "Secret")
        assert not await accounts.is_valid("LAB", "bob", "secret")
        assert asked == [("LAB", "ada")] * 3 + [("LAB", "bob")]


class TestPasswords:
    @pytest.mark.parametrize("password", ["secret", "", "pässwörd 🎉", "x" * 500])
    async def test_the_right_one_is_valid(self, password: str) -> None:
        accounts = Accounts({"ada": password})
        assert await accounts.is_valid("", "ada", password)
        assert await accounts.is_valid("", "LAB\\ada", password)
        assert not await accounts.is_valid("", "ada", password + "!")
        assert not await accounts.is_valid("", "eve", password)

    async def test_an_account_that_is_refused_is_not_valid(self) -> None:
        async def find(domain: str, user: str) -> Refuse:
            return Refuse(0xC0000072)

        accounts = Accounts(find)  # type: ignore[arg-type]
        assert not await accounts.is_valid("", "ada", "secret")


async def test_they_can_be_replaced() -> None:
    accounts = Accounts({"ada": "old"})
    accounts.replace({"ada": "new", "bob": "x"})
    assert await accounts.is_valid("", "ada", "new")
    assert not await accounts.is_valid("", "ada", "old")
    accounts.replace(Credentials("eve", "pw"))
    assert await accounts.lookup("", "ada") is None
    assert await accounts.lookup("", "eve") == "pw"
