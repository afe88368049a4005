// Accuracy over the settings of a merge: curves over one setting, heat maps over two.

const kMethods = { linear: "Linear", task_arithmetic: "Task arithmetic", ties: "TIES", dare_linear: "DARE", dare_ties: "DARE + TIES" };

function metricOf(benchmark, point, name) {
  return benchmark.runs[point.run].metrics.find((metric) => metric.name === name);
}

// The settings' runs that are shown and have a figure for this metric.
function settingsWith(benchmark, sweep, name) {
  return sweep.points.filter((point) => !benchmark.runs[point.run].hidden && metricOf(benchmark, point, name)?.percent != null);
}

function sweepCurve(benchmark, sweep, name, best, limits) {
  const points = settingsWith(benchmark, sweep, name).sort((a, b) => a.weight - b.weight).map((point) => {
    const metric = metricOf(benchmark, point, name);
    return { x: point.weight, y: metric.percent, low: metric.interval?.[0], high: metric.interval?.[1], best: metric.percent === best,
      title: `${benchmark.runs[point.run].label}: ${fixed(metric.percent)}${percentRange(metric.interval)}` };
  });
  if (points.length < 2) return null;
  const axis = sweep.method === "linear" ? "ratio of the reward model" : "λ";
  return linePlot(`${kMethods[sweep.method]}, ${name} over ${axis}`, axis, [{ name, colour: "var(--accent)", points }], { limits });
}

function heatCell(benchmark, point, name, range, box, best) {
  const metric = metricOf(benchmark, point, name);
  const share = range.high > range.low ? (metric.percent - range.low) / (range.high - range.low) : 0.5;
  const colour = `color-mix(in oklab, var(--heat-high) ${Math.round(share * 100)}%, var(--heat-low))`;
  return titled(`${benchmark.runs[point.run].label}: ${fixed(metric.percent)}${percentRange(metric.interval)}`, draw("g", {},
    draw("rect", { x: box.x + 1, y: box.y + 1, width: box.width - 2, height: box.height - 2, rx: 2, style: { fill: colour },
      class: metric.percent === best ? "cell best" : "cell" }),
    draw("text", { class: "cell-text", x: box.x + box.width / 2, y: box.y + box.height / 2 + 4, "text-anchor": "middle",
      style: { fill: share > 0.65 ? "var(--heat-ink-high)" : "var(--heat-ink-low)" } }, fixed(metric.percent))));
}

function heatMap(benchmark, sweep, name, range, best) {
  const points = settingsWith(benchmark, sweep, name);
  if (points.length === 0) return null;
  const distinct = (key) => [...new Set(points.map((point) => point[key]))].sort((a, b) => a - b);
  const densities = distinct("density"), weights = distinct("weight").reverse();
  const left = 30, width = 40, height = 28, bottom = 34;
  const cells = points.map((point) => heatCell(benchmark, point, name, range, { width, height,
    x: left + densities.indexOf(point.density) * width, y: weights.indexOf(point.weight) * height }, best));
  const rows = weights.map((weight, i) => draw("text", { class: "tick", x: left - 6, y: (i + 0.5) * height + 4, "text-anchor": "end" }, String(weight)));
  const columns = densities.map((density, i) =>
    draw("text", { class: "tick", x: left + (i + 0.5) * width, y: weights.length * height + 14, "text-anchor": "middle" }, String(density)));
  const end = left + densities.length * width;
  return drawing(end, weights.length * height + bottom, `${kMethods[sweep.method]}, ${name} over λ and density`, ...cells, ...rows, ...columns,
    draw("text", { class: "axis", x: 8, y: 12 }, "λ"),
    draw("text", { class: "axis", x: (left + end) / 2, y: weights.length * height + 30, "text-anchor": "middle" }, "density"));
}

// What all curves of a metric lie within, with their intervals.
function curveLimits(benchmark, name) {
  const curves = benchmark.sweeps.filter((sweep) => sweep.points[0].density == null);
  const metrics = curves.flatMap((sweep) => settingsWith(benchmark, sweep, name)).map((point) => metricOf(benchmark, point, name));
  return metrics.length > 0 ? percentLimits(metrics.flatMap((metric) => [metric.percent, ...(metric.interval ?? [])])) : null;
}

// Whether TIES gives the same at each weight: with `normalize`, a weight that both models share cancels.
function weightCancels(benchmark, sweep) {
  if (sweep.method !== "ties" || new Set(sweep.points.map((point) => point.weight)).size < 2) return false;
  const figures = (point) => JSON.stringify(benchmark.runs[point.run].metrics.map((metric) => metric.percent));
  return sweep.points.every((point) => sweep.points.every((other) => other.density !== point.density || figures(other) === figures(point)));
}

// One metric over all methods, on one scale.
function sweepRow(benchmark, name) {
  const values = benchmark.sweeps.flatMap((sweep) => settingsWith(benchmark, sweep, name)).map((point) => metricOf(benchmark, point, name).percent);
  if (values.length === 0) return null;
  const range = { low: Math.min(...values), high: Math.max(...values) }, limits = curveLimits(benchmark, name);
  const panels = benchmark.sweeps.map((sweep) => {
    const chart = sweep.points[0].density == null ? sweepCurve(benchmark, sweep, name, range.high, limits)
      : heatMap(benchmark, sweep, name, range, range.high);
    return chart && make("div", { class: "panel" }, make("h5", {}, kMethods[sweep.method]), chart,
      weightCancels(benchmark, sweep) && make("p", { class: "hint" }, "λ cancels in TIES with normalisation: its rows are equal."));
  });
  return make("div", { class: "sweep" }, make("h4", {}, name), make("div", { class: "panels" }, panels));
}

function sweepCharts(benchmark) {
  if (benchmark.sweeps.length === 0) return null;
  const names = metricNames(benchmark.runs);
  const order = ["overall", "accuracy", "macro"];  // the one figure before its parts
  const place = (name) => order.indexOf(benchmark.runs[0].metrics.find((metric) => metric.name === name)?.figure) + 1 || 9;
  names.sort((a, b) => place(a) - place(b));
  const [first, ...others] = names.map((name) => sweepRow(benchmark, name));
  if (!first) return null;
  const more = others.some(Boolean) && make("details", {}, make("summary", {}, "By group"), others);
  const settings = benchmark.sweeps.reduce((sum, sweep) => sum + sweep.points.length, 0);
  const caption = `Accuracy in percent over the settings of the merge, all of a row on one scale; the best of a row is outlined. Bands: 95% intervals. ` +
    `The best of ${settings} settings was found on these very samples, so its figure is too high; report one that was chosen on others.`;
  return figure(`${benchmark.name} sweep`, caption,
    make("div", { class: "sweeps" }, first, more || null));
}
