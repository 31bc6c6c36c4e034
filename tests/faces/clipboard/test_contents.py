from __future__ import annotations

from trio_rdp.channels.cliprdr import ClipboardFormat
from trio_rdp.faces.clipboard.contents import ClipboardContents

CONTENTS = ClipboardContents(
    (
        ClipboardFormat(0, ""),
        ClipboardFormat(13),
        ClipboardFormat(0xC001, "HTML Format"),
        ClipboardFormat(0xC002, "png"),
        ClipboardFormat(8, "Mine"),
        ClipboardFormat(0xC003, "HTML Format"),
    )
)


def test_names_count_where_there_are_any() -> None:
    assert CONTENTS.find(["html format"]) == 0xC001
    assert CONTENTS.find([8]) is None  # named, so it is no CF_DIB
    assert CONTENTS.find(["mine"]) == 8
    assert CONTENTS.find([0]) == 0
    assert 13 in CONTENTS
    assert "13" not in CONTENTS
    assert 14 not in CONTENTS


def test_the_first_that_is_there_is_found() -> None:
    assert CONTENTS.find([14, "PNG", 13]) == 0xC002
    assert CONTENTS.find([]) is None


def test_kinds() -> None:
    assert CONTENTS.has_text
    assert CONTENTS.has_html
    assert CONTENTS.has_image
    assert not CONTENTS.has_files
    nothing = ClipboardContents()
    assert not any((nothing.has_text, nothing.has_html, nothing.has_image, nothing.has_files))
    assert ClipboardContents((ClipboardFormat(1),)).has_text
    assert ClipboardContents((ClipboardFormat(17),)).has_image
    assert ClipboardContents((ClipboardFormat(50000, "FileGroupDescriptorW"),)).has_files
