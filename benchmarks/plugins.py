"""Workloads of installed plugins: one class each; hwperf's own have theirs beside this module."""

from hwperf import plugins
from hwperf.asv.benchmark import camel, classes_for

globals().update(
    classes_for(
        (id for id, w in plugins.load().workloads.items() if not w.module.startswith("hwperf.")),
        camel,
    )
)
