// Lines over a number: best-of-n curves, and what the sweeps draw with.

const kPlot = { width: 212, height: 170, left: 34, right: 10, top: 8, bottom: 34 };

// series: [{name, colour, dashed, points: [{x, y, low, high, title}]}], y in percent.
function linePlot(label, xName, series, { xTicks, width } = kPlot) {
  const points = series.flatMap((line) => line.points);
  const values = points.flatMap((point) => [point.y, point.low, point.high]).filter((value) => value != null);
  const xs = points.map((point) => point.x);
  const { height, left, right, top, bottom } = kPlot;
  const low = Math.max(0, Math.floor(Math.min(...values) / 5) * 5), high = Math.min(100, Math.ceil(Math.max(...values) / 5) * 5);
  const x = scale(Math.min(...xs), Math.max(...xs), left, width - right), y = scale(low, high, height - bottom, top);
  const axes = [
    ...ticks(low, high, 4).map((tick) => [
      draw("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      draw("text", { class: "tick", x: left - 5, y: y(tick) + 4, "text-anchor": "end" }, String(tick))]),
    ...(xTicks ?? ticks(Math.min(...xs), Math.max(...xs), 5)).map((tick) =>
      draw("text", { class: "tick", x: x(tick), y: height - bottom + 14, "text-anchor": "middle" }, String(tick))),
    draw("text", { class: "axis", x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, xName)].flat();
  const lines = series.map((line) => drawLine(line, x, y));
  return drawing(width, height, label, ...axes, ...lines.map((line) => line.band), ...lines.map((line) => line.marks));
}

function drawLine(line, x, y) {
  const path = (side) => line.points.map((point) => `${x(point.x)} ${y(point[side])}`);
  const bounded = line.points.every((point) => point.low != null);
  const band = bounded && draw("path", { class: "band", d: `M${path("low").join("L")}L${path("high").reverse().join("L")}Z`, style: { fill: line.colour } });
  const stroke = draw("path", { class: line.dashed ? "line dashed" : "line", d: `M${path("y").join("L")}`, style: { stroke: line.colour } });
  const dots = line.points.map((point) => titled(point.title,
    draw("circle", { cx: x(point.x), cy: y(point.y), r: point.best ? 4.5 : 2.5, class: point.best ? "dot best" : "dot", style: { fill: line.colour } })));
  return { band: band || null, marks: draw("g", {}, stroke, ...dots) };
}

// The reward model's choice among n responses, and the best that was there.
function bestOfNCurves(benchmark) {
  const runs = benchmark.runs.filter((run) => run.curve && run.curve.length > 1);
  if (runs.length === 0) return null;
  const line = (name, colour, curve, side, dashed) => ({ name, colour, dashed, points: curve.map((point) =>
    ({ x: point.n, y: point[side] * 100, title: `${name}, n = ${point.n}: ${fixed(point[side] * 100)}` })) });
  const chosen = runs.map((run, i) => line(run.label, seriesColour(i), run.curve, "chosen", false));
  const best = line("best possible", "var(--muted)", runs[0].curve, "best", true);
  const n = runs[0].curve.map((point) => point.n).filter((_, i, all) => all.length <= 8 || i % Math.ceil(all.length / 8) === 0);
  return figure("Expected accuracy of the choice among n responses, over all subsets. Dashed: the best of them.",
    linePlot("Best-of-n curves", "n responses", [...chosen, best], { xTicks: n, width: 2 * kPlot.width }),
    legend(runs.map((run) => run.label)));
}
