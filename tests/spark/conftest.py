"""These tests need Spark: `make test-spark` sets CHARTER_ENGINE, other runs leave them out."""

from __future__ import annotations

import os

SPARK = os.environ.get("CHARTER_ENGINE", "")
collect_ignore_glob = [] if SPARK.startswith("spark") else ["test_*.py"]
