"""How the shared vectors write down what they expect, compared with our PDUs."""

from __future__ import annotations

from typing import Any

from trio_rdp.wire.pdu import Pdu


def plain(field: Any) -> Any:
    """The number or the bytes that a vector's field stands for."""
    if isinstance(field, dict):
        if "hex" in field:
            return bytes.fromhex(field["hex"])
        if "value" in field:
            return plain(field["value"])
    return field


def check_fields(pdu: Pdu, expected: dict[str, Any], **names: str) -> None:
    """Compare the vector's fields, by our names, with the PDU's."""
    for name, value in expected.items():
        if name != "_type":
            assert getattr(pdu, names.get(name, name)) == plain(value), name
