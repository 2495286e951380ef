/* The x-axis over a parameter.

   A parameter that spans orders of magnitude, such as a working set of 4 KiB to 1 GiB, on the
   x-axis: drawn to a linear scale, the caches would all lie in the first pixel. */
'use strict';

function hwperf_scale_axis(axis, name, values) {
    var numbers = $.map(values, $.asv.convert_benchmark_param_value);
    var low = Math.min.apply(null, numbers);
    var high = Math.max.apply(null, numbers);

    /* Also false where a value is no number. */
    if (!(low > 0 && high / low >= 64)) {
        return;
    }
    axis.transform = Math.log;
    axis.inverseTransform = Math.exp;
    axis.ticks = numbers.length <= 24 ? numbers : undefined;
    axis.tickFormatter = function(value) {
        var units = ['', ' Ki', ' Mi', ' Gi', ' Ti'];
        var i = 0;

        if (!name.match(/bytes$/)) {
            return '' + value;
        }
        for (; i < units.length - 1 && value >= 1024 && value % 1024 == 0; ++i) {
            value /= 1024;
        }
        return value + (units[i] || ' ') + 'B';
    };
}

/* Where a graph starts: over time or, as long as there is one commit, over its first parameter of
   several values. */
function hwperf_first_axis(params, wanted) {
    if (wanted !== undefined || Object.keys($.asv.main_json.revision_to_hash).length > 1) {
        return 0;
    }
    for (var k = 0; k < params.length; ++k) {
        if (params[k].length > 1) {
            return k + 1;
        }
    }
    return 0;
}
