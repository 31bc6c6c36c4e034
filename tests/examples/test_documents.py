"""The programs of README.md and docs/ run, and what else is Python there compiles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio
from PIL import Image

from tests.examples.desk import CHANNEL, PASSWORD, USER, Desk
from tests.examples.documents import KINDS, ROOT, Block, blocks, documents
from tests.examples.visitors import VISITS, Visitor, prepare
from tests.interop.processes import free_port
from trio_rdp import ClientConfig, Key, KnownHosts, Security, ServerConfig, Session, TlsIdentity
from trio_rdp.testing import open_session_pair

LONGEST = 60  # seconds for one program on a machine that does much else

PAIRS = [
    pytest.param(client, server, id=f"{client}-{server}")
    for client in blocks("client")
    for server in blocks("server")
    if client.document == server.document
]


def parameters(kind: str, where: str = "") -> list[object]:
    found = [block for block in blocks(kind) if block.document.startswith(where)]
    return [pytest.param(block, id=str(block)) for block in found]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stores of these programs are, so that a server's key is made once."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    monkeypatch.setenv("TRIO_RDP_PASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("block", [pytest.param(block, id=str(block)) for block in blocks()])
def test_it_compiles(block: Block) -> None:
    assert block.kind in ("", *KINDS)
    block.compile()


def test_there_are_programs_of_each_kind() -> None:
    assert {block.kind for block in blocks()} == {"", *KINDS}
    assert {client.document for client in blocks("client")} >= {"README.md", "docs/tutorial.md"}


@pytest.mark.parametrize("document", [pytest.param(path, id=path.name) for path in documents()])
def test_no_comment_is_misspelt(document: Path) -> None:
    text = document.read_text("utf-8")
    told = re.findall(r"^<!-- run: (.*) -->$", text, re.MULTILINE)
    kinds = [block.kind for block in blocks(*KINDS) if document.match(block.document)]
    assert told == kinds


def test_the_names_that_ironrdps_become_are_real() -> None:
    sources = [path for folder in ("trio_rdp", "examples") for path in (ROOT / folder).rglob("*.py")]
    code = "".join(path.read_text("utf-8") for path in sources)
    real = set(re.findall(r"\w+", code)) | set(dir(trio))
    page = (ROOT / "docs" / "coming-from-ironrdp.md").read_text("utf-8")
    ours = "".join(line.split("|")[-2] for line in page.splitlines() if line.startswith("|"))
    named = {name for span in re.findall("`([^`]+)`", ours) for name in re.findall(r"[A-Za-z_]\w{2,}", span)}
    assert named - real == {"get_inner_mut"}  # of which it says that there is none


def test_a_client_has_ten_lines_and_a_server_fifteen() -> None:
    lengths = {}
    for block in blocks("client", "server"):
        if block.document == "README.md":
            lengths[block.kind] = sum(bool(line.strip()) for line in block.code.splitlines())
    assert lengths["client"] <= 10
    assert lengths["server"] <= 15


@pytest.mark.parametrize("block", parameters("script"))
def test_a_script(block: Block) -> None:
    names = block.names()
    exec(block.compile(), names)
    assert names.keys() > block.names().keys()


@pytest.mark.parametrize(("client", "server"), PAIRS)
async def test_a_client_and_a_server(client: Block, server: Block, tmp_path: Path) -> None:
    port = free_port()
    # What differs from what the document says: where the server is, and the password.
    secret = {'"..."': f'"{PASSWORD}"'}
    serving = server.replace({"3389": str(port)} | secret).main()
    connect = client.replace({'"desk.example"': f'"127.0.0.1", {port}'} | secret).main()
    # The client trusts this server as one would that it had met before.
    identity = await trio.to_thread.run_sync(TlsIdentity.kept)
    KnownHosts().store("127.0.0.1", port, identity.fingerprint)
    with trio.fail_after(LONGEST):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serving)
            await until_it_listens(port)
            await connect()
            nursery.cancel_scope.cancel()
    with Image.open(tmp_path / "desktop.png") as picture:
        assert picture.size == (1280, 800)
        assert picture.convert("RGB").getpixel((1, 1)) == (0, 0, 128)


async def until_it_listens(port: int) -> None:
    while True:
        try:
            stream = await trio.open_tcp_stream("127.0.0.1", port)
        except OSError:
            await trio.sleep(0.05)
        else:
            await stream.aclose()
            return


@pytest.mark.parametrize("block", parameters("session"))
async def test_statements_in_a_session(block: Block) -> None:
    desk = Desk()
    client_config = ClientConfig(
        username=USER,
        security=Security.NONE,
        static_channels=(CHANNEL,),
        enable_audio_playback=True,
        enable_audio_capture=True,
        enable_clipboard=True,
        enable_devices=True,
        enable_remote_apps="session.graphics" not in block.code,  # whose servers draw the classic way
        enable_touch=True,
    )
    server_config = ServerConfig(security=Security.NONE, static_channels=(CHANNEL,))
    with trio.fail_after(LONGEST):
        async with (
            open_session_pair(client_config=client_config, server_config=server_config) as (client, server),
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(desk, server)
            await client.screen.wait_settled(0)
            await block.run(client)
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("block", parameters("handler", "docs/tutorial.md") + parameters("handler", "docs/graphics.md"))
async def test_a_handler(block: Block) -> None:
    config = ServerConfig(security=Security.NONE, static_channels=(CHANNEL,))
    client_config = ClientConfig(username=USER, security=Security.NONE, static_channels=(CHANNEL,))
    handler = block.function()
    with trio.fail_after(LONGEST):
        async with (
            open_session_pair(client_config=client_config, server_config=config) as (client, server),
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(handler, server)
            await use(client)
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("block", parameters("handler", "docs/channels/"))
async def test_a_handler_of_channels(block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler = block.function()
    visit = VISITS[Path(block.document).stem, handler.__name__]
    client_config = ClientConfig(
        username=USER,
        security=Security.NONE,
        enable_audio_playback=True,
        enable_audio_capture=True,
        enable_devices=True,
        enable_remote_apps=visit.act is Visitor.launch,
    )
    await prepare(tmp_path)
    said = ""
    with trio.fail_after(LONGEST / 2):
        async with (
            open_session_pair(client_config=client_config) as (client, server),
            trio.open_nursery() as nursery,
        ):
            visitor = Visitor(client)
            nursery.start_soon(handler, server)
            nursery.start_soon(visit.act, visitor)
            while visit.said not in said or not visit.holds(visitor):
                said += capsys.readouterr().out
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()


async def use(session: Session) -> None:
    """Do what a user might."""
    with trio.move_on_after(0.4):
        await session.screen.wait_settled(0.1)
    await session.mouse.move(100, 100)
    await session.mouse.click(200, 100)
    await session.mouse.scroll(-2)
    await session.keyboard.type("hi\n")
    await session.channel(CHANNEL).send(b"hello")
    with trio.move_on_after(0.4):
        await session.screen.wait_settled(0.1)
    await session.keyboard.press(Key.ESCAPE)
    await trio.sleep(0.1)


@pytest.mark.parametrize("block", parameters("test"))
async def test_a_test(block: Block) -> None:
    with trio.fail_after(LONGEST):
        await block.function()()
