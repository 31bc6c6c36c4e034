"""xrdp (0.9.21 in Debian 12, 0.10.1 in Debian 13): shows a VNC server's desktop, xorgxrdp's, or its login window."""

from __future__ import annotations

import contextlib
import functools
import grp
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest

from tests.interop.display import Display
from tests.interop.processes import Process, free_port, launch, need, wait_for_sync
from tests.interop.server import Server, certificate, ready

__all__ = ["LOGIN_BACKGROUND", "FastPath", "XrdpSecurity", "chansrv", "sockets", "version", "xrdp"]

XrdpSecurity = Literal["negotiate", "tls", "rdp"]
FastPath = Literal["both", "input", "output", "none"]

LOGIN_BACKGROUND = "336699"  # the login window's surroundings

RUN_FOLDER = Path("/run/xrdp")  # compiled in


@functools.cache
def version() -> tuple[int, ...]:
    """What it says of itself, for example (0, 9, 21)."""
    need("xrdp")
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin"
    said = subprocess.run(["xrdp", "--version"], capture_output=True, text=True, env={"PATH": path}, check=False).stdout
    found = re.search(r"xrdp (\d+)\.(\d+)\.(\d+)", said)
    assert found is not None, said
    return tuple(map(int, found.groups()))


def sockets() -> Path:
    """Where the sockets of a session's channels are: since 0.10 each user has a folder."""
    folder = RUN_FOLDER / "sockdir"
    return folder / str(os.getuid()) if version() >= (0, 10) else folder


@contextlib.contextmanager
def xrdp(
    folder: Path,
    desktop: Display | None,
    *,
    security: XrdpSecurity = "negotiate",
    encryption: Literal["none", "low", "medium", "high", "fips"] = "high",
    max_bpp: int = 32,
    bitmap_compression: bool = True,
    bulk_compression: bool = True,
    bitmap_cache: bool = True,
    fast_path: FastPath = "both",
    channels: bool = True,
    chansrv: bool = False,
    log_level: str = "INFO",
) -> Iterator[Server]:
    """Show a desktop (one made by `xvnc` or by `xorg`), or the login window when there is none.

    The desktop asks for no password: any user logs in.  `security` "rdp" with `encryption` "none" is standard RDP
    security without encryption; the colour depth is the client's, up to `max_bpp`.  With `chansrv` the channels are
    those of the desktop's `chansrv`, which is to be running.
    """
    need("xrdp")
    if os.geteuid() != 0:
        pytest.skip("xrdp needs root for its run-time folder")
    _make_run_folder()
    cert, key = certificate(folder)
    port = free_port()
    settings = {
        "ini_version": 1,
        "fork": True,
        "port": f"tcp://127.0.0.1:{port}",
        "tcp_nodelay": True,
        "security_layer": security,
        "crypt_level": encryption,
        "certificate": cert,
        "key_file": key,
        "ssl_protocols": "TLSv1.2, TLSv1.3",
        "autorun": "desktop" if desktop else "",
        "allow_channels": channels,
        "allow_multimon": True,
        "bitmap_cache": bitmap_cache,
        "bitmap_compression": bitmap_compression,
        "bulk_compression": bulk_compression,
        "max_bpp": max_bpp,
        "new_cursors": True,
        "use_fastpath": fast_path,
        "hidelogwindow": True,
        "blue": "009cb5",
        "grey": "dedede",
        "ls_top_window_bg_color": LOGIN_BACKGROUND,
        "ls_width": 350,
        "ls_height": 430,
        "ls_bg_color": "dedede",
        "ls_logo_transform": "scale",  # xrdp 0.10 doubles what has no size
        "ls_logo_width": 240,
        "ls_logo_height": 140,
        "ls_logo_x_pos": 55,
        "ls_logo_y_pos": 50,
        "ls_label_x_pos": 30,
        "ls_label_width": 65,
        "ls_input_x_pos": 110,
        "ls_input_width": 210,
        "ls_input_y_pos": 220,
        "ls_btn_ok_x_pos": 142,
        "ls_btn_ok_y_pos": 370,
        "ls_btn_ok_width": 85,
        "ls_btn_ok_height": 30,
        "ls_btn_cancel_x_pos": 237,
        "ls_btn_cancel_y_pos": 370,
        "ls_btn_cancel_width": 85,
        "ls_btn_cancel_height": 30,
    }
    logging = {"LogFile": folder / f"xrdp-{port}.log", "LogLevel": log_level, "EnableSyslog": False}
    # xrdp 0.10.1 takes 127.0.0.1 for ::1, where Xvnc is not.
    backend = {"name": "desktop", "lib": "libvnc.so", "ip": "::ffff:127.0.0.1", "username": "na", "password": "na"}
    backend["port"] = str(desktop.vnc_port if desktop else 1)
    if desktop is not None and desktop.xrdp_socket is not None:
        backend.update(lib="libxup.so", port=str(desktop.xrdp_socket), code="20")
    if desktop is not None and chansrv:
        backend["chansrvport"] = str(_chansrv_socket(desktop))
    if desktop is None:
        backend.update(username="ask", password="ask")
    every_channel = dict.fromkeys(("rdpdr", "rdpsnd", "drdynvc", "cliprdr", "rail", "xrdpvr"), True)
    sections: dict[str, Mapping[str, object]] = {
        "Globals": settings,
        "Logging": logging,
        "Channels": every_channel,
        "desktop": backend,
    }
    ini = folder / f"xrdp-{port}.ini"
    ini.write_text("\n".join(_section(name, values) for name, values in sections.items()))
    (RUN_FOLDER / "xrdp.pid").unlink(
        missing_ok=True
    )  # one file for all instances; an old one keeps a new one from starting
    with launch("xrdp", ["xrdp", "-n", "-c", ini], folder) as process:
        size = (desktop.width, desktop.height) if desktop else (1024, 768)
        yield ready(port, process, *size)


@contextlib.contextmanager
def chansrv(desktop: Display, folder: Path) -> Iterator[Process]:
    """The program of a desktop's channels: clipboard, sound, drives; files that it offers are below `folder`.

    Its log, and the mount of its drives, `thinclient_drives`, are there too.
    """
    need("xrdp-chansrv")
    _make_run_folder()
    socket = _chansrv_socket(desktop)
    socket.unlink(missing_ok=True)
    with launch("chansrv", ["xrdp-chansrv"], folder, env=desktop.env) as process:
        wait_for_sync(socket.exists, "chansrv listens", process)
        try:
            yield process
        finally:
            mount = folder / "thinclient_drives"
            if mount.is_mount():
                subprocess.run(["fusermount3", "-u", "-z", mount], check=False)


def _chansrv_socket(desktop: Display) -> Path:
    return sockets() / f"xrdp_chansrv_socket_{desktop.name.lstrip(':')}"


def _section(name: str, values: Mapping[str, object]) -> str:
    words = {True: "true", False: "false"}
    lines = [f"{key}={words[value] if isinstance(value, bool) else value}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _make_run_folder() -> None:
    """What the service's unit file would do."""
    group = grp.getgrnam("xrdp").gr_gid
    for folder, mode in ((RUN_FOLDER, 0o2775), (RUN_FOLDER / "sockdir", 0o3777)):
        folder.mkdir(exist_ok=True)
        os.chown(folder, 0, group)
        folder.chmod(mode)
    sockets().mkdir(exist_ok=True)
