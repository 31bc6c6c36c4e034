"""What xrdp and two clients said about dynamic channels, played again to both of our machines without them."""

from __future__ import annotations

from tests.captures.messages import load
from trio_rdp.channels.disp import DISP_CHANNEL_NAME, DisplayControlCapabilities, decode_disp_from_server
from trio_rdp.channels.dynamic.client import DynamicClient
from trio_rdp.channels.dynamic.multiplexer import Answer, CreationRequested, DynamicEvent, Message, Opened, Ready
from trio_rdp.channels.dynamic.server import DynamicServer


def test_a_client_hears_xrdp() -> None:
    """It says what xfreerdp 2.11.7 said, byte for byte."""
    client = DynamicClient()
    said: list[bytes] = []
    events: list[DynamicEvent] = []
    for message in load("drdynvc-xfreerdp-xrdp.s2c"):
        for event in client.receive(message):
            match event:
                case Answer(data):
                    said.append(data)
                case CreationRequested(channel_id=channel_id, name=name):
                    assert name == DISP_CHANNEL_NAME
                    said.append(client.accept(channel_id))
                case _:
                    events.append(event)
    ready, message_of_disp = events
    assert isinstance(ready, Ready)
    assert isinstance(message_of_disp, Message)
    assert isinstance(decode_disp_from_server(bytes(message_of_disp.message)), DisplayControlCapabilities)
    assert said == load("drdynvc-xfreerdp-xrdp.c2s")


def test_a_server_hears_clients() -> None:
    server = DynamicServer()
    server.start()
    version, created = load("drdynvc-xfreerdp-xrdp.c2s")
    (ready,) = server.receive(version)
    assert isinstance(ready, Ready)
    assert ready.version == 2
    server._last_id = created[1] - 1  # the channel's number is the server's to choose
    channel_id, _ = server.open(DISP_CHANNEL_NAME)
    assert server.receive(created) == [Opened(channel_id)]
    (from_rdesktop,) = load("drdynvc-rdesktop-xrdp.c2s")
    (ready,) = DynamicServer().receive(from_rdesktop)
    assert isinstance(ready, Ready)
    assert ready.version == 1
