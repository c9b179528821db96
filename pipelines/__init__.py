"""The acts: one module per step of `dvc.yaml`, and the commands that move data and models.

Numeric libraries read their thread count when they are imported, and more than one thread can
change the last digit of a sum, so one thread is the default here, before any of them loads.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
