"""Write the bits of a parameter set, as its specification lists them."""

from __future__ import annotations


class BitWriter:
    """Bits, appended one field after another."""

    def __init__(self) -> None:
        self.text = ""

    def u(self, count: int, value: int = 0) -> BitWriter:
        """An unsigned number of ``count`` bits."""
        assert 0 <= value < 1 << count
        self.text += f"{value:0{count}b}" if count else ""
        return self

    def ue(self, *values: int) -> BitWriter:
        """Unsigned Exp-Golomb codes."""
        for value in values:
            code = f"{value + 1:b}"
            self.text += "0" * (len(code) - 1) + code
        return self

    def se(self, *values: int) -> BitWriter:
        """Signed Exp-Golomb codes."""
        return self.ue(*(2 * value - 1 if value > 0 else -2 * value for value in values))

    def closed(self) -> bytes:
        """The bytes: a stop bit, and zeros up to a whole byte."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8)
