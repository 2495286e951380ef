// The tab of the published site: a machine and a run of it, and an earlier one over it.
// Data comes by script tags: a page that is opened as a file may load those, and read nothing.
"use strict";

const hwperf_runs = {};

(function () {
  const index = JSON.parse(document.getElementById("hwperf-index").textContent);
  const report = document.getElementById("report");
  const choose = {
    machine: document.getElementById("machine"),
    run: document.getElementById("run"),
    then: document.getElementById("then"),
  };
  const legend = document.getElementById("legend");

  function load(number) {
    if (number in hwperf_runs) return Promise.resolve(hwperf_runs[number]);
    return new Promise(function (resolve, reject) {
      const script = document.createElement("script");
      script.src = "data/" + number + ".js";
      script.onload = function () { resolve(hwperf_runs[number]); };
      script.onerror = function () { reject(new Error("data/" + number + ".js is not there")); };
      document.head.append(script);
    });
  }

  function option(value, words) {
    const made = document.createElement("option");
    made.value = value;
    made.textContent = words;
    return made;
  }

  function of(machine) {
    return index.runs.filter(function (run) { return run.machine === machine; });
  }

  function offer_runs() {
    const machine = index.machines[Number(choose.machine.value)];
    choose.run.replaceChildren(...of(machine).map(function (run) {
      return option(String(run.number), run.label);
    }));
  }

  function offer_then() {
    const kept = choose.then.value;
    const groups = index.machines.map(function (machine) {
      const group = document.createElement("optgroup");
      group.label = machine;
      group.append(...of(machine)
        .filter(function (run) { return String(run.number) !== choose.run.value; })
        .map(function (run) { return option(String(run.number), run.label); }));
      return group;
    }).filter(function (group) { return group.children.length; });
    choose.then.replaceChildren(option("", "nothing"), ...groups);
    choose.then.value = kept;
    if (choose.then.selectedIndex < 0) choose.then.value = "";
  }

  function remember() {
    const wanted = "#run=" + choose.run.value + (choose.then.value ? "&then=" + choose.then.value : "");
    history.replaceState(null, "", wanted);
  }

  async function show() {
    const number = choose.run.value;
    const earlier = choose.then.value;
    try {
      const run = await load(number);
      const then = earlier ? await load(earlier) : null;
      if (number !== choose.run.value || earlier !== choose.then.value) return;
      report.innerHTML = run.html; // Escaped where it was made.
      legend.hidden = !then;
      await hwperf.draw(report, hwperf_specs, run, then);
    } catch (error) {
      report.textContent = "This run cannot be shown: " + error.message;
    }
  }

  choose.machine.append(...index.machines.map(function (machine, place) {
    return option(String(place), machine);
  }));
  choose.machine.addEventListener("change", function () { offer_runs(); offer_then(); remember(); show(); });
  choose.run.addEventListener("change", function () { offer_then(); remember(); show(); });
  choose.then.addEventListener("change", function () { remember(); show(); });

  // The address holds the choice, so a link to a section only goes there.
  report.addEventListener("click", function (event) {
    const link = event.target.closest('a[href^="#"]');
    const section = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!section) return;
    event.preventDefault();
    section.tabIndex = -1;
    section.scrollIntoView();
    section.focus({ preventScroll: true });
  });

  function by_address() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const first = index.runs.find(function (run) { return String(run.number) === asked.get("run"); })
      || index.runs.find(function (run) { return run.number === index.first; });
    choose.machine.value = String(index.machines.indexOf(first.machine));
    offer_runs();
    choose.run.value = String(first.number);
    offer_then();
    choose.then.value = asked.get("then") || "";
    if (choose.then.selectedIndex < 0) choose.then.value = "";
    return show();
  }

  window.addEventListener("hashchange", by_address);
  by_address();
})();
