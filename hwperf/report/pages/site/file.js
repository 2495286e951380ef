// One run in one file: its data lies in the page.
"use strict";

(function () {
  const data = JSON.parse(document.getElementById("hwperf-data").textContent);
  hwperf.draw(document.getElementById("report"), data.specs, data, null);
})();
