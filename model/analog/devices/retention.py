"""Loss over time: decay towards a target (a leaking capacitor) and drift (PCM), sample by sample.

Decay per sample: w <- (w - b) (1 - 1 / lifetime) + b. Drift: t samples after its last pulse a device that held w0 holds
w0 (t / t0)^-nu, and w0 up to t0. Both act on conductances, w or g_plus and g_minus, not on the visible weight; the
formulas are those of IBM's aihwkit, which counts mini-batches where this counts input samples.
"""

from __future__ import annotations

from crosschop.model.analog.devices.state import Record
from crosschop.model.jit import inlined


@inlined
def lose(device: Record, common: Record) -> None:
    """One input sample later: decay and drift of a device, within its bounds; common: physics of the array."""
    held = device.conductance
    if common.drifts:
        device.age += 1
        # The factors of successive samples telescope to (t / t0)^-nu.
        if device.age > common.drift_t0:
            held *= (device.age / max(device.age - 1.0, common.drift_t0)) ** -device.nu
    if common.decays:
        held = (held - device.target) * device.keep + device.target
    device.conductance = min(max(held, device.low), device.high)
