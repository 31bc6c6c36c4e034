r"""`Clipboard`: what both sides of a session share by copying and pasting.

await clipboard.offer(text="hello")                       # what the peer may paste
async for contents in clipboard:                          # whenever the peer has copied something
    if contents.has_text:
        print(await clipboard.read_text())
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import trio

from trio_rdp.channels.cliprdr import (
    CLIPRDR_CHANNEL_NAME,
    FILE_GROUP_DESCRIPTOR,
    HtmlClip,
    PackedFileList,
    StandardFormat,
    decode_text,
    decode_unicode_text,
)
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.clipboard.contents import (
    DROP_EFFECT,
    HTML_FORMATS,
    IMAGE_FORMATS,
    PNG_FORMATS,
    TEXT_FORMATS,
    ClipboardContents,
    FormatKey,
    check_key,
)
from trio_rdp.faces.clipboard.file_list import ClipboardFiles
from trio_rdp.faces.clipboard.file_stream import ClipboardFile
from trio_rdp.faces.clipboard.files import OfferedFile
from trio_rdp.faces.clipboard.images import ClipboardImage, ImageSource, has_pillow
from trio_rdp.faces.clipboard.link import ClipboardLink, Fetched
from trio_rdp.faces.clipboard.offering import FilesValue, Offering, Value
from trio_rdp.faces.clipboard.rendering import Constant, decode_image, render_html, render_image, render_text
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, DecodeError, RdpError, RequestRefused

__all__ = ["Clipboard", "ClipboardChanges", "ClipboardStatistics"]

_CODE_PAGES = {StandardFormat.TEXT: "cp1252", StandardFormat.OEMTEXT: "cp437"}
_COPY = (1).to_bytes(4, "little")  # DROPEFFECT_COPY


@dataclass(frozen=True, slots=True)
class ClipboardStatistics:
    """What a clipboard has done, and what waits: requests unanswered by each side, locks of each side, bytes to send.

    `peak_requests` is the most requests that one side had waiting, `peak_outgoing` the most bytes that waited.
    """

    changes: int
    offers: int
    requests_wanted: int
    requests_owed: int
    peak_requests: int
    requests_limit: int
    locks_owned: int
    locks_held: int
    locks_limit: int
    outgoing: int
    peak_outgoing: int
    outgoing_limit: int


class Clipboard(ChannelFace):
    """The clipboard that the peer shows its user; the same for a client and for a server.

    `offer` puts something on it, which the peer may ask for until something else is there.  The `read` methods ask the
    peer for what its user has copied; they give None where there is no such thing, raise `RequestRefused` where the
    peer does not give it, and `DeadlineExceeded` where it does not answer (`Limits.clipboard_answer`).  All may be
    cancelled at any moment: what is asked for next is not disturbed by what was cancelled.

    `async for contents in clipboard` gives what the peer offers, whenever that has changed, and first what it offers
    already; who is slow sees the latest.  One's own offers are no changes.
    """

    def __init__(self, limits: Limits, *, is_server: bool, temporary_directory: str | None = None) -> None:
        super().__init__(CLIPRDR_CHANNEL_NAME)
        self._limits = limits
        self._is_server = is_server
        self._own_directory = temporary_directory
        self._link: ClipboardLink | None = None
        self._was_closed = False
        self._changes = 0
        self._noticed = trio.Event()

    @property
    def buffer(self) -> ChannelBuffer:
        """What waits in the channel at most: requests of the peer, and one answer that is as large as can be."""
        return ChannelBuffer(self._limits.clipboard_requests, self._limits.channel_message)

    @property
    def contents(self) -> ClipboardContents:
        """What the peer offers now; empty while what is on the clipboard comes from here."""
        return ClipboardContents() if self._link is None else ClipboardContents(self._link.exchange.formats)

    @property
    def temporary_directory(self) -> str | None:
        """Where the client wants files for its programs to be left, a path of its own, if there is one."""
        return self._own_directory if self._link is None else self._link.exchange.temporary_directory

    async def offer(
        self,
        *,
        text: Value[str] | None = None,
        html: Value[str | HtmlClip] | None = None,
        image: Value[ImageSource] | None = None,
        files: FilesValue | None = None,
        formats: Mapping[FormatKey, Value[bytes]] | None = None,
    ) -> Offering:
        """Put something on the clipboard, in as many kinds as there are; gives what tells of the files' progress.

        Each may be a function, which may be async: it is called when the peer asks, as often as it asks; what it raises
        is logged, and refused to the peer.  Line ends of `text` become those of Windows.  `image` is a
        `ClipboardImage`, a Pillow image, or a PNG file.  `files` are paths, of directories too, and `OfferedFile`s.
        `formats` are other formats, by name or number, as bytes.

        Returns when the peer has taken the offer.  Raises `RequestRefused` where it could not, `LocalProtocolError`
        for files where it knows none, what looking at the files raises, and `TypeError` or `ValueError` for what cannot
        be offered.  Cancelled while it waits for the peer, the offer stands.
        """
        if isinstance(files, str | bytes | os.PathLike | OfferedFile):
            raise TypeError(f"files are offered as a list, not as {files!r}")  # letters would be paths
        renders = {**render_text(text), **render_html(html), **await render_image(image)}
        for key, value in (formats or {}).items():
            renders[check_key(key)] = Constant(value)
        if files is not None:
            renders[DROP_EFFECT] = Constant(_COPY)
        offering = Offering(renders, files)
        await (await self._opened_link()).offer(offering)
        return offering

    async def clear(self) -> None:
        """Empty the clipboard."""
        await (await self._opened_link()).offer(Offering({}, None))

    async def read_text(self) -> str | None:
        """The text that the peer's user has copied, with line feeds alone at the ends of lines."""
        fetched = await self._fetch(*TEXT_FORMATS)
        if fetched is None:
            return None
        page = _CODE_PAGES.get(StandardFormat(fetched.format_id))
        text = decode_unicode_text(fetched.data) if page is None else decode_text(fetched.data, page)
        return text.replace("\r\n", "\n")

    async def read_html(self) -> HtmlClip | None:
        """The HTML that the peer's user has copied; raises `DecodeError` where it is none."""
        fetched = await self._fetch(*HTML_FORMATS)
        return None if fetched is None else HtmlClip.decode(fetched.data)

    async def read_image(self) -> ClipboardImage | None:
        """The picture that the peer's user has copied, in the best format that the peer gives."""
        error: RdpError | None = None
        for key in IMAGE_FORMATS:
            if key in PNG_FORMATS and not has_pillow():
                continue
            try:
                fetched = await self._fetch(key)
                if fetched is not None:
                    return await trio.to_thread.run_sync(decode_image, fetched.data)
            except (RequestRefused, DecodeError) as exc:
                error = error or exc
        if error is not None:
            raise error
        return None

    async def read_files(self) -> ClipboardFiles:
        """The files that the peer's user has copied, which can be read while they are on the clipboard.

        A peer that can lock them keeps them longer: as long as they are read, and `Limits.clipboard_lock_idle` more.
        """
        link = await self._opened_link()
        fetched = await link.fetch(lambda contents: contents.find((FILE_GROUP_DESCRIPTOR,)), lock=True)
        if fetched is None:
            return ClipboardFiles()
        described = PackedFileList.decode(fetched.data).file_descriptor_array
        ahead = self._limits.clipboard_read_ahead
        return ClipboardFiles(
            ClipboardFile(item, index, link, fetched.clip_data_id, ahead) for index, item in enumerate(described)
        )

    async def read(self, format: FormatKey) -> bytes | None:  # noqa: A002
        """The data of a format, by name or number, as they are."""
        fetched = await self._fetch(format)
        return None if fetched is None else fetched.data

    def __aiter__(self) -> ClipboardChanges:
        return ClipboardChanges(self)

    def statistics(self) -> ClipboardStatistics:
        """What was done, and what waits."""
        link, limits = self._link, self._limits
        exchange = None if link is None else link.exchange
        return ClipboardStatistics(
            self._changes,
            0 if exchange is None else exchange.offer_number,
            0 if link is None else link.requests_wanted,
            0 if exchange is None else exchange.requests_owed,
            0 if link is None else link.peak_requests,
            limits.clipboard_requests,
            0 if exchange is None else exchange.locks_owned,
            0 if exchange is None else exchange.locks_held,
            limits.clipboard_locks,
            0 if link is None else link.outgoing.bytes,
            0 if link is None else link.outgoing.peak_bytes,
            limits.clipboard_outgoing,
        )

    # For the channel.

    async def _work(self, channel: MessageChannel) -> None:
        self._link = ClipboardLink(
            channel,
            self._limits,
            is_server=self._is_server,
            temporary_directory=self._own_directory,
            on_change=self._note_change,
        )
        self._wake()
        await self._link.run()

    def _ended(self) -> None:
        if self._link is not None:
            self._was_closed = self._link.was_closed
            self._link.end(self._end or ChannelClosed(self._name, "it was closed"))
            self._link = None
        self._notice()

    async def _opened_link(self) -> ClipboardLink:
        await self._opened()
        while self._link is None:
            self._raise_end()
            await self._changed.wait()
        return self._link

    async def _fetch(self, *keys: FormatKey) -> Fetched | None:
        return await (await self._opened_link()).fetch(lambda contents: contents.find(keys))

    def _note_change(self) -> None:
        self._changes += 1
        self._notice()

    def _notice(self) -> None:
        self._noticed.set()
        self._noticed = trio.Event()


class ClipboardChanges:
    """One iteration over what the peer offers."""

    def __init__(self, clipboard: Clipboard) -> None:
        self._clipboard = clipboard
        self._seen = clipboard._changes if not clipboard.contents.formats else -1

    def __aiter__(self) -> ClipboardChanges:
        return self

    async def __anext__(self) -> ClipboardContents:
        clipboard = self._clipboard
        await trio.lowlevel.checkpoint()
        while self._seen == clipboard._changes:
            if isinstance(clipboard._end, ChannelClosed) and clipboard._was_closed:
                raise StopAsyncIteration
            clipboard._raise_end()
            await clipboard._noticed.wait()
        self._seen = clipboard._changes
        return clipboard.contents
