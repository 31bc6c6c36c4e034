"""The connection by hand, over a plain blocking socket: no Trio, every state in sight, and a picture at the end.

`ClientConnector` says what it needs, this program does the I/O: it reads, writes, starts TLS, and runs CredSSP.  It
prints the server's certificate's fingerprint, and goes on only with the one in TRIO_RDP_FINGERPRINT.

    python manual_steps.py HOST[:PORT] USER [PICTURE]      (the password comes from TRIO_RDP_PASSWORD)
"""

from __future__ import annotations

import os
import secrets
import socket
import ssl
import sys
import time

from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import ClientConfig
from trio_rdp.protocol.framing import TS_REQUEST_HINT, FixedSizeHint, FrameBuffer, PduHint
from trio_rdp.protocol.session_events import Activated, GraphicsUpdate, ResponseFrame, Terminate
from trio_rdp.security.certificate import fingerprint, subject_public_key
from trio_rdp.security.credssp import NONCE_SIZE, Hint, Receive, Send, credssp_client

QUIET_SECONDS, LONGEST_SECONDS = 1.0, 10.0


class Connection:
    """A blocking socket, and the bytes that were read from it and not used yet."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = FrameBuffer()

    def read(self, hint: PduHint) -> bytes:
        while (message := self.buffer.next_by_hint(hint)) is None:
            data = self.sock.recv(65_536)
            if not data:
                raise EOFError("the server closed the connection")
            self.buffer.receive_data(data)
        return message

    def start_tls(self) -> bytes:
        """Upgrade to TLS; returns the server's certificate (DER), which OpenSSL is told not to judge."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        tls = context.wrap_socket(self.sock)
        self.sock = tls
        certificate = tls.getpeercert(binary_form=True)
        assert certificate is not None
        return certificate


def run_credssp(connection: Connection, connector: ClientConnector, public_key: bytes) -> None:
    config = connector.config
    exchange = credssp_client(
        config.username,
        config.password,
        config.domain,
        public_key=public_key,
        nonce=secrets.token_bytes(NONCE_SIZE),
        hybrid_ex=SecurityProtocol.HYBRID_EX in connector.selected_protocol,
    )
    answer: bytes | None = None
    while True:
        try:
            turn = exchange.send(answer)
        except StopIteration:
            return
        answer = None
        match turn:
            case Send(data=data):
                connection.sock.sendall(data)
            case Receive(hint=Hint.AUTHORIZATION_RESULT):
                answer = connection.read(FixedSizeHint(4))
            case Receive():
                answer = connection.read(TS_REQUEST_HINT)


def connect(connection: Connection, connector: ClientConnector, trusted: str) -> None:
    """The connection loop: one step at a time, until the state is terminal."""
    public_key = b""
    while not connector.state.is_terminal:
        print(connector.state.name)
        if connector.should_perform_security_upgrade:
            certificate = connection.start_tls()
            print("  certificate SHA-256", fingerprint(certificate))
            if fingerprint(certificate) != trusted:
                raise SystemExit("this is not the certificate in TRIO_RDP_FINGERPRINT")
            public_key = subject_public_key(certificate)
            connector.mark_security_upgrade_as_done()
        elif connector.should_perform_credssp:
            run_credssp(connection, connector, public_key)
            connector.mark_credssp_as_done()
        elif (hint := connector.next_pdu_hint) is None:
            connection.sock.sendall(connector.step(now=time.monotonic()))
        else:
            connection.sock.sendall(connector.step(connection.read(hint), now=time.monotonic()))


def watch(connection: Connection, stage: ActiveStage, image: DecodedImage) -> None:
    """The active session: draw until nothing has come for a while, or long enough."""
    connection.sock.settimeout(QUIET_SECONDS)
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        while (pdu := connection.buffer.next_pdu()) is not None:
            for output in stage.process(*pdu, now=time.monotonic()):
                match output:
                    case GraphicsUpdate(job=job):
                        image.apply(job)
                    case ResponseFrame(data=data):
                        connection.sock.sendall(data)
                    case Activated(activation=activation):
                        image.resize(activation.desktop_size.width, activation.desktop_size.height)
                    case Terminate(reason=reason):
                        print("the server says:", reason)
                        return
        try:
            data = connection.sock.recv(65_536)
        except TimeoutError:
            return
        if not data:
            return
        connection.buffer.receive_data(data)


def take_picture(config: ClientConfig, host: str, port: int, picture: str, trusted: str) -> None:
    with socket.create_connection((host, port), timeout=30) as sock:
        connection = Connection(sock)
        connector = ClientConnector(config, server_name=host)
        connect(connection, connector, trusted)
        result = connector.result
        print(f"{connector.state.name}, {result.desktop_size.width}x{result.desktop_size.height}")
        stage = ActiveStage(result)
        image = DecodedImage(result.desktop_size.width, result.desktop_size.height)
        watch(connection, stage, image)
        connection.sock.sendall(stage.disconnect())
        image.save(picture)
        connection.sock.close()


def main() -> None:
    host, _, port = sys.argv[1].partition(":")
    # The graphics pipeline needs dynamic channels, which `Session` has, and this program has not.
    config = ClientConfig(
        username=sys.argv[2], password=os.environ["TRIO_RDP_PASSWORD"], enable_graphics_pipeline=False
    )
    picture = sys.argv[3] if len(sys.argv) > 3 else "desktop.png"
    take_picture(config, host, int(port or 3389), picture, os.environ.get("TRIO_RDP_FINGERPRINT", ""))
    print(f"the desktop is in {picture}")


if __name__ == "__main__":
    main()
