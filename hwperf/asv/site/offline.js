/* Data for a page that is opened as a file, without a server: a browser then refuses to read the
   JSON files beside it, but runs scripts, so each x.json has a twin x.json.js. */
'use strict';

var hwperf_data = {};

(function() {
    if (window.location.protocol != 'file:') {
        return;
    }

    var ajax = $.ajax;

    $.ajax = function(settings) {
        var path = settings.url.split('?')[0];
        var answer = $.Deferred();

        if (!path.match(/\.json$/)) {
            return ajax.apply($, arguments);
        }
        var script = document.createElement('script');
        script.src = path + '.js';
        script.onload = function() {
            answer.resolve(hwperf_data[decodeURIComponent(path)]);
        };
        script.onerror = function() {
            answer.reject();
        };
        document.head.appendChild(script);
        return answer.promise();
    };
})();
