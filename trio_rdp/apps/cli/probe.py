"""`trio-rdp probe`: what a server offers and tells, without logging in."""

from __future__ import annotations

import datetime
from functools import partial

import click

from trio_rdp.apps.cli.options import ADDRESS, Address, is_json, json_option, timeout_option
from trio_rdp.apps.cli.running import Output, run, say_json
from trio_rdp.probe import ProbeResult
from trio_rdp.probe import probe as probe_server
from trio_rdp.security.certificate import CertificateInfo
from trio_rdp.security.ntlm_info import NtlmChallengeInfo

__all__ = ["probe"]

_TITLES = {
    "rdp": "no protection (standard RDP security)",
    "tls": "TLS",
    "nla": "NLA (TLS and CredSSP)",
    "nla-ex": "NLA with early user authorization",
}
_NAMES = {
    "NetBIOS computer": "netbios_computer_name",
    "NetBIOS domain": "netbios_domain_name",
    "DNS computer": "dns_computer_name",
    "DNS domain": "dns_domain_name",
    "DNS forest": "dns_tree_name",
}


@click.command()
@click.argument("address", type=ADDRESS, metavar="HOST[:PORT]")
@timeout_option(30)
@json_option
def probe(address: Address, timeout: float, as_json: bool) -> None:
    """Ask a server what it offers, without logging in.

    Shows its security protocols (each asked for on a connection of its own), its certificate, and the names and the
    system's build that its NTLM challenge tells.  No credentials are sent, and the certificate is not checked.

    \b
    Examples:
      trio-rdp probe pc.example
      trio-rdp probe 10.0.0.7:3390 --json
    """
    out = Output(is_json=is_json(as_json))
    with out.status(f"asking {address}"):
        result = run(partial(probe_server, address.host, address.port), out, timeout=timeout)
    if out.is_json:
        say_json(_facts(result))
    else:
        _show(address, result)


def _show(address: Address, result: ProbeResult) -> None:
    click.echo(str(address))
    click.echo("\nsecurity protocols")
    for answer in result.protocols:
        reason = f": {answer.reason}" if answer.reason else ""
        click.echo(f"  {'yes' if answer.is_offered else 'no ':3} {_TITLES[answer.name]}{reason}")
    if (info := result.certificate_info) is not None:
        click.echo(f"\ncertificate (over {result.tls_version})")
        for title, text in _certificate_lines(info):
            click.echo(f"  {title:16} {text}")
    if result.ntlm is not None:
        click.echo("\nNTLM challenge")
        for title, text in _ntlm_lines(result.ntlm):
            click.echo(f"  {title:16} {text}")
    for problem in result.problems:
        click.echo(f"\nnot learnt: {problem}")


def _certificate_lines(info: CertificateInfo) -> list[tuple[str, str]]:
    is_expired = info.is_expired(datetime.datetime.now(datetime.UTC))
    return [
        ("subject", info.subject or "-"),
        ("issuer", "itself" if info.is_self_issued else info.issuer),
        ("names", ", ".join(info.names) or "-"),
        ("valid from", f"{info.not_before:%Y-%m-%d}"),
        ("valid until", f"{info.not_after:%Y-%m-%d}{' (not valid now)' if is_expired else ''}"),
        ("SHA-256", info.fingerprint),
    ]


def _ntlm_lines(info: NtlmChallengeInfo) -> list[tuple[str, str]]:
    lines = [(title, text) for title, name in _NAMES.items() if (text := getattr(info, name))]
    if info.os_version is not None:
        lines.append(("OS version", _version(info.os_version)))
    if info.timestamp is not None:
        lines.append(("clock", f"{info.timestamp:%Y-%m-%d %H:%M:%S} UTC"))
    return lines or [("", "tells nothing")]


def _version(version: tuple[int, int, int]) -> str:
    major, minor, build = version
    return f"{major}.{minor} build {build}"


def _facts(result: ProbeResult) -> dict[str, object]:
    info, ntlm = result.certificate_info, result.ntlm
    return {
        "host": result.host,
        "port": result.port,
        "protocols": {
            answer.name: {"offered": answer.is_offered, "reason": answer.reason} for answer in result.protocols
        },
        "tls_version": result.tls_version,
        "certificate": None
        if info is None
        else {
            "subject": info.subject,
            "issuer": info.issuer,
            "names": list(info.names),
            "not_before": info.not_before.isoformat(),
            "not_after": info.not_after.isoformat(),
            "sha256": info.fingerprint,
        },
        "ntlm": None
        if ntlm is None
        else {
            **{name: getattr(ntlm, name) for name in _NAMES.values()},
            "os_version": None if ntlm.os_version is None else list(ntlm.os_version),
            "timestamp": None if ntlm.timestamp is None else ntlm.timestamp.isoformat(),
        },
        "problems": list(result.problems),
    }
