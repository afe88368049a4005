// Lines over a number: best-of-n curves, and what the sweeps draw with.

// Round limits around the values, in percent.
function percentLimits(values) {
  return [Math.max(0, Math.floor(Math.min(...values) / 5) * 5), Math.min(100, Math.ceil(Math.max(...values) / 5) * 5)];
}

// series: [{name, colour, dashed, points: [{x, y, low, high, title, best}]}], y in percent.
function linePlot(label, xName, series, { xTicks, width, limits } = {}) {
  const points = series.flatMap((line) => line.points);
  const xs = points.map((point) => point.x);
  const ys = limits ?? percentLimits(points.flatMap((point) => [point.y, point.low, point.high]).filter((value) => value != null));
  const { x, y, axes } = plotAxes([Math.min(...xs), Math.max(...xs)], ys, { xName, xTicks, width });
  const lines = series.map((line) => drawLine(line, x, y));
  return drawing(width ?? kPlot.width, kPlot.height, label, ...axes, ...lines.map((line) => line.band), ...lines.map((line) => line.marks));
}

function drawLine(line, x, y) {
  const path = (side) => line.points.map((point) => `${x(point.x)} ${y(point[side])}`);
  const bounded = line.points.every((point) => point.low != null);
  const band = bounded && draw("path", { class: "band", style: { fill: line.colour },
    d: `M${path("low").join("L")}L${path("high").reverse().join("L")}Z` });
  const stroke = draw("path", { class: line.dashed ? "line dashed" : "line", d: `M${path("y").join("L")}`, style: { stroke: line.colour } });
  const dots = line.points.map((point) => titled(point.title,
    draw("circle", { class: point.best ? "dot best" : "dot", cx: x(point.x), cy: y(point.y), r: point.best ? 4.5 : 3, style: { fill: line.colour } })));
  return { band: band || null, marks: draw("g", {}, stroke, ...dots) };
}

// The reward model's pick among n responses, and the best that was there.
function bestOfNCurves(benchmark) {
  const runs = shownRuns(benchmark).filter((run) => run.curve && run.curve.length > 1);
  if (runs.length === 0) return null;
  const line = (name, colour, curve, side, dashed) => ({ name, colour, dashed, points: curve.map((point) =>
    ({ x: point.n, y: point[side] * 100, title: `${name}, n = ${point.n}: ${fixed(point[side] * 100)}` })) });
  const picked = runs.map((run) => line(run.label, seriesColour(benchmark.runs.indexOf(run)), run.curve, "chosen", false));
  const best = line("best possible", "var(--muted)", runs[0].curve, "best", true);
  const n = runs[0].curve.map((point) => point.n).filter((_, i, all) => all.length <= 8 || i % Math.ceil(all.length / 8) === 0);
  return figure(`${benchmark.name} best of n`, "Expected accuracy of the pick among n responses, over all subsets. Dashed: the best of them.",
    linePlot("Best-of-n curves", "n responses", [...picked, best], { xTicks: n, width: 2 * kPlot.width }),
    legend(runs.map((run) => run.label), (i) => seriesColour(benchmark.runs.indexOf(runs[i]))));
}
