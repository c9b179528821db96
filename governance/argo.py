"""Exports for a cluster: an Argo Rollouts manifest and a container reference, both by digest."""

from __future__ import annotations

import re
from typing import Any, Final

from governance import period
from governance.release import Release
from governance.serving import Serving

_IMAGE: Final = re.compile(r"[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}")


def by_digest(image: str) -> bool:
    """Whether an image is named by its digest: a tag may point elsewhere tomorrow."""
    return bool(_IMAGE.fullmatch(image))


def reference(serving: Serving, image: str) -> dict[str, Any]:
    """Which container serves which bytes, for a platform of one's own."""
    (digest,) = {
        o.digest for s in serving.stages.values() for o in s if o.version == serving.version
    }
    return {
        "image": image,
        "model": serving.model,
        "version": serving.version,
        "digest": digest,
        "step": serving.step,
    }


def manifest(serving: Serving, release: Release, image: str) -> dict[str, Any]:
    """A Rollout that pauses at each step in production until somebody promotes it.

    The pauses have no end: time alone promotes nothing here, and each further step is a change of
    `rollout.yaml` that passes the gates.
    """
    labels = {"app.kubernetes.io/name": _label(serving.model)}
    found = reference(serving, image)
    steps: list[dict[str, Any]] = []
    for step in release.steps:
        if step.stage == "production" and step.exposure < 1:
            weight = {"setWeight": max(1, round(step.exposure * 100))}
            steps += [weight, {"pause": {}}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {
            "name": _label(serving.model),
            "labels": labels,
            "annotations": {
                "charter/version": serving.version,
                "charter/digest": found["digest"],
                "charter/soak": ", ".join(
                    f"{step.id} {period.days(step.soak)}d" for step in release.steps
                ),
            },
        },
        "spec": {
            "selector": {"matchLabels": labels},
            "strategy": {"canary": {"steps": steps}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": False,
                    "containers": [_container(serving, found)],
                },
            },
        },
    }


def _container(serving: Serving, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "inference",
        "image": found["image"],
        "env": [
            {"name": "CHARTER_MODEL", "value": serving.model},
            {"name": "CHARTER_MODEL_DIGEST", "value": found["digest"]},
        ],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
    }


def _label(model: str) -> str:
    """A model's name as Kubernetes takes it."""
    return model.replace("_", "-")
