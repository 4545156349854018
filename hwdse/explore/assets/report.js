"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const unpacked = (id) => {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  const [text, plotly] = await Promise.all([unpacked("data"), unpacked("plotly")]);
  const data = JSON.parse(text);
  (0, eval)(plotly);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const column = (name) => data.columns.find((c) => c.name === name);
  const value = (design, c) => design[c.name] === null ? null : design[c.name] * c.factor;
  const escape = (text) =>
    String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  // As in axis.py: a ratio is placed by the logarithm of its error.
  const place = (number, c) => number === null ? null
    : c.scale === "error" ? -Math.log10(Math.max(100 - 100 * number, data.least_error))
    : number;
  const config = {
    displaylogo: false, responsive: true,
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
  };
  const still = { displayModeBar: false, responsive: true };

  function ticks(c, values) {
    if (c.scale === "linear") return { type: "linear" };
    if (c.scale === "log") return { type: "log", dtick: "D2", tickformat: "~r" };
    const shown = values.filter((v) => v !== null);
    const low = Math.min(...shown) - 0.15;
    const high = Math.max(...shown) + 0.15;
    let errors = [];
    for (const steps of [[1], [1, 2, 5], [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]]) {
      errors = [-4, -3, -2, -1, 0, 1, 2].flatMap((decade) => steps.map((s) => s * 10 ** decade))
        .filter((e) => e <= 100 && e > data.least_error && -Math.log10(e) >= low && -Math.log10(e) <= high);
      if (errors.length >= 4) break;
    }
    const marks = errors.map((e) => [-Math.log10(e), String(Number((100 - e).toPrecision(6)))]);
    const none = -Math.log10(data.least_error);
    if (none <= high) marks.push([none, "100"]);
    return {
      type: "linear", tickmode: "array",
      tickvals: marks.map((m) => m[0]), ticktext: marks.map((m) => m[1]),
    };
  }

  function layout(extra) {
    const axis = {
      gridcolor: css("--line"), linecolor: css("--line"), zeroline: false, automargin: true,
    };
    const base = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: css("--ink"), family: "system-ui, DejaVu Sans, sans-serif", size: 13 },
      margin: { l: 60, r: 10, t: 34, b: 50 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--quiet"), activecolor: css("--accent") },
      hoverlabel: {
        align: "left", bgcolor: css("--card"), bordercolor: css("--line"),
        font: { color: css("--ink"), family: "ui-monospace, DejaVu Sans Mono, monospace", size: 12 },
      },
      ...extra,
    };
    base.xaxis = { ...axis, ...extra.xaxis };
    base.yaxis = { ...axis, ...extra.yaxis };
    return base;
  }

  function hover(design) {
    const lines = data.columns
      .filter((c) => design[c.name] !== null)
      .map((c) => `${escape(c.label)}: ${Number(value(design, c).toPrecision(4))}`);
    const rank = design.rank === null ? [] : [`Rank: ${design.rank}`];
    const chance = design.front_probability === null ? "unknown"
      : `${Math.round(100 * design.front_probability)} %`;
    const place = `Front of the table: ${chance}, ${design.standing}`;
    return [`<b>${escape(design.design)}</b>`, place, ...rank, ...lines].join("<br>");
  }

  const part = () => byId("part").value;

  function scatter() {
    const x = column(byId("x").value);
    const y = column(byId("y").value);
    const front = data.fronts[part()][`${x.name} ${y.name}`].map((i) => data.designs[i]);
    const groups = new Map();
    for (const design of data.designs.filter((d) => d.combination === part())) {
      if (!groups.has(design.group)) groups.set(design.group, []);
      groups.get(design.group).push(design);
    }
    const traces = [...groups].map(([name, members]) => {
      const trace = {
        type: "scatter", mode: "markers", name, x: members.map((d) => place(d[x.name], x)),
        y: members.map((d) => place(d[y.name], y)), text: members.map(hover), hoverinfo: "text",
        marker: {
          size: 10, color: members[0].colour, symbol: members[0].symbol,
          line: { width: 1, color: css("--card") },
        },
      };
      if (y.name === "accuracy") {
        trace.error_y = {
          type: "data", symmetric: false, thickness: 1, width: 0, color: members[0].colour + "66",
          array: members.map((d) => place(d.accuracy_high, y) - place(d.accuracy, y)),
          arrayminus: members.map((d) => place(d.accuracy, y) - place(d.accuracy_low, y)),
        };
      }
      return trace;
    });
    traces.push({
      type: "scatter", mode: "lines+markers", name: "Pareto front", hoverinfo: "skip",
      x: front.map((d) => place(d[x.name], x)), y: front.map((d) => place(d[y.name], y)),
      line: { color: css("--ink"), width: 1.5, shape: "hv" },
      marker: { size: 15, symbol: "circle-open", color: css("--ink"), line: { width: 1.5 } },
    });
    // Assignments of designs to layers have names of files, which say more than a colour.
    const named = data.designs.filter((d) => d.by_layer && d.combination === part());
    if (named.length) {
      traces.push({
        type: "scatter", mode: "markers+text", hoverinfo: "skip", showlegend: false,
        x: named.map((d) => place(d[x.name], x)), y: named.map((d) => place(d[y.name], y)),
        text: named.map((d) => escape(d.design)), textposition: "bottom center",
        // A marker that nobody sees keeps the text off the one that all see.
        marker: { size: 14, opacity: 0 }, textfont: { size: 11, color: css("--quiet") },
      });
    }
    const shapes = [];
    const annotations = [];
    const baseline = data.float_accuracy[part()];
    if (y.name === "accuracy" && baseline !== null) {
      const level = place(baseline, y);
      shapes.push({
        type: "line", xref: "paper", x0: 0, x1: 1, y0: level, y1: level, layer: "below",
        line: { color: css("--quiet"), width: 1, dash: "dash" },
      });
      annotations.push({
        xref: "paper", x: 1, y: level, text: `float: ${(100 * baseline).toFixed(2)} %`, showarrow: false,
        xanchor: "right", yanchor: "bottom", font: { size: 12, color: css("--quiet") },
      });
    }
    return Plotly.react("scatter", traces, layout({
      xaxis: { title: { text: x.label }, ...ticks(x, []) },
      yaxis: {
        title: { text: y.label + (y.scale === "error" ? ", spread by error rate" : "") },
        ...ticks(y, traces.flatMap((t) => t.y)),
      },
      legend: { itemsizing: "constant" }, hovermode: "closest", shapes, annotations,
    }), config);
  }

  function blocks(id, name) {
    const c = column(name);
    const front = data.fronts[part()][data.front].map((i) => data.designs[i]).reverse();
    const labels = front.map((d) => escape(d.design));
    const traces = data.blocks.map((block, i) => ({
      type: "bar", orientation: "h", name: block, y: labels,
      x: front.map((d) => (d.blocks[block] || {})[name] || 0),
      marker: { color: data.block_colours[i % data.block_colours.length] },
      hovertemplate: `${escape(block)}: %{x:.4g} ${c.unit}<br>%{y}<extra></extra>`,
    }));
    return Plotly.react(id, traces, layout({
      barmode: "stack", height: 110 + 30 * front.length, bargap: 0.3,
      xaxis: { title: { text: c.label }, rangemode: "tozero" },
      yaxis: { type: "category", ticklabelstandoff: 6, tickfont: { size: 11 } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal" },
    }), still);
  }

  function draw() {
    if (!data.designs.length) {
      for (const chart of document.querySelectorAll(".chart")) chart.closest("section").hidden = true;
      return Promise.resolve();
    }
    return Promise.all([
      scatter(), blocks("blocks-area", "area_um2"), blocks("blocks-energy", "energy_pj"),
    ]);
  }

  const body = byId("table").tBodies[0];
  const rows = [...body.rows];

  function filter() {
    const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = `${row.textContent} ${row.dataset.words || ""}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word)) ||
        (byId("front-only").checked && !row.classList.contains("front"));
      shown += !row.hidden;
    }
    byId("count").textContent = `${shown} of ${rows.length}`;
  }

  function sort(head) {
    const ascending = head.getAttribute("aria-sort") !== "ascending";
    const index = head.cellIndex;
    const numeric = head.classList.contains("number");
    const key = (row) => {
      const cell = row.cells[index];
      return numeric ? parseFloat(cell.dataset.value) : cell.textContent;
    };
    const order = (a, b) => {
      if (!numeric) return a.localeCompare(b);
      // Missing values go last either way.
      return isNaN(a) || isNaN(b) ? (isNaN(a) - isNaN(b)) * (ascending ? 1 : -1) : a - b;
    };
    rows.sort((p, q) => (ascending ? 1 : -1) * order(key(p), key(q)));
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    body.append(...rows);
  }

  for (const head of byId("table").tHead.rows[0].cells) {
    head.querySelector("button").addEventListener("click", () => sort(head));
  }
  byId("filter").addEventListener("input", filter);
  byId("front-only").addEventListener("change", filter);
  byId("x").addEventListener("change", scatter);
  byId("y").addEventListener("change", scatter);
  byId("part").addEventListener("change", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  filter();
  draw();
})();
