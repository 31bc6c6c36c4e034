"""What the system knows of processes and connections: bytes on the wire, memory, and a relay that is slow."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Relay", "bytes_sent", "resident_bytes", "slow_relay"]

_NETLINK_SOCK_DIAG = 4
_BY_FAMILY, _DUMP = 20, 0x301
_ERROR, _DONE = 2, 3
_ESTABLISHED = 1
_INFO = 2  # INET_DIAG_INFO
_BYTES_ACKED = 120  # where it is in struct tcp_info, since Linux 4.1


def bytes_sent(port: int) -> int:
    """How much the server on a port of the loopback has sent on its connections, TLS and all, and was acknowledged."""
    total = 0
    for source, info in _connections():
        if source == port:
            total += struct.unpack_from("=Q", info, _BYTES_ACKED)[0]
    return total


def _connections() -> Iterator[tuple[int, bytes]]:
    """The own port and the `tcp_info` of every established connection of IPv4."""
    family = socket.AF_NETLINK
    with socket.socket(family, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as link:
        request = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 1 << _INFO - 1, 0, 1 << _ESTABLISHED)
        request += bytes(48)
        link.send(struct.pack("=IHHII", 16 + len(request), _BY_FAMILY, _DUMP, 1, 0) + request)
        while True:
            data = link.recv(1 << 18)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind in (_DONE, _ERROR):
                    return
                yield from _connection(data[16:length])
                data = data[length + 3 & ~3 :]


def _connection(message: bytes) -> Iterator[tuple[int, bytes]]:
    (source,) = struct.unpack_from("!H", message, 4)
    attributes = message[72:]
    while len(attributes) >= 4:
        length, kind = struct.unpack_from("=HH", attributes)
        if kind == _INFO:
            yield source, attributes[4:length]
        attributes = attributes[max(length + 3 & ~3, 4) :]


def resident_bytes(pid: int) -> int:
    """The memory that a process holds now, without the files that it has mapped."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


class Relay:
    """Stands between a client and a server; `rate` is how many bytes a second it reads of the server's, once set."""

    def __init__(self, listener: socket.socket, server_port: int) -> None:
        self.port: int = listener.getsockname()[1]
        self.rate: float | None = None
        self.passed = 0
        self._listener = listener
        self._server_port = server_port
        self._sockets: list[socket.socket] = []

    def run(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self._server_port))
            self._sockets += [client, server]
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pass, args=(client, server), daemon=True).start()
            self._pass_slowly(server, client)

    def close(self) -> None:
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _pass_slowly(self, source: socket.socket, target: socket.socket) -> None:
        due = time.monotonic()
        while True:
            rate = self.rate
            # A hundredth of a second's worth at a time.
            data = source.recv(65536 if rate is None else max(int(rate / 100), 1))
            if not data:
                break
            if rate is not None:
                due = max(due, time.monotonic() - 0.01) + len(data) / rate
                time.sleep(max(due - time.monotonic(), 0))
            target.sendall(data)
            self.passed += len(data)


@contextlib.contextmanager
def slow_relay(server_port: int) -> Iterator[Relay]:
    """A relay for one connection, as fast as it can be until its `rate` is set."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Relay(listener, server_port)
        thread = threading.Thread(target=relay.run, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            relay.close()
            thread.join(5)
