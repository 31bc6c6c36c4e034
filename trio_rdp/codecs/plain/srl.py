"""Simplified run-length coding and raw bits in plain Python: what upgrades of RemoteFX Progressive tiles are made of.

[MS-RDPEGFX] 3.1.8.1.5 and 3.2.8.1.5.2.1.  Behind the last byte follow zero bits without end.
"""

from __future__ import annotations

__all__ = ["BitReader", "BitWriter", "SrlReader", "SrlWriter"]


class BitReader:
    """Reads the highest bit of each byte first."""

    def __init__(self, data: bytes) -> None:
        self.text: str = bin(int.from_bytes(b"\1" + data))[3:]
        self.pos: int = 0

    @property
    def left(self) -> int:
        """How many bits there are; below zero when zeros were read behind them."""
        return len(self.text) - self.pos

    def take(self, count: int) -> int:
        """Read a number of `count` bits."""
        text = self.text[self.pos : self.pos + count].ljust(count, "0")
        self.pos += count
        return int(text, 2) if count else 0


class BitWriter:
    """Writes the highest bit of each byte first."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def put(self, value: int, count: int) -> None:
        """Append a number of `count` bits."""
        if count:
            self.parts.append(f"{value:0{count}b}")

    def finish(self) -> bytes:
        """Fill the last byte with zeros and give all."""
        text = "".join(self.parts)
        text += "0" * (-len(text) % 8)
        return int("0" + text, 2).to_bytes(len(text) // 8)


class SrlReader:
    """Reads elements one by one: runs of zeros, and between them numbers of a sign and a unary magnitude."""

    def __init__(self, data: bytes) -> None:
        self.source: BitReader = BitReader(data)
        self.zeros: int = 0
        self.kp: int = 8
        self.after_run: bool = False

    def next(self, bits: int) -> int:
        """Read an element whose magnitude has at most `bits` bits."""
        if not self.zeros and not self.after_run:
            k = self.kp >> 3
            if self.source.take(1):
                self.zeros = self.source.take(k)
                self.kp = max(self.kp - 6, 0)
                self.after_run = True
            else:
                self.zeros = 1 << k
                self.kp = min(self.kp + 4, 80)
        if self.zeros:
            self.zeros -= 1
            return 0
        self.after_run = False
        negative = self.source.take(1)
        magnitude, largest = 1, (1 << bits) - 1
        # The largest magnitude needs no one at its end.
        while magnitude < largest:
            if self.source.left <= 0:
                magnitude = largest
            elif self.source.take(1):
                break
            else:
                magnitude += 1
        return -magnitude if negative else magnitude


class SrlWriter:
    """Writes elements one by one."""

    def __init__(self) -> None:
        self.target: BitWriter = BitWriter()
        self.zeros: int = 0
        self.kp: int = 8

    def put(self, value: int, bits: int) -> None:
        """Append an element whose magnitude has at most `bits` bits."""
        if not value:
            self.zeros += 1
            return
        self._put_run()
        self.target.put(value < 0, 1)
        magnitude = abs(value)
        if magnitude == (1 << bits) - 1:
            self.target.put(0, magnitude - 1)
        else:
            self.target.put(1, magnitude)

    def _put_run(self) -> None:
        k = self.kp >> 3
        while self.zeros >= 1 << k:
            self.target.put(0, 1)
            self.zeros -= 1 << k
            self.kp = min(self.kp + 4, 80)
            k = self.kp >> 3
        self.target.put(1 << k | self.zeros, k + 1)
        self.kp = max(self.kp - 6, 0)
        self.zeros = 0

    def finish(self) -> bytes:
        """Write the zeros at the end, fill the last byte and give all.

        "An extra zero byte is always emitted after the last SRL byte."
        """
        k = self.kp >> 3
        while self.zeros > 0:
            self.target.put(0, 1)
            self.zeros -= 1 << k
            self.kp = min(self.kp + 4, 80)
            k = self.kp >> 3
        return self.target.finish() + b"\0"
