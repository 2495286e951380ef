"""What all tests share: hypothesis without a clock and without chance."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A loaded machine is slow, and a run must find what the run before found.
settings.register_profile(
    "hwperf",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("hwperf")
