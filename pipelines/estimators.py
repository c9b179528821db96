"""From a declaration to an unfitted scikit-learn pipeline."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pipelines.inputs import Refused

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from governance.model import Model
    from governance.registry import Registry


def build(model: Model, registry: Registry) -> Pipeline:
    """The declared preprocessing and estimator, unfitted.

    Raises:
        Refused: the estimator is not allowed, unknown, or does not take the parameters.
    """
    from sklearn.pipeline import Pipeline  # noqa: PLC0415 - a second of imports

    estimator = _estimator(model, registry)
    return Pipeline([("columns", _columns(model)), ("estimator", estimator)])


def fit(model: Model, registry: Registry, features: Any, target: Any) -> Any:
    """A fitted model: the declared estimator's, or what the declared trainer returns.

    Raises:
        Refused: estimator or trainer cannot be used as declared.
    """
    from sklearn.utils._param_validation import InvalidParameterError  # noqa: PLC0415

    if model.training.trainer is None:
        try:
            return build(model, registry).fit(features, target)
        except InvalidParameterError as error:
            msg = f"{model.name}: {error}"
            raise Refused(msg) from None
    module, _, name = model.training.trainer.partition(":")
    if not any(
        module == allowed or module.startswith(f"{allowed}.") for allowed in registry.trainers
    ):
        msg = f"{model.name}: trainer module {module} is not allowed by policies/registry.yaml"
        raise Refused(msg)
    trainer = _attribute(module, name, model.name)
    fitted = trainer(features, target, seed=model.training.seed, **model.training.params)
    if not hasattr(fitted, "predict"):
        msg = f"{model.name}: {model.training.trainer} returned nothing that predicts"
        raise Refused(msg)
    return fitted


def _estimator(model: Model, registry: Registry) -> Any:
    from sklearn.base import is_classifier, is_regressor  # noqa: PLC0415

    dotted = model.training.estimator or ""
    if not any(dotted.startswith(prefix) for prefix in registry.estimators):
        msg = f"{model.name}: estimator {dotted} is not allowed by policies/registry.yaml"
        raise Refused(msg)
    module, _, name = dotted.rpartition(".")
    params = dict(model.training.params)
    made = _attribute(module, name, model.name)
    if not _is_estimator(made):
        msg = f"{model.name}: {dotted} is no estimator"
        raise Refused(msg)
    known: list[str] = made._get_param_names()  # noqa: SLF001 - the public way needs an instance
    unknown = sorted(set(params) - set(known))
    if unknown:
        msg = f"{model.name}: {name} takes no parameter {unknown[0]}; it takes {', '.join(known)}"
        raise Refused(msg)
    if "random_state" in known:
        params.setdefault("random_state", model.training.seed)
    try:
        estimator = made(**params)
    except TypeError as error:
        msg = f"{model.name}: {name}: {error}"
        raise Refused(msg) from None
    if not (is_classifier if model.task == "classification" else is_regressor)(estimator):
        msg = f"{model.name}: {name} does no {model.task}"
        raise Refused(msg)
    return estimator


def _is_estimator(made: Any) -> bool:
    from sklearn.base import BaseEstimator  # noqa: PLC0415

    return isinstance(made, type) and issubclass(made, BaseEstimator)


def _attribute(module: str, name: str, model: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        msg = f"{model}: there is no {name} in {module}"
        raise Refused(msg) from None


def _columns(model: Model) -> Any:
    """Preprocessing by column role; columns of no role are left out."""
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler  # noqa: PLC0415

    steps = model.training.preprocessing
    flagged = "indicate-missing" in steps.numeric
    makers = {
        "impute-median": lambda: SimpleImputer(strategy="median", add_indicator=flagged),
        "impute-mean": lambda: SimpleImputer(strategy="mean", add_indicator=flagged),
        "standardise": StandardScaler,
        "one-hot": lambda: OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        "ordinal": lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    }
    parts = []
    for role in ("numeric", "categorical"):
        names = list(getattr(model.features, role))
        chain = [makers[step]() for step in getattr(steps, role) if step in makers]
        if names:
            parts.append((role, make_pipeline(*chain) if chain else "passthrough", names))
    return ColumnTransformer(parts, remainder="drop", verbose_feature_names_out=False)
