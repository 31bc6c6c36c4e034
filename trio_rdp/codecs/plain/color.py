"""Colour spaces in numpy, with the same roundings as the compiled kernel.

YUV is full-range BT.709, as [MS-RDPEGFX] 3.3.8.3.1 has it; YCbCr is what RemoteFX uses, [MS-RDPRFX] 3.1.8.1.3, in
32nds.

A picture of H.264 with chroma for every pixel ("YUV444") comes as two pictures with chroma for every four: the main
view, and an auxiliary one whose luma and chroma are the chroma samples that the main view lacks, [MS-RDPEGFX] 3.3.8.3.2
and 3.3.8.3.3.  Where they stand, counting columns x and rows y of the samples in a plane of one of each four:

    version 1   luma     odd rows of U and of V in turns of eight rows
                chroma   U and V of odd columns in even rows
    version 2   luma     odd columns: U in the left half, V in the right
                chroma   even columns of odd rows: every second in the U plane, the others in the V plane, U and V again
                         side by side

What stands in neither is the upper left of four.  Its place in the full planes keeps the mean of the four, from which
it follows: drawing works it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.plain.buffers import Readable, Writable, check_bitmap, check_region, view

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["combine", "draw", "draw_ycbcr", "separate", "split", "split_ycbcr"]

# "A cutoff threshold of 30 is used for this purpose": a sample that would change by less keeps the mean.
CUTOFF: Final = 30
_ENDLESS: Final = 1 << 60


def _plane(data: Readable, stride: int, width: int, height: int) -> NDArray[np.uint8]:
    """Look at the samples of a plane; writing to them writes to the buffer."""
    import numpy as np

    check_region(_ENDLESS, stride, 0, 0, width, height, 1)
    look = view(data)
    if len(look) < (height - 1) * stride + width:
        raise ValueError("a plane is too small")
    return np.ndarray((height, width), np.uint8, look, strides=(stride, 1))


def _pixels(data: Readable, stride: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
    import numpy as np

    look = view(data)
    check_region(len(look), stride, x, y, width, height, 4)
    if not width or not height:
        return np.empty((0, 0, 4), np.uint8)
    return np.ndarray((height, width, 4), np.uint8, look, offset=y * stride + x * 4, strides=(stride, 4, 1))


def _upper(values: NDArray[np.int16], factor: int) -> NDArray[np.int16]:
    """The upper sixteen bits of a product."""
    import numpy as np

    return ((values.astype(np.int32) * factor) >> 16).astype(np.int16)


def draw(
    y: Readable,
    u: Readable,
    v: Readable,
    y_stride: int,
    uv_stride: int,
    width: int,
    height: int,
    half: bool,
    means: bool,
    surface: Readable,
    stride: int,
    x: int,
    y_place: int,
    visible_width: int,
    visible_height: int,
    rects: Readable,
) -> None:
    """Draw rectangles (each left, top, right, bottom in 32 bits) of YUV planes.

    With `half` chroma is of every four; with `means` the upper left of four samples of chroma stands for their mean.
    """
    import numpy as np

    check_bitmap(width, height)
    columns, rows = ((width + 1) // 2, (height + 1) // 2) if half else (width, height)
    luma = _plane(y, y_stride, width, height)
    blue, red = _plane(u, uv_stride, columns, rows), _plane(v, uv_stride, columns, rows)
    target = _pixels(surface, stride, x, y_place, visible_width, visible_height)
    if half:
        blue, red = (plane.repeat(2, 0)[:height].repeat(2, 1)[:, :width] for plane in (blue, red))
    elif means:
        blue, red = _without_means(blue), _without_means(red)
    edges = view(rects)
    for left, top, right, bottom in np.frombuffer(edges[: len(edges) // 16 * 16], "<i4").reshape(-1, 4).tolist():
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, width, visible_width), min(bottom, height, visible_height)
        if left < right and top < bottom:
            part = slice(top, bottom), slice(left, right)
            target[part] = _from_yuv(luma[part], blue[part], red[part])


def _without_means(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put in the place of each mean of four the sample that makes it so, if that is far enough from it."""
    import numpy as np

    out = plane.copy()
    rows, columns = plane.shape[0] & ~1, plane.shape[1] & ~1
    four = plane[:rows, :columns].astype(np.int16)
    mean = four[::2, ::2]
    value = np.clip(4 * mean - four[::2, 1::2] - four[1::2, ::2] - four[1::2, 1::2], 0, 255)
    out[:rows:2, :columns:2] = np.where(np.abs(value - mean) < CUTOFF, mean, value)
    return out


def _from_yuv(luma: NDArray[np.uint8], blue: NDArray[np.uint8], red: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import numpy as np

    y = (luma.astype(np.int16) << 6) + np.int16(32)
    u, v = ((plane.astype(np.int16) - 128) * np.int16(256) for plane in (blue, red))
    out = np.full((*luma.shape, 4), 255, np.uint8)
    # 64ths: 1.8556 U, 0.1873 U and 0.4681 V, 1.5748 V.
    for channel, value in enumerate(
        (y + _upper(u, 30402), y - _upper(u, 3069) - _upper(v, 7670), y + _upper(v, 25801))
    ):
        out[..., channel] = np.clip(value >> 6, 0, 255)
    return out


def split(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    luma: Writable,
    blue: Writable,
    red: Writable,
    y_stride: int,
    uv_stride: int,
    columns: int,
    rows: int,
    half: bool,
) -> None:
    """Fill YUV planes of `columns` x `rows` from pixels, whose last column and row are repeated as need be."""
    import numpy as np

    check_bitmap(width, height)
    check_bitmap(columns, rows)
    if columns < width or rows < height or (half and (columns % 2 or rows % 2)):
        raise ValueError("planes are as large as the picture, and even where chroma is halved")
    narrow, low = (columns // 2, rows // 2) if half else (columns, rows)
    planes = (
        _plane(luma, y_stride, columns, rows),
        _plane(blue, uv_stride, narrow, low),
        _plane(red, uv_stride, narrow, low),
    )
    picture = _pixels(surface, stride, x, y, width, height)[..., :3].astype(np.int32)
    picture = np.pad(picture, ((0, rows - height), (0, columns - width), (0, 0)), "edge")
    # Cut off at the end of sixteen bits, where only the weights' sums matter: they never reach beyond.
    planes[0][:] = (picture @ (19, 183, 54) + 128) >> 8
    if half:
        # The mean of two means, each rounded up: what all channels have too much, chroma does not see.
        four = picture.reshape(low, 2, narrow, 2, 3)
        four = (four[:, 0] + four[:, 1] + 1) >> 1
        picture = (four[:, :, 0] + four[:, :, 1] + 1) >> 1
    planes[1][:] = (picture @ (128, -99, -29) + 32895) >> 8
    planes[2][:] = (picture @ (-12, -116, 128) + 32895) >> 8


def _check_views(width: int, height: int, version: int) -> None:
    check_bitmap(width, height)
    if width % 16 or height % 16:
        raise ValueError("the views are as wide and as high as whole macroblocks")
    if version not in (1, 2):
        raise ValueError("there are versions 1 and 2 of the auxiliary view")


def combine(
    main_u: Readable,
    main_v: Readable,
    main_stride: int,
    aux_y: Readable,
    aux_u: Readable,
    aux_v: Readable,
    y_stride: int,
    uv_stride: int,
    width: int,
    height: int,
    version: int,
    u: Writable,
    v: Writable,
    top: int,
    bottom: int,
) -> None:
    """Fill the rows from `top` to `bottom` (made even) of the full planes of chroma from both views."""
    import numpy as np

    _check_views(width, height, version)
    if not 0 <= top <= bottom <= height:
        raise ValueError("the rows do not lie in the plane")
    half, low, quarter = width // 2, height // 2, width // 4
    pairs = slice(top // 2, (bottom + 1) // 2)
    luma = _plane(aux_y, y_stride, width, height)
    chroma = [_plane(aux_u, uv_stride, half, low), _plane(aux_v, uv_stride, half, low)]
    for number, (mean_of, out) in enumerate(((main_u, u), (main_v, v))):
        mean = _plane(mean_of, main_stride, half, low)
        target = _plane(out, width, width, height).reshape(low, 2, half, 2)[pairs]
        if version == 1:
            odd_rows = luma.reshape(-1, 2, 8, width)[:, number].reshape(low, half, 2)
            right, below, across = chroma[number], odd_rows[..., 0], odd_rows[..., 1]
        else:
            odd_columns = luma[:, number * half : (number + 1) * half].reshape(low, 2, half)
            right, across = odd_columns[:, 0], odd_columns[:, 1]
            part = slice(number * quarter, (number + 1) * quarter)
            below = np.stack([chroma[0][:, part], chroma[1][:, part]], axis=2).reshape(low, half)
        target[:, 0, :, 0], target[:, 0, :, 1] = mean[pairs], right[pairs]
        target[:, 1, :, 0], target[:, 1, :, 1] = below[pairs], across[pairs]


def separate(
    u: Readable,
    v: Readable,
    width: int,
    height: int,
    version: int,
    main_u: Writable,
    main_v: Writable,
    main_stride: int,
    aux_y: Writable,
    aux_u: Writable,
    aux_v: Writable,
    y_stride: int,
    uv_stride: int,
    top: int,
    bottom: int,
) -> None:
    """Take full planes of chroma apart into the main view's, which are means, and the auxiliary view.

    Only the rows from `top` to `bottom`, made even.
    """
    import numpy as np

    _check_views(width, height, version)
    if not 0 <= top <= bottom <= height:
        raise ValueError("the rows do not lie in the plane")
    half, low, quarter = width // 2, height // 2, width // 4
    pairs = slice(top // 2, (bottom + 1) // 2)
    luma = _plane(aux_y, y_stride, width, height)
    chroma = [_plane(aux_u, uv_stride, half, low), _plane(aux_v, uv_stride, half, low)]
    for number, (source, mean) in enumerate(((u, main_u), (v, main_v))):
        plane = _plane(source, width, width, height)
        four = plane.reshape(low, 2, half, 2)[pairs]
        _plane(mean, main_stride, half, low)[pairs] = (four.sum(axis=(1, 3), dtype=np.uint16) + 2) >> 2
        if version == 1:
            for pair in range(pairs.start, pairs.stop):
                luma[pair // 8 * 16 + 8 * number + pair % 8] = plane[2 * pair + 1]
            chroma[number][pairs] = four[:, 0, :, 1]
        else:
            odd = luma[:, number * half : (number + 1) * half].reshape(low, 2, half)
            odd[pairs] = four[..., 1]
            part = slice(number * quarter, (number + 1) * quarter)
            chroma[0][pairs, part], chroma[1][pairs, part] = four[:, 1, 0::2, 0], four[:, 1, 1::2, 0]


def _components(data: Readable, width: int, height: int) -> NDArray[np.int16]:
    import numpy as np

    look = view(data)
    if len(look) < width * height * 2:
        raise ValueError("a plane is too small")
    return np.ndarray((height, width), "<i2", look)


def draw_ycbcr(
    y: Readable,
    cb: Readable,
    cr: Readable,
    surface: Readable,
    stride: int,
    x: int,
    y_place: int,
    width: int,
    height: int,
) -> None:
    """Draw planes of YCbCr, sixteen bits a component."""
    import numpy as np

    check_bitmap(width, height)
    luma, blue, red = (_components(plane, width, height) for plane in (y, cb, cr))
    target = _pixels(surface, stride, x, y_place, width, height)
    # Half of a 32nd is added, so that cutting off rounds, as in the document's example ([MS-RDPRFX] 4.2.4.4).
    luma = luma + np.int16(4096 + 16)
    blue, red = blue * np.int16(4), red * np.int16(4)
    target[..., 3] = 255
    # 1.77, 0.34 and 0.71, 1.40 in 2**14ths.
    values = luma + _upper(blue, 28998), luma - _upper(blue, 5632) - _upper(red, 11705), luma + _upper(red, 22979)
    for channel, value in enumerate(values):
        target[..., channel] = np.clip(value >> 5, 0, 255)


def split_ycbcr(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    luma: Writable,
    blue: Writable,
    red: Writable,
) -> None:
    """Fill planes of YCbCr from pixels."""
    import numpy as np

    check_bitmap(width, height)
    picture = _pixels(surface, stride, x, y, width, height)
    planes = [_components(plane, width, height) for plane in (luma, blue, red)]
    b, g, r = (picture[..., channel].astype(np.int16) << 7 for channel in range(3))
    planes[0][:] = _upper(r, 4899) + _upper(g, 9617) + _upper(b, 1868) - np.int16(4096)
    planes[1][:] = _upper(b, 8202) - _upper(r, 2768) - _upper(g, 5434)
    planes[2][:] = _upper(r, 8189) - _upper(g, 6857) - _upper(b, 1332)
