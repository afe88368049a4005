// What the scores of a run are like: margins, calibration, accuracy by margin and by length gap. A row of small charts a
// run.

const kFirstRuns = 2;  // that are drawn before anybody asks for more

function marginHistogram(run) {
  const found = run.margin_histogram;
  if (!found?.right?.length) return null;
  const totals = found.right.map((count, i) => count + found.wrong[i]);
  const { x, y, axes } = plotAxes([found.edges[0], found.edges.at(-1)], [0, Math.max(...totals)], { xName: "margin", yName: "samples" });
  const bars = totals.map((total, i) => {
    const left = x(found.edges[i]), width = Math.max(0.5, x(found.edges[i + 1]) - left - 1);
    const bar = (name, low, high) => draw("rect", { class: name, x: left, width, y: y(high), height: y(low) - y(high) });
    return titled(`margin ${fixed(found.edges[i], 3)} to ${fixed(found.edges[i + 1], 3)}: ${found.right[i]} right, ${found.wrong[i]} wrong`,
      draw("g", {}, bar("bar-right", 0, found.right[i]), bar("bar-wrong", found.right[i], total)));
  });
  const zero = found.edges[0] < 0 && found.edges.at(-1) > 0 &&
    draw("line", { class: "zero", x1: x(0), x2: x(0), y1: kPlot.top, y2: kPlot.height - kPlot.bottom });
  const left = found.left_out > 0 && text("axis", kPlot.width - kPlot.right, 9, `${found.left_out} not finite`, { "text-anchor": "end" });
  return ["Margins", drawing(kPlot.width, kPlot.height, `Margins of ${run.label}`, ...axes, ...bars, zero, left || null)];
}

// The share of right picks over what σ(margin) says it is.
function reliability(run) {
  const bins = (run.calibration?.bins ?? []).filter((bin) => bin.count > 0);
  if (bins.length === 0) return null;
  const low = Math.floor(10 * Math.min(...bins.flatMap((bin) => [bin.low, bin.predicted]))) / 10, limits = [100 * low, 100];
  const yLimits = [Math.min(limits[0], ...bins.map((bin) => Math.floor(10 * bin.right) * 10)), 100];
  const { x, y, axes } = plotAxes(limits, yLimits, { xName: "expected, %", yName: "right, %" });
  const diagonal = draw("line", { class: "reference", x1: x(limits[0]), y1: y(limits[0]), x2: x(100), y2: y(100) });
  const points = bins.map((bin) => ({ cx: x(100 * bin.predicted), cy: y(100 * bin.right) }));
  const path = draw("path", { class: "line", d: `M${points.map(({ cx, cy }) => `${cx} ${cy}`).join("L")}`, style: { stroke: "var(--accent)" } });
  const most = Math.max(...bins.map((bin) => bin.count));
  const dots = bins.map((bin, i) => titled(`${counted(bin.count, "sample")}: expected ${fixed(100 * bin.predicted)}%, right ${fixed(100 * bin.right)}%`,
    draw("circle", { class: "dot", ...points[i], r: 2 + 4 * Math.sqrt(bin.count / most), style: { fill: "var(--accent)" } })));
  return [`Calibration, ECE ${fixed(run.calibration.error, 3)}`,
    drawing(kPlot.width, kPlot.height, `Reliability of ${run.label}`, ...axes, diagonal, path, ...dots)];
}

// Columns from 0 to 100% with Wilson's intervals; each says where it begins and ends. Of more than five, only the first
// and the last say so.
function accuracyColumns(run, title, xName, bins, digits) {
  if (!bins?.length) return null;
  const { x, y, axes } = plotAxes([0, bins.length], [0, 100], { xName, yName: "right, %", xTicks: [] });
  const width = x(1) - x(0), end = kPlot.height - kPlot.bottom;
  const columns = bins.map((bin, i) => {
    const range = run.kind === "pairs" && wilson(bin.accuracy, bin.count), middle = x(i + 0.5), percent = 100 * bin.accuracy;
    const said = bins.length <= 5 || i === 0 || i === bins.length - 1;
    const words = `${xName} ${fixed(bin.low, digits)} to ${fixed(bin.high, digits)}: ${fixed(percent)}% of ${counted(bin.count, "sample")}`;
    return titled(words, draw("g", {},
      draw("rect", { class: "column", x: x(i) + 2, width: width - 4, y: y(percent), height: y(0) - y(percent) }),
      range && draw("path", { class: "whisker", d: `M${middle} ${y(100 * range[0])}V${y(100 * range[1])}` }),
      bins.length <= 6 && text("number inside", middle, y(0) - 5, fixed(percent, 0), { "text-anchor": "middle" }),
      said && text("tick small", middle, end + 11, fixed(bin.low, digits), { "text-anchor": "middle" }),
      said && text("tick small", middle, end + 21, `…${fixed(bin.high, digits)}`, { "text-anchor": "middle" })));
  });
  const chance = run.kind === "pairs" && draw("line", { class: "reference", x1: kPlot.left, x2: kPlot.width - kPlot.right, y1: y(50), y2: y(50) });
  return [title, drawing(kPlot.width, kPlot.height, `${title} of ${run.label}`, ...axes, ...columns, chance || null)];
}

// Rows without the responses' texts say nothing of their lengths.
const knowsLengths = (run) => run.length_gap?.some((bin) => bin.low !== 0 || bin.high !== 0);

// Decimals that tell the bins of such numbers apart.
function digitsOf(bins) {
  const most = Math.max(...(bins ?? []).map((bin) => Math.abs(bin.high)));
  return most > 0 ? Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(most)))) : 0;
}

function chartsOf(run) {
  const gap = run.kind === "pairs" ? "characters more in the preferred" : "characters more in the picked";
  return [marginHistogram(run), reliability(run),
    accuracyColumns(run, "Accuracy by |margin|", "|margin|", run.accuracy_by_margin, digitsOf(run.accuracy_by_margin)),
    knowsLengths(run) && accuracyColumns(run, "Accuracy by length gap", gap, run.length_gap, 0)].filter(Boolean);
}

function marginCharts(benchmark, index) {
  const runs = byRank(shownRuns(benchmark)).filter((run) => chartsOf(run).length > 0);
  if (runs.length === 0) return null;
  const asked = address.all(`scores${index}`);
  let chosen = runs.filter((run, i) => (asked.length > 0 ? asked.includes(run.label) : i < kFirstRuns));
  const panels = make("div", { class: "small-multiples" });
  const show = () => panels.replaceChildren(...chosen.map((run) => make("div", { class: "of-run" }, make("h4", { class: "run-title" }, run.label),
    make("div", { class: "panels" }, chartsOf(run).map(([title, chart]) => make("div", { class: "panel" }, make("h5", {}, title), chart))))));
  const boxes = runBoxes(runs, (run) => chosen.includes(run), (run, ticked) => {
    chosen = runs.filter((each) => (each === run ? ticked : chosen.includes(each)));
    address.set(`scores${index}`, chosen.map((each) => each.label));
    show();
  });
  show();
  const caption = [runs.some((run) => run.margin_histogram) && "Margins: green where the run was right, red where it was wrong.",
    runs.some((run) => run.calibration?.bins?.length > 0) &&
      "Calibration: how often a pick was right over how often σ(|margin|) expects it; ECE is the mean distance from the diagonal.",
    runs[0].kind === "pairs" && "Whiskers: Wilson's 95% intervals."].filter(Boolean).join(" ");
  const chooser = runs.length > 1 && make("details", { class: "chooser" }, make("summary", {}, "Runs in these charts"), boxes);
  return make("div", {}, make("h3", {}, "Scores"), chooser, figure(`${benchmark.name} scores`, caption, panels));
}
