"""Fixtures of the peer tests: displays and servers that live as long as they are of use, each with its own folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest

from tests.interop import shadow as shadow_module
from tests.interop import weston as weston_module
from tests.interop import xrdp as xrdp_module
from tests.interop.display import Display, xorg, xvfb, xvnc
from tests.interop.pictures import pattern
from tests.interop.server import Server

HERE = Path(__file__).parent

_P = ParamSpec("_P")
_T = TypeVar("_T")


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and "interop_full" not in item.keywords:
            item.add_marker("interop")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Let what failed alone in nurseries be told as itself: a log's last lines may be all that is seen of it."""
    try:
        return (yield)
    except BaseExceptionGroup as group:
        notes: list[str] = []
        found: BaseException = group
        while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
            notes += getattr(found, "__notes__", ())
            found = found.exceptions[0]
        if found is group:
            raise
        for note in notes:
            found.add_note(note)
        raise found from found.__cause__


class Peers:
    """Real servers and displays, started when first asked for and shared by all tests after that.

    Asking takes up to a second and is a plain call: ask before your own session starts.  What a test would change (by
    typing, painting or resizing) it does not take from here: it makes its own, with the functions of the modules.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._made: dict[Any, Any] = {}
        self._idle_displays: list[Display] = []

    def shadow(self, security: shadow_module.ShadowSecurity = "tls", *, remotefx: bool = False) -> Server:
        """A freerdp-shadow that shares `display`.

        One that has served RemoteFX compresses nothing any more, for nobody (2.11): so clients that take it have one of
        their own.
        """
        key = ("shadow", security, remotefx)
        return self._shared(key, shadow_module.shadow, self.folder, self.display, security)

    def xrdp(self, **options: Any) -> Server:
        """An xrdp, with the options of `tests.interop.xrdp.xrdp`, that shows `vnc_display`."""
        return self._shared(("xrdp", *options.items()), xrdp_module.xrdp, self.folder, self.vnc_display, **options)

    def xrdp_xorg(self) -> Server:
        """An xrdp that shows `xorg_display`."""
        return self._shared(("xrdp-xorg",), xrdp_module.xrdp, self.folder, self.xorg_display)

    def xrdp_login(self, **options: Any) -> Server:
        """An xrdp that shows its login window."""
        return self._shared(("xrdp-login", *options.items()), xrdp_module.xrdp, self.folder, None, **options)

    def weston(self) -> weston_module.WestonServer:
        """A weston that shows nothing but its background."""
        return self._shared(("weston",), weston_module.weston, self.folder)

    @property
    def display(self) -> Display:
        """An Xvfb of 1024x768 that shows a still pattern."""
        return self._shared(("display",), _with_pattern, xvfb, self.folder)

    @property
    def vnc_display(self) -> Display:
        """An Xvnc of 1024x768 that shows a still pattern."""
        return self._shared(("vnc",), _with_pattern, xvnc, self.folder)

    @property
    def xorg_display(self) -> Display:
        """An Xorg of 1024x768, with xorgxrdp, that shows a still pattern."""
        return self._shared(("xorg",), _with_pattern, xorg, self.folder)

    @contextlib.contextmanager
    def client_display(self) -> Iterator[Display]:
        """A display of 1280x1024 for one client, black when it is handed out."""
        if self._idle_displays:
            display = self._idle_displays.pop()
        else:
            display = self._stack.enter_context(xvfb(self.folder, 1280, 1024))
        display.fill_sync("black")
        try:
            yield display
        finally:
            self._idle_displays.append(display)

    def _shared(
        self,
        key: tuple[Any, ...],
        make: Callable[_P, contextlib.AbstractContextManager[_T]],
        *arguments: _P.args,
        **options: _P.kwargs,
    ) -> _T:
        # One that has ended has failed one test, not all that are to come.
        if key not in self._made or not self._made[key].process.alive:
            self._made[key] = self._stack.enter_context(make(*arguments, **options))
        made: _T = self._made[key]
        return made


@contextlib.contextmanager
def _with_pattern(
    make: Callable[[Path], contextlib.AbstractContextManager[Display]], folder: Path
) -> Iterator[Display]:
    with make(folder) as display:
        display.paint_sync(pattern(display.width, display.height, display.process.name))
        yield display


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    """All peers that tests share."""
    with contextlib.ExitStack() as stack:
        yield Peers(tmp_path_factory.mktemp("peers"), stack)


@pytest.fixture
def client_display(peers: Peers) -> Iterator[Display]:
    """A black display of 1280x1024 for one real client."""
    with peers.client_display() as display:
        yield display


@pytest.fixture
def own_display(peers: Peers) -> Iterator[Display]:
    """An Xvfb of 1024x768 with a pattern, for this test alone: to type on, and to share with `shadow`."""
    with _with_pattern(xvfb, peers.folder) as display:
        yield display


@pytest.fixture
def own_vnc_display(peers: Peers) -> Iterator[Display]:
    """An Xvnc of 1024x768 with a pattern, for this test alone: to type on, and to show with `xrdp`."""
    with _with_pattern(xvnc, peers.folder) as display:
        yield display
