"""What is kept on disk between sessions: known hosts, a server's identity, licences, bitmaps.

Every file has mode 0600 and is replaced whole by a rename, so that a reader sees the old or the new one; whoever
changes what is there holds the store's lock, so that many processes may share it.  The methods block for about as long
as a small file takes: on a disk that may be slow, call them through `trio.to_thread`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from trio_rdp.protocol.config import KeptBitmap

__all__ = ["FileGraphicsCache", "FileLicenseCache", "IdentityStore", "KnownHosts"]

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


# [MS-RDPELE] 2.2.2.6.1 counts pbLicenseInfo in 32 bits, but it has to fit the 16-bit length of the preamble.
_LICENSE_LIMIT = 65_535
_BITMAPS = b"trio-rdp bitmaps 1\n"
_BITMAP = struct.Struct("<QHHI")  # key, width, height, and the bytes that it is compressed to
_MOST_BITMAPS = 5461  # "less than 5462": [MS-RDPEGFX] 2.2.2.16
_MOST_PIXELS = 25 << 20  # of one bitmap: all that a cache of 100 MB holds
_KNOWN_HOST = re.compile(r"(\S+) ([0-9a-f]{64})")

_log = logging.getLogger(__name__)


class KnownHosts:
    """The certificate fingerprint that each server showed when it was trusted: `host:port SHA256`, a line each.

    Host names match whatever their case.  A file that is not there is an empty one; one that cannot be read raises
    `OSError`, because a pin that is not looked at protects nobody.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path: Path = _default("known_hosts") if path is None else Path(path)

    def get(self, host: str, port: int) -> str | None:
        """The SHA-256 stored for a server, in lower-case hex."""
        return self._entries().get(_address(host, port))

    def trust_first(self, host: str, port: int, fingerprint: str) -> str:
        """Store the fingerprint unless one is stored, and give the one that is stored then."""
        with _locked(self.path):
            known = self._entries().get(_address(host, port))
            if known is None:
                self._write(_address(host, port), fingerprint)
                known = fingerprint
        return known

    def store(self, host: str, port: int, fingerprint: str) -> None:
        """Store the fingerprint in place of the one that is stored."""
        with _locked(self.path):
            self._write(_address(host, port), fingerprint)

    def forget(self, host: str, port: int) -> bool:
        """Remove a server, and tell whether it was there."""
        address = _address(host, port)
        with _locked(self.path):
            if address not in self._entries():
                return False
            self._write(address, None)
        return True

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _entries(self) -> dict[str, str]:
        return {found[1]: found[2] for line in self._lines() if (found := _KNOWN_HOST.fullmatch(line))}

    def _write(self, address: str, fingerprint: str | None) -> None:
        # Comments, and lines that mean nothing to us, stay.
        lines = [line for line in self._lines() if line.partition(" ")[0] != address]
        if fingerprint is not None:
            line = f"{address} {fingerprint}"
            if not _KNOWN_HOST.fullmatch(line):
                raise ValueError(f"not a SHA-256 in lower-case hex: {fingerprint!r}")
            lines.append(line)
        _replace(self.path, "".join(f"{line}\n" for line in lines).encode())


class IdentityStore:
    """A server's private key and certificate, in one PEM file so that they always belong together."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path: Path = _default("identity.pem") if path is None else Path(path)

    def load(self) -> bytes | None:
        """The PEM that is stored, if any."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    def load_or_make(self, make: Callable[[], bytes], *, accept: Callable[[bytes], bool] = bool) -> bytes:
        """The PEM that is stored and that `accept` takes, else what `make` makes, which is stored then.

        Processes that ask at the same time get the same one.
        """
        with _locked(self.path):
            pem = self.load()
            if pem is None or not accept(pem):
                pem = make()
                _replace(self.path, pem)
        return pem


class FileLicenseCache:
    """The licences that servers issued to this client, a file each; a `LicenseCache`.

    A disk that fails costs a new licence, not the session: it is logged, and counts as nothing stored.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder: Path = _default("licenses") if folder is None else Path(folder)

    def get(self, server_name: str) -> bytes | None:
        """The licence stored for a server, if any."""
        try:
            with self._path(server_name).open("rb") as file:
                license = file.read(_LICENSE_LIMIT + 1)  # noqa: A001
        except FileNotFoundError:
            return None
        except OSError as exc:
            _log.warning("cannot read the stored licence: %s", exc)
            return None
        return license if 0 < len(license) <= _LICENSE_LIMIT else None

    def store(self, server_name: str, license: bytes) -> None:  # noqa: A002
        """Keep a licence in place of the one that is stored."""
        try:
            _replace(self._path(server_name), license)
        except OSError as exc:
            _log.warning("cannot store the licence: %s", exc)

    def _path(self, server_name: str) -> Path:
        # A digest, because a name may hold anything and file systems take little.
        return self.folder / f"{hashlib.sha256(server_name.lower().encode('utf-8', 'surrogatepass')).hexdigest()}.bin"


class FileGraphicsCache:
    """The bitmaps that one server's graphics pipeline used, in one file of at most `max_bytes`; a `GraphicsCache`.

    Give each server a file of its own.  A disk that fails, or a file that is none of ours, costs the bitmaps and not
    the session: it is logged, and counts as nothing kept.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_bytes: int = 32 << 20) -> None:
        self.path: Path = Path(path)
        self.max_bytes: int = max_bytes

    def entries(self) -> Sequence[KeptBitmap]:
        """What is kept, without the pixels, the most useful first."""
        return [bitmap for bitmap, _ in self._read()]

    def load(self, keys: Collection[int]) -> Mapping[int, KeptBitmap]:
        """The bitmaps of these keys that are still kept, by their keys."""
        wanted, found = set(keys), {}
        for bitmap, packed in self._read():
            if bitmap.key in wanted and (data := _unpack(packed, bitmap.width * bitmap.height * 4)) is not None:
                found[bitmap.key] = KeptBitmap(bitmap.key, bitmap.width, bitmap.height, data)
        return found

    def store(self, bitmaps: Sequence[KeptBitmap]) -> None:
        """Keep what a session leaves in its cache, the most useful first, before what was kept already."""
        records = {one.key: (one, zlib.compress(one.data, 1)) for one in bitmaps[:_MOST_BITMAPS]}
        try:
            with _locked(self.path):
                for bitmap, packed in self._read():
                    records.setdefault(bitmap.key, (bitmap, packed))
                _replace(self.path, self._file(records.values()))
        except OSError as exc:
            _log.warning("cannot keep bitmaps: %s", exc)

    def _file(self, records: Collection[tuple[KeptBitmap, bytes]]) -> bytes:
        file, count = bytearray(_BITMAPS), 0
        for bitmap, packed in records:
            if count < _MOST_BITMAPS and len(file) + _BITMAP.size + len(packed) <= self.max_bytes:
                file += _BITMAP.pack(bitmap.key, bitmap.width, bitmap.height, len(packed)) + packed
                count += 1
        return bytes(file)

    def _read(self) -> list[tuple[KeptBitmap, bytes]]:
        try:
            with self.path.open("rb") as file:
                data = file.read(self.max_bytes + 1)
        except FileNotFoundError:
            return []
        except OSError as exc:
            _log.warning("cannot read the bitmaps that were kept: %s", exc)
            return []
        if len(data) > self.max_bytes or not data.startswith(_BITMAPS):
            _log.warning("%s holds no bitmaps, or too many", self.path)
            return []
        found = []
        at = len(_BITMAPS)
        while at + _BITMAP.size <= len(data):
            key, width, height, size = _BITMAP.unpack_from(data, at)
            at += _BITMAP.size + size
            if at <= len(data) and 0 < width * height <= _MOST_PIXELS:
                found.append((KeptBitmap(key, width, height), data[at - size : at]))
        return found[:_MOST_BITMAPS]


def _unpack(packed: bytes, size: int) -> bytes | None:
    """The data that was packed, if it has that size."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, size)
    except zlib.error:
        return None
    return data if len(data) == size else None


def _default(name: str) -> Path:
    import platformdirs

    return platformdirs.user_data_path("trio_rdp", appauthor=False) / name


def _address(host: str, port: int) -> str:
    host = host.lower().rstrip(".")
    if not host or not host.isprintable() or any(character.isspace() for character in host):
        raise ValueError(f"not a host name: {host!r}")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The lock is a file of its own, because the file itself is replaced.  It stays, since whoever removed it could take
    # it away from under somebody who waits for it.
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
