from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.level import Ending, Level
from trio_rdp.wire.errors import AuthenticationFailed, SessionClosed


def test_the_first_end_counts() -> None:
    ending = Ending()
    ending.raise_closed()
    ending.raise_unclean()
    ending.end(SessionClosed("logoff", 12), is_clean=True)
    ending.end(SessionClosed("lost"), is_clean=False)
    assert (ending.is_over, ending.is_clean) == (True, True)
    ending.raise_unclean()
    with pytest.raises(SessionClosed, match="logoff") as caught:
        ending.raise_closed()
    assert caught.value.code == 12
    assert caught.value is not ending.error  # each raise has a traceback of its own


def test_an_unclean_end_has_its_cause() -> None:
    ending, cause, error = Ending(), OSError("cable"), SessionClosed("lost")
    error.__cause__ = cause
    ending.end(error, is_clean=False)
    for check in (ending.raise_closed, ending.raise_unclean):
        with pytest.raises(SessionClosed, match="lost") as caught:
            check()
        assert caught.value.__cause__ is cause


async def test_who_waits_is_woken(nursery: trio.Nursery) -> None:
    level, woken = Level(Ending()), []

    async def wait(seen: int) -> None:
        woken.append(await level.wait_beyond(seen))

    for seen in (0, 0, 1):
        nursery.start_soon(wait, seen)
    await trio.testing.wait_all_tasks_blocked()
    level.notify()
    await trio.testing.wait_all_tasks_blocked()
    assert woken == [1, 1]
    level.notify()
    await trio.testing.wait_all_tasks_blocked()
    assert woken == [1, 1, 2]


async def test_what_changed_meanwhile_is_not_missed() -> None:
    level = Level(Ending())
    level.notify()
    level.notify()
    with trio.testing.assert_checkpoints():
        assert await level.wait_beyond(0) == 2


async def test_the_end_wakes_too(nursery: trio.Nursery) -> None:
    ending = Ending()
    level = Level(ending)

    async def wait() -> None:
        with pytest.raises(SessionClosed, match="lost"):
            await level.wait_beyond(0)

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    ending.end(SessionClosed("lost"), is_clean=False)
    level.notify()
    assert level.count == 0  # an end is no change


async def test_a_change_before_the_end_still_counts() -> None:
    ending = Ending()
    level = Level(ending)
    level.notify()
    ending.end(SessionClosed("lost"), is_clean=False)
    level.notify()
    assert await level.wait_beyond(0) == 1
    with pytest.raises(SessionClosed):
        await level.wait_beyond(1)


async def test_a_cancelled_wait_is_cancelled() -> None:
    level = Level(Ending())
    level.notify()
    with trio.CancelScope() as scope:
        scope.cancel()
        await level.wait_beyond(0)
    assert scope.cancelled_caught


def test_a_refused_login_is_told_as_such() -> None:
    ending = Ending()
    ending.raise_refusal()
    error = SessionClosed("the server refused the connection")
    error.__cause__ = AuthenticationFailed("wrong password")
    ending.end(error, is_clean=False)
    with pytest.raises(AuthenticationFailed, match="wrong password"):
        ending.raise_refusal()
    with pytest.raises(SessionClosed) as caught:
        ending.raise_closed()
    assert caught.value.__cause__ is error.__cause__


def test_another_end_is_no_refusal() -> None:
    ending = Ending()
    ending.end(SessionClosed("the connection was lost"), is_clean=False)
    ending.raise_refusal()
