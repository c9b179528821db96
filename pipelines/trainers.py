"""Trainers: functions that fit a model where an `estimator` with `params` does not say enough.

A model names one with `trainer: pipelines.trainers:FUNCTION`. It is called as
`FUNCTION(features, target, seed=…, **params)` with a pandas frame of the declared columns,
shape (rows, columns), and an array of shape (rows,) holding 0 and 1 or the target's numbers. It
returns a fitted scikit-learn model. The file is a dependency of the step `train`, so a change
here retrains; a trainer that stands elsewhere would not, and is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def ranked_logistic(
    features: pd.DataFrame, target: np.ndarray, *, seed: int, strength: float = 1.0
) -> Any:
    """Logistic regression on the ranks of numeric columns: outliers have no pull.

    Args:
        features: numeric columns may hold NaN, columns of text may not; shape (rows, columns).
        target: 0 or 1, shape (rows,).
        seed: seed of the rank sampling.
        strength: inverse of the L2 penalty, > 0.
    """
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - a second of imports
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer  # noqa: PLC0415

    numeric = [name for name in features if features[name].dtype.kind == "f"]
    words = [name for name in features if name not in numeric]
    quantiles = min(100, len(features))
    ranks = QuantileTransformer(n_quantiles=quantiles, random_state=seed)
    codes = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [
            ("numeric", make_pipeline(SimpleImputer(strategy="median"), ranks), numeric),
            ("words", codes, words),
        ]
    )
    return make_pipeline(columns, LogisticRegression(C=strength, max_iter=1000)).fit(
        features, target
    )
