from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from trio_rdp.apps.cli.options import ADDRESS, POLICY, SIZE, Address, find_password, is_json, json_option
from trio_rdp.protocol.config import DesktopSize


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pc", Address("pc", 3389)),
        ("pc.example:3390", Address("pc.example", 3390)),
        ("10.0.0.7", Address("10.0.0.7", 3389)),
        ("[::1]", Address("::1", 3389)),
        ("[fe80::1%eth0]:3390", Address("fe80::1%eth0", 3390)),
        ("::1", Address("::1", 3389)),
        ("fe80::1%eth0", Address("fe80::1%eth0", 3389)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert ADDRESS.convert(text, None, None) == address


@pytest.mark.parametrize("text", ["", "pc:", "pc:rdp", "pc:0", "pc:65536", "[::1", "[::1]:", ":3389"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(click.BadParameter):
        ADDRESS.convert(text, None, None)


def test_an_address_is_shown_as_it_is_typed() -> None:
    assert str(Address("pc")) == "pc:3389"
    assert str(Address("::1", 1)) == "[::1]:1"


def test_sizes() -> None:
    assert SIZE.convert("1920x1080", None, None) == DesktopSize(1920, 1080)


@pytest.mark.parametrize("text", ["", "1920", "1920x", "199x500", "8193x500", "-1x5", "1e3x500"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter):
        SIZE.convert(text, None, None)


@pytest.mark.parametrize("text", ["ca", "tofu", "insecure", "pin:" + "0a" * 32])
def test_policies(text: str) -> None:
    assert POLICY.convert(text, None, None) == text


@pytest.mark.parametrize("text", ["", "pin", "pin:1234", "trust"])
def test_what_is_no_policy(text: str) -> None:
    with pytest.raises(click.BadParameter):
        POLICY.convert(text, None, None)


@click.command()
@click.option("-p", "--password")
@click.option("--password-stdin", is_flag=True)
def ask(password: str | None, password_stdin: bool) -> None:
    click.echo(repr(find_password(password, password_stdin, "ada")))


@pytest.mark.parametrize(
    ("arguments", "stdin", "variable", "password"),
    [
        (["-p", "given"], None, "variable", "given"),
        (["--password-stdin"], "first\nsecond\n", "variable", "first"),
        (["--password-stdin"], " spaces stay \r\n", None, " spaces stay "),
        ([], None, "variable", "variable"),
        ([], None, "", ""),
    ],
)
def test_where_the_password_comes_from(
    arguments: list[str], stdin: str | None, variable: str | None, password: str
) -> None:
    result = CliRunner(env={"TRIO_RDP_PASSWORD": variable}).invoke(ask, arguments, input=stdin)
    assert result.output == f"{password!r}\n"


@pytest.mark.parametrize("arguments", [[], ["--password-stdin"], ["-p", "x", "--password-stdin"]])
def test_no_password_is_wrong_usage(arguments: list[str]) -> None:
    assert CliRunner(env={"TRIO_RDP_PASSWORD": None}).invoke(ask, arguments, input="").exit_code == 2


def test_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIO_RDP_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    prompts: list[str] = []

    def prompt(text: str, **options: object) -> str:
        prompts.append(text)
        assert options["hide_input"]
        return "typed"

    monkeypatch.setattr(click, "prompt", prompt)
    assert find_password(None, False, "ada") == "typed"
    assert prompts == ["Password of ada"]


@pytest.mark.parametrize(("arguments", "expected"), [([], False), (["--json"], True)])
def test_json_counts_before_and_behind_the_subcommand(arguments: list[str], expected: bool) -> None:
    @click.group()
    @json_option
    def outer(as_json: bool) -> None:
        pass

    @outer.command()
    @json_option
    def inner(as_json: bool) -> None:
        click.echo(is_json(as_json))

    for line in ([*arguments, "inner"], ["inner", *arguments]):
        assert CliRunner().invoke(outer, line).output == f"{expected}\n"
