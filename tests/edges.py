"""Numbers beside the edges of cells, where logarithms and powers are off if anywhere."""

from __future__ import annotations

import math
import sys

HARD = [
    0.0, -0.0, 5e-324, 1e-310, sys.float_info.min, sys.float_info.max, math.inf, 1.0, 1.5, 1.0625,
    math.nextafter(1, 0), math.nextafter(1, 2), math.nextafter(2, 0), 1 + 1 / 16 - 2**-50,
    *(2.0**n for n in range(-1022, 1024, 31)),
    *(math.nextafter(2.0**n, 0) for n in range(-1021, 1024, 31)),
]  # fmt: skip
