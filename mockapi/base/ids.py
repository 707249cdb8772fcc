"""Names and ids from one seedable source, so that a seeded cluster is the same on every run."""

import random

# The alphabet of generated names: no vowels and no look-alikes (apimachinery util/rand).
SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Ids:
    """One source of randomness for a cluster."""

    def __init__(self, seed: int | None = None) -> None:
        self.random = random.Random(seed)

    def uid(self) -> str:
        """A version 4 UUID."""
        bits = self.random.getrandbits(128)
        bits = (bits & ~(0xF000 << 64) & ~(0xC000 << 48)) | (0x4000 << 64) | (0x8000 << 48)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def suffix(self, length: int = 5) -> str:
        """The random end of a generated name."""
        return "".join(self.random.choices(SAFE_ALPHABET, k=length))

    def hex(self, length: int) -> str:
        return f"{self.random.getrandbits(length * 4):0{length}x}"

    def below(self, limit: int) -> int:
        return self.random.randrange(limit)
