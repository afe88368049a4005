// A benchmark's metrics as small multiples: a row a run, a panel a metric, bars with their intervals.

const kRow = 22, kPanel = 150, kAlone = 420, kAxis = 20;  // pixels

// The lowest round number that shows all bars and intervals well; bars start there.
function barFloor(runs) {
  const lows = runs.flatMap((run) => run.metrics.filter((m) => m.of_model && m.percent != null)
    .map((m) => (m.interval ? m.interval[0] : m.percent)));
  return lows.length === 0 || Math.min(...lows) < 40 ? 0 : Math.floor(Math.min(...lows) / 10) * 10 - 10;
}

// Of the metrics that depend on the model, those that a run has a figure for.
function metricNames(runs) {
  return runs[0].metrics.filter((metric, i) => metric.of_model && runs.some((run) => run.metrics[i].percent != null)).map((metric) => metric.name);
}

function barPanel(name, runs, low, marks, width) {
  const height = runs.length * kRow, x = scale(low, 100, 10, width - 12);
  const metrics = runs.map((run) => run.metrics.find((metric) => metric.name === name));
  const best = Math.max(...metrics.map((metric, i) => (runs[i].complete && metric.percent != null ? metric.percent : -1)));
  const grid = ticks(low, 100, width / 50).map((tick) => [
    draw("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 0, y2: height }),
    draw("text", { class: "tick", x: x(tick), y: height + 14, "text-anchor": "middle" }, String(tick))]);
  const references = marks.filter((mark) => mark.percent > low).map((mark) =>
    titled(`${mark.name} ${fixed(mark.percent)}`,
      draw("line", { class: "reference", x1: x(mark.percent), x2: x(mark.percent), y1: 0, y2: height })));
  const bars = metrics.map((metric, i) => {
    if (metric.percent == null) return draw("text", { class: "tick", x: 14, y: (i + 0.65) * kRow }, "n/a");
    const y = i * kRow, middle = y + kRow / 2;
    const whisker = metric.interval && draw("path", { class: "whisker", d: `M${x(metric.interval[0])} ${middle}H${x(metric.interval[1])}` });
    const bar = draw("rect", { class: metric.percent === best ? "value best" : "value", x: x(low), y: y + 5, height: kRow - 10,
      width: Math.max(0, x(metric.percent) - x(low)), rx: 1 });
    return titled(`${runs[i].label}, ${name}: ${fixed(metric.percent)}${percentRange(metric.interval)}`,
      draw("g", {}, draw("rect", { class: "catch", x: 0, y, width, height: kRow }), bar, whisker));
  });
  return make("div", { class: "panel" }, make("h4", {}, name),
    drawing(width, height + kAxis, `${name} of ${counted(runs.length, "run")}, in percent`, ...grid.flat(), ...references, ...bars));
}

function barChart(benchmark) {
  const runs = benchmark.runs.filter((run) => run.rows > 0 && run.metrics.some((metric) => metric.of_model && metric.percent != null));
  if (runs.length === 0) return null;
  const names = metricNames(runs);
  const pair = runs[0].kind === "pairs";
  const marks = pair ? [{ name: "chance", percent: 50 }]
    : runs[0].metrics.filter((metric) => !metric.of_model && metric.figure !== "drawn" && metric.percent != null);
  const low = Math.min(barFloor(runs), ...(pair ? [40] : marks.map((mark) => Math.max(0, Math.floor(mark.percent / 10) * 10 - 10))));
  const labels = make("div", { class: "labels", "aria-hidden": "true" },
    runs.map((run) => make("span", { title: run.label }, run.label + (run.complete ? "" : " †"))));
  const panels = make("div", { class: "panels" }, names.map((name) => barPanel(name, runs, low, marks, names.length > 1 ? kPanel : kAlone)));
  const dashed = marks.map((mark) => `${mark.name} ${fixed(mark.percent)}`).join(", ");
  return figure(`Accuracy in percent; bars start at ${low}. Dashed: ${dashed}.`, make("div", { class: "bars" }, labels, panels));
}
