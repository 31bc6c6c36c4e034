from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from tests.display_link import Link, cancelled_after, noise
from trio_rdp.graphics.pointer import PointerKind
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.pdu.capabilities_extensions import LargePointerSupportFlags
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    ColorPointerUpdate,
    LargePointerUpdate,
    NewPointerUpdate,
    PointerPositionUpdate,
    SystemPointerType,
    SystemPointerUpdate,
)
from trio_rdp.pointer_sender import PointerSender
from trio_rdp.protocol.limits import Limits

SLOW_PATH: dict[str, Any] = {"fast_path_output": False}


def sender(link: Link) -> PointerSender:
    return link.display._pointer


def shape(side: int = 20, seed: int = 1) -> PointerShape:
    pixels = noise(side, side, seed)
    pixels[..., 3] |= 128
    return PointerShape(pixels, (side // 2, 3))


@pytest.mark.parametrize("capabilities", [{}, SLOW_PATH], ids=["fast", "slow"])
async def test_shapes_are_sent_once_and_then_named(capabilities: dict[str, Any]) -> None:
    async with Link(**capabilities).running() as link:
        for seed in (1, 2, 1):
            await sender(link).show(shape(seed=seed))
            await link.settle()
            assert link.pointer.shape == shape(seed=seed)
        assert [type(one) for one in link.told] == [NewPointerUpdate, NewPointerUpdate, CachedPointerUpdate]


@pytest.mark.parametrize("capabilities", [{}, SLOW_PATH], ids=["fast", "slow"])
async def test_system_pointers_and_positions(capabilities: dict[str, Any]) -> None:
    kinds: list[PointerKind] = []
    async with Link(**capabilities).running() as link:
        for pointer in (SystemPointerType.NULL, SystemPointerType.DEFAULT):
            await sender(link).show(pointer)
            await link.settle()
            kinds.append(link.pointer.kind)
        await sender(link).move(30, 40)
        await link.settle()
        assert kinds == [PointerKind.HIDDEN, PointerKind.DEFAULT]
        assert link.pointer.position == (30, 40)
        assert [type(one) for one in link.told] == [SystemPointerUpdate, SystemPointerUpdate, PointerPositionUpdate]


async def test_a_client_of_color_pointers() -> None:
    async with Link(pointer_cache_size=0).running() as link:
        await sender(link).show(shape())
        await link.settle()
        assert isinstance(link.told[0], ColorPointerUpdate)
        assert link.pointer.shape is not None
        assert np.array_equal(link.pointer.shape.pixels[..., :3], shape().pixels[..., :3])


@pytest.mark.parametrize(
    ("capabilities", "side"),
    [
        ({}, 300),
        ({"large_pointer_flags": LargePointerSupportFlags.UP_TO_96X96}, 96),
        ({"large_pointer_flags": LargePointerSupportFlags(0)}, 32),
        ({"max_request_size": 608_298}, 96),
        ({"max_request_size": 20_000}, 32),
        (SLOW_PATH, 32),
    ],
)
async def test_the_largest_that_reaches_the_client(capabilities: dict[str, Any], side: int) -> None:
    async with Link(**capabilities).running() as link:
        await sender(link).show(shape(300))
        await link.settle()
        assert link.pointer.shape == shape(300).fitted(side)


async def test_a_large_one_is_not_interleaved_with_pixels() -> None:
    link = Link()
    await sender(link).show(shape(384))
    async with link.display.frame() as frame:
        frame.blit(frame.bounds, noise(200, 150))
    async with link.running():
        await link.settle()  # the client would refuse anything between two fragments
        assert isinstance(link.told[0], LargePointerUpdate)
        assert link.pointer.shape == shape(384)
        assert link.is_in_step


async def test_it_overtakes_pixels() -> None:
    link = Link()
    async with link.display.frame() as frame:
        frame.blit(frame.bounds, noise(200, 150))
    await sender(link).show(shape())
    async with link.running():
        await link.settle()
        assert isinstance(link.told[0], NewPointerUpdate)


async def test_cancelled_at_every_checkpoint() -> None:
    for steps in range(100):
        link = Link(limits=Limits(input_lane=100))
        await sender(link).move(1, 1)
        async with link.running():
            with cancelled_after(steps) as scope:
                await sender(link).show(shape())
            await sender(link).show(shape())
            await link.settle()
            assert link.pointer.shape == shape()
        if not scope.cancelled_caught:
            break
    assert steps > 1


async def test_again() -> None:
    async with Link().running() as link:
        await sender(link).show_again()
        await link.settle()
        assert link.told == []
        await sender(link).show(shape())
        sender(link).begin_share()
        await sender(link).show_again()
        await link.settle()
        assert [type(one) for one in link.told] == [NewPointerUpdate, NewPointerUpdate]


async def test_who_changes_it_waits_for_a_reactivation() -> None:
    async with Link().running() as link, trio.open_nursery() as nursery:
        async with sender(link).turn:
            nursery.start_soon(sender(link).show, shape())
            nursery.start_soon(sender(link).move, 1, 1)
            await link.settle()
            assert link.told == []
        await link.settle()
        assert len(link.told) == 2
