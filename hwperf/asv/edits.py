"""What is changed in asv's site. This module holds each text of asv and ours in its place."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["EDITS"]

EDITS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "index.html": (
        # After jQuery, whose ajax it replaces, and before anything that loads data.
        ('<script language="javascript" type="text/javascript"\n            src="asv.js">',
         '<script src="offline.js"></script>\n'
         '    <script src="axes.js"></script>\n'
         '    <script language="javascript" type="text/javascript"\n            src="asv.js">'),
    ),
    "error.html": (
        ("Make sure you have an active internet connection and enable 3rd-party scripts\n"
         "      in your browser the first time you load airspeed velocity.",
         "They lie in the directory vendor beside this page: publish the pages again."),
    ),
    "summarylist.js": (
        ("if (change > 5) {", "var worse = $.asv.main_json.benchmarks[row.name].higher_is_better"
         " ? -change : change;\n\n                if (worse > 5) {"),
        ("else if (change < -5) {", "else if (worse < -5) {"),
    ),
    "regressions.js": (
        ("var factor = new_value / old_value;",
         "var factor = benchmark.higher_is_better"
         " ? old_value / new_value : new_value / old_value;"),
        ("var factor = last_value / best_value;",
         "var factor = benchmark.higher_is_better"
         " ? best_value / last_value : last_value / best_value;"),
    ),
    "summarygrid.js": (
        # One commit is a point, not a line.
        ("lineWidth: 2\n                        },",
         "lineWidth: 2\n                        },\n"
         "                        points: {show: data.length < 2},"),
    ),
    "graphdisplay.js": (
        ("/* Default plot: time series */\n        x_coordinate_axis = 0;",
         "/* Default plot: time series, as soon as there is time */\n"
         "        x_coordinate_axis = hwperf_first_axis(params, state_selection['x-axis']);"),
        # At least one value of each parameter, or nothing is drawn; the x-axis is no curve.
        ("j < param_values.length && (j+1)*count <= max_curves;",
         "j < param_values.length && (j == 0 || (j+1)*count <= max_curves\n"
         "                                                     || k == x_coordinate_axis - 1);"),
        ("count = count * item.length;\n",
         "if (k != x_coordinate_axis - 1) {\n"
         "                    count = count * item.length;\n                }\n"),
        ("options.xaxis.axisLabel = param_names[x_coordinate_axis-1];",
         "options.xaxis.axisLabel = param_names[x_coordinate_axis-1];\n"
         "            hwperf_scale_axis(options.xaxis, param_names[x_coordinate_axis-1], $.asv"
         ".main_json.benchmarks[current_benchmark].params[x_coordinate_axis-1]);"),
    ),
}  # fmt: skip
"""File of asv's site -> (text of asv, our text), each of which must be there."""
