"""Checks of layers: they hold on real features, and see what is wrong in any of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.operations.gaunt_convolution import GauntConvolution
from reptheory.operations.gaunt_interaction import GauntInteraction
from reptheory.operations.spin_tensor_product import SpinTensorProduct
from reptheory.operations.symmetric_contraction import SymmetricContraction
from reptheory.verify.layers import check_layers

LAYERS = {
    "Gaunt interaction": GauntInteraction,
    "Gaunt convolution": GauntConvolution,
    "symmetric contraction": SymmetricContraction,
    "spins": SpinTensorProduct,
}


def test_every_layer_holds_with_limits_that_are_not_idle(work: Any) -> None:
    checks = check_layers(work.x, work.y, work.coupling)
    assert len(checks) == 8
    for check in checks:
        assert check.holds
        most = 1.01 if "certificate" in check.subject else 300
        assert 1 <= check.figures["tightness"] < most


@pytest.mark.parametrize("layer", LAYERS)
def test_a_wrong_layer_is_found(work: Any, layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result off by 1e-9 exceeds its bound, but not its certificate, which looks at it."""
    original = LAYERS[layer].__call__

    def scaled(self: Any, *given: Any, **options: Any) -> Any:
        z, bound = original(self, *given, **options)
        return z * (1 + 1e-9), bound

    monkeypatch.setattr(LAYERS[layer], "__call__", scaled)
    checks = check_layers(work.x, work.y, work.coupling)
    failed = {check.subject for check in checks if not check.holds}
    assert {f"{layer}, bound"} <= failed <= {f"{layer}, bound", "Gaunt convolution, bound"}
    monkeypatch.setattr(LAYERS[layer], "certificate", lambda *_, **__: np.full(1, 1e-20))
    checks = check_layers(work.x, work.y, work.coupling)
    assert f"{layer}, certificate" in [check.subject for check in checks if not check.holds]
