"""`python -m bench`: runs benchmarks, prints ratios, ends with 1 when a bar is missed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench import (
    audit,
    calibration,
    declarations,
    drift,
    judging,
    landing,
    privacy,
    registering,
    removal,
    replaying,
    retraining,
    startup,
)
from bench.rounds import CouldNotMeasure

BENCHMARKS = {
    "audit": audit.run,
    "calibration": calibration.run,
    "declarations": declarations.run,
    "drift": drift.run,
    "startup": startup.run,
    "judging": judging.run,
    "landing": landing.run,
    "privacy": privacy.run,
    "registering": registering.run,
    "removal": removal.run,
    "replaying": replaying.run,
    "retraining": retraining.run,
}


def main() -> int:
    """0 when every bar was kept, 1 when one was missed, 2 when one could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="instead of each one's own number")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(BENCHMARKS)):
        parser.error(f"no benchmark is called {', '.join(unknown)}")
    if given.rounds is not None and given.rounds < 1:
        parser.error("--rounds: at least 1")
    kept = True
    for name in given.names or BENCHMARKS:
        print(name, flush=True)
        with tempfile.TemporaryDirectory(prefix="charter-bench-") as folder:
            try:
                kept = BENCHMARKS[name](Path(folder), given.rounds) and kept
            except CouldNotMeasure as reason:
                print(f"  could not be measured: {reason}", file=sys.stderr)
                return 2
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
