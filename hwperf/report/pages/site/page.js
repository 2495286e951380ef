// Draws the charts of one run, and of an earlier one over it or beside it.
// Names of machines and workloads are data: they reach the page as text, never as markup.
"use strict";

const hwperf = (function () {
  let turn = 0; // A page that is replaced while it is drawn is drawn no further.

  // The longest name in a legend decides how many stand beside each other.
  function columns(width, data) {
    const longest = data.reduce(function (most, row) {
      return Math.max(most, String(row.series || "").length);
    }, 1);
    const wide = Math.min(6 * longest + 42, width < 480 ? 162 : 272);
    return Math.max(1, Math.floor((width - 50) / wide));
  }

  function config(width, data) {
    const ink = "currentColor"; // Of the page: light, dark and printed alike.
    const font = 'system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif';
    const narrow = width < 480;
    return {
      background: null,
      font: font,
      view: { stroke: null },
      axis: {
        labelColor: ink, titleColor: ink, domainColor: ink, tickColor: ink, gridColor: ink,
        gridOpacity: 0.15, labelSeparation: 6, domainOpacity: 0.4, tickOpacity: 0.4, labelOpacity: 0.8, titleOpacity: 0.8,
        titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 12,
        labelLimit: Math.max(90, Math.min(240, Math.round(width * 0.36))),
      },
      legend: {
        orient: "top", direction: "horizontal", columns: columns(width, data),
        labelColor: ink, titleColor: ink, labelFontSize: 11, symbolStrokeWidth: 2, symbolOpacity: 1,
        symbolFillColor: ink,
        layout: { top: { anchor: "start", direction: narrow ? "vertical" : "horizontal", margin: narrow ? 2 : 14 } },
        labelLimit: narrow ? 120 : 230, columnPadding: 14, offset: 6, labelOpacity: 0.9,
      },
      text: { color: ink, fontSize: narrow ? 9 : 11 },
      rule: { color: ink },
    };
  }

  // What is laid over of an earlier run. Bands, ideals and bounds are those of the run itself.
  const over = new Set(["mark", "fit", "slope", "top"]);

  function rows(chart, run) {
    return chart.rows.map(function (row) { return Object.assign({}, row, { run: run }); });
  }

  async function embed(box, spec, data) {
    const full = Object.assign({}, spec, { datasets: { rows: data } });
    await vegaEmbed(box, full, {
      actions: false, renderer: "svg", config: config(box.clientWidth, data), ast: false,
      tooltip: { theme: "plain" }, logLevel: vega.Error,
    });
  }

  // Vega takes an element's role and label for its own: the box keeps those of the page.
  function inner(parent, name) {
    const plot = document.createElement("div");
    plot.style.width = "100%";
    if (name) {
      const half = document.createElement("div");
      half.dataset.run = name;
      half.append(plot);
      parent.append(half);
    } else {
      parent.append(plot);
    }
    return plot;
  }

  async function one(box, spec, chart, then) {
    box.replaceChildren();
    if (then && chart.compares === "beside") {
      const pair = document.createElement("div");
      pair.className = "pair";
      box.append(pair);
      await embed(inner(pair, "now"), spec, rows(chart, "now"));
      await embed(inner(pair, "then"), spec, rows(then, "now"));
    } else {
      const earlier = then ? rows(then, "then") : [];
      const laid = earlier.filter(function (row) { return over.has(row.kind); });
      await embed(inner(box), spec, rows(chart, "now").concat(laid));
    }
  }

  // specs: by the chart's name; run, then: {charts: {name: {rows, compares}}}, then may be null.
  async function draw(root, specs, run, then) {
    const mine = ++turn;
    document.documentElement.dataset.drawn = "";
    for (const box of root.querySelectorAll("[data-chart]")) {
      const name = box.dataset.chart;
      const chart = run.charts[name];
      if (!chart) continue;
      try {
        await one(box, specs[name], chart, then ? then.charts[name] : null);
      } catch (error) {
        box.textContent = "This chart could not be drawn: " + error.message;
        console.error(name, error);
      }
      if (mine !== turn) return;
      await new Promise(function (resolve) { setTimeout(resolve); });
    }
    document.documentElement.dataset.drawn = "yes";
  }

  return { draw: draw };
})();
