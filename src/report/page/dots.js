// A benchmark's metrics beside each other: a row a run, a panel a metric, a dot with its interval and its number. Dots and
// no bars, as their axis need not start at 0.

const kRow = 22, kHead = 22, kFoot = 20, kNumber = 38, kNarrow = 640, kWidth = 940;  // pixels

// Of the metrics that depend on the model, those that a run has a figure for.
function metricNames(runs) {
  return runs[0].metrics.filter((metric, i) => metric.of_model && runs.some((run) => run.metrics[i].percent != null)).map((metric) => metric.name);
}

// Round percentages around all dots, intervals and near marks.
function dotRange(runs, marks) {
  const values = runs.flatMap((run) => run.metrics.filter((m) => m.of_model && m.percent != null).flatMap((m) => [m.percent, ...(m.interval ?? [])]));
  const near = marks.map((mark) => mark.percent).filter((percent) => percent > Math.min(...values) - 15);
  const low = Math.max(0, Math.floor((Math.min(...values, ...near) - 1) / 5) * 5);
  return [low, Math.max(low + 10, Math.min(100, Math.ceil(Math.max(...values, ...near) / 5) * 5))];
}

function dotRow(run, metric, best, x, y, width) {
  const label = `${run.label}, ${metric.name}: ${fixed(metric.percent)}${percentRange(metric.interval)}`;
  const middle = y + kRow / 2, at = x(metric.percent ?? 0);
  const whisker = metric.interval && draw("path", { class: "whisker", d: `M${x(metric.interval[0])} ${middle}H${x(metric.interval[1])}` });
  const dot = best ? draw("path", { class: "value best", d: `M${at} ${middle - 6}l6 6l-6 6l-6-6Z` })
    : draw("circle", { class: "value", cx: at, cy: middle, r: 4 });
  return titled(metric.percent == null ? `${run.label}, ${metric.name}: no samples` : label, draw("g", {},
    draw("rect", { class: "catch", x: x.start, y, width: width - 4, height: kRow }),
    metric.percent != null && [whisker, dot],
    text(best ? "number best" : "number", x.start + width - 6, middle + 4, fixed(metric.percent), { "text-anchor": "end" })));
}

function dotPanel(name, runs, range, marks, left, top, width) {
  const height = runs.length * kRow, end = left + width - kNumber;
  const x = Object.assign(scale(...range, left + 8, end - 8), { start: left });
  const metrics = runs.map((run) => run.metrics.find((metric) => metric.name === name));
  const best = Math.max(...metrics.map((metric, i) => (runs[i].complete && metric.percent != null ? metric.percent : -1)));
  const grid = ticks(...range, Math.max(3, width / 40)).map((tick) => [
    draw("line", { class: "grid", x1: x(tick), x2: x(tick), y1: top + kHead, y2: top + kHead + height }),
    text("tick", x(tick), top + kHead + height + 14, String(tick), { "text-anchor": "middle" })]);
  const references = marks.filter((mark) => mark.percent >= range[0]).map((mark) => titled(`${mark.name} ${fixed(mark.percent)}`,
    draw("line", { class: "reference", x1: x(mark.percent), x2: x(mark.percent), y1: top + kHead, y2: top + kHead + height })));
  return [text("panel-name", left + 8, top + 14, name), ...grid.flat(),
    draw("line", { class: "base", x1: left + 8, x2: end - 8, y1: top + kHead + height, y2: top + kHead + height }), ...references,
    ...metrics.map((metric, i) => {
      const isBest = runs.length > 1 && runs[i].complete && metric.percent === best;
      return dotRow(runs[i], metric, isBest, x, top + kHead + i * kRow, width);
    })];
}

function dotChart(benchmark, chosen) {
  const runs = chosen.filter((run) => run.rows > 0 && run.metrics.some((metric) => metric.of_model && metric.percent != null));
  if (runs.length === 0) return null;
  const names = metricNames(runs), pair = runs[0].kind === "pairs";
  const marks = pair ? [{ name: "chance", percent: 50 }]
    : runs[0].metrics.filter((metric) => !metric.of_model && metric.figure !== "drawn" && metric.percent != null);
  const range = dotRange(runs, marks);
  const narrow = innerWidth < kNarrow, beside = narrow ? 1 : names.length;
  const longest = Math.max(...runs.map((run) => run.label.length)), cut = narrow ? 18 : 32;
  const labels = Math.min(longest, cut) * 6.6 + 14, width = narrow ? 200 : Math.max(110, Math.min(420, (kWidth - labels) / beside));
  const block = kHead + runs.length * kRow + kFoot;
  const parts = names.flatMap((name, i) => {
    const column = i % beside, top = Math.floor(i / beside) * (block + 8);
    const own = column > 0 ? [] : runs.map((run, k) => titled(run.label, text("run-name", 0, top + kHead + (k + 0.5) * kRow + 4,
      (run.label.length > cut ? `${run.label.slice(0, cut - 1)}…` : run.label) + (run.complete ? "" : " †"))));
    return [...own, ...dotPanel(name, runs, range, marks, labels + column * width, top, width)];
  });
  const drawn = marks.filter((mark) => mark.percent >= range[0]).map((mark) => `${mark.name} ${fixed(mark.percent)}`).join(", ");
  const caption = [`Accuracy in percent with 95% intervals, from ${range[0]} to ${range[1]}.`, drawn && `Dashed: ${drawn}.`,
    runs.length > 1 && "Diamond and bold: the best."].filter(Boolean).join(" ");
  const height = Math.ceil(names.length / beside) * (block + 8);
  return figure(`${benchmark.name} accuracy`, caption, make("div", { class: "wide" },
    drawing(labels + beside * width, height, `${names.join(", ")} of ${counted(runs.length, "run")}, in percent`, ...parts)));
}
