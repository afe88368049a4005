// Two runs, sample by sample: the margins of one over those of the other, and whether they differ by chance.

const kScatter = { width: 460, height: 440, left: 44, right: 12, top: 12, bottom: 40 };
const kOutcomes = [  // [A was wrong, B was wrong]
  { name: "both right", colour: "var(--right)" }, { name: "only A right", colour: "var(--series-0)" },
  { name: "only B right", colour: "var(--series-1)" }, { name: "both wrong", colour: "var(--wrong)" }];
const outcomeOf = (a, b, i) => (a.wrong[i] ? (b.wrong[i] ? 3 : 2) : b.wrong[i] ? 1 : 0);

class Scatter {
  // choose(sample) is called where a point is clicked.
  constructor(choose) {
    this.choose = choose;
    for (const id of ["run-a", "run-b"]) find(id).addEventListener("change", () => this.show());
  }

  set(gallery, labels) {
    this.gallery = gallery;
    this.labels = labels;
    const scored = gallery.runs.flatMap((run, i) => (run.scores.length > 0 ? [i] : []));
    find("two-runs").hidden = scored.length < 2;
    if (scored.length < 2) return;
    for (const id of ["run-a", "run-b"]) find(id).replaceChildren(...scored.map((i) => make("option", { value: i }, labels[i])));
    const best = this.bestFirst(scored);
    find("run-a").value = best[0];
    find("run-b").value = best[1];
    this.show();
  }

  bestFirst(runs) {
    const wrong = (i) => this.gallery.runs[i].wrong.reduce((sum, each) => sum + each, 0) / this.gallery.runs[i].wrong.length;
    return [...runs].sort((a, b) => wrong(a) - wrong(b));
  }

  show() {
    const a = Number(find("run-a").value), b = Number(find("run-b").value);
    this.drawPoints(this.gallery.runs[a], this.gallery.runs[b], this.labels[a], this.labels[b]);
    find("comparison").replaceChildren(this.counts(a, b), this.comparison(a, b));
  }

  drawPoints(a, b, labelA, labelB) {
    const both = a.margins.map((_, i) => i).filter((i) => a.margins[i] != null && b.margins[i] != null);
    const { width, height, left, right, top, bottom } = kScatter;
    const span = (run) => { const all = both.map((i) => run.margins[i]); return [Math.min(0, ...all), Math.max(0, ...all)]; };
    const [xs, ys] = [span(a), span(b)];
    const x = scale(...xs, left + 6, width - right - 6), y = scale(...ys, height - bottom - 6, top + 6);
    // A class of points is one path of strokes without length: thousands of elements would be slow.
    const dots = kOutcomes.map((outcome, kind) => draw("path", { class: "points", style: { stroke: outcome.colour },
      d: both.filter((i) => outcomeOf(a, b, i) === kind).map((i) => `M${x(a.margins[i]).toFixed(1)} ${y(b.margins[i]).toFixed(1)}h0`).join("") }));
    const axes = [
      ...ticks(...xs, 6).map((tick) => draw("text", { class: "tick", x: x(tick), y: height - bottom + 16, "text-anchor": "middle" }, String(tick).replace("-", "−"))),
      ...ticks(...ys, 6).map((tick) => draw("text", { class: "tick", x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, String(tick).replace("-", "−"))),
      draw("rect", { class: "frame", x: left, y: top, width: width - left - right, height: height - top - bottom }),
      draw("line", { class: "zero", x1: x(0), x2: x(0), y1: top, y2: height - bottom }),
      draw("line", { class: "zero", x1: left, x2: width - right, y1: y(0), y2: y(0) }),
      draw("text", { class: "axis", x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, `margin of A: ${labelA}`),
      draw("text", { class: "axis", transform: `translate(12 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, `margin of B: ${labelB}`)];
    const ring = draw("circle", { class: "ring", r: 7, cx: -20, cy: -20 });
    const chart = drawing(width, height, `Margins of ${labelB} over those of ${labelA}, ${counted(both.length, "sample")}`, ...axes, ...dots, ring);
    this.mark = (i) => { if (a.margins[i] != null && b.margins[i] != null) fill(ring, { cx: x(a.margins[i]), cy: y(b.margins[i]) }, []); };
    chart.addEventListener("click", (event) => {
      const box = chart.getBoundingClientRect(), px = (event.clientX - box.left) * width / box.width, py = (event.clientY - box.top) * height / box.height;
      const distance = (i) => Math.hypot(x(a.margins[i]) - px, y(b.margins[i]) - py);
      const nearest = both.reduce((best, i) => (distance(i) < distance(best) ? i : best), both[0]);
      if (nearest != null && distance(nearest) < 12) { this.mark(nearest); this.choose(nearest); }
    });
    find("scatter").replaceChildren(figure("Margin: the best score of a right response less the best of a wrong one. A click on a point shows its sample.",
      chart, legend(kOutcomes.map((outcome) => outcome.name), (i) => kOutcomes[i].colour)));
  }

  counts(a, b) {
    const [left, right] = [this.gallery.runs[a], this.gallery.runs[b]];
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < Math.min(left.wrong.length, right.wrong.length); ++i) ++counts[outcomeOf(left, right, i)];
    return make("table", { class: "counts" }, make("caption", {}, "Samples"),
      make("thead", {}, make("tr", {}, ["", "B right", "B wrong"].map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, [["A right", 0, 1], ["A wrong", 2, 3]].map(([name, ...kinds]) =>
        make("tr", {}, make("th", { scope: "row" }, name), kinds.map((kind) => make("td", {}, counts[kind].toLocaleString("en")))))));
  }

  comparison(a, b) {
    const flipped = a > b, found = this.gallery.comparisons.find((each) => each.a === Math.min(a, b) && each.b === Math.max(a, b));
    if (a === b) return make("p", {}, "The same run twice.");
    if (!found) return make("p", {}, "Whether they differ by chance: vlrm results --compare A B.");
    const rows = found.metrics.map((metric) => {
      const [first, second] = flipped ? [metric.b, metric.a] : [metric.a, metric.b];
      const [low, high] = flipped ? [-metric.interval[1], -metric.interval[0]] : metric.interval;
      const cells = [fixed(first), fixed(second), signed(first - second), `${signed(low)} to ${signed(high)}`, metric.p < 1e-4 ? "<0.0001" : metric.p.toFixed(4)];
      return make("tr", {}, make("th", { scope: "row" }, metric.name), cells.map((cell) => make("td", {}, cell)));
    });
    return make("figure", { class: "table" }, make("table", {},
      make("thead", {}, make("tr", {}, ["", "A", "B", "A − B", "95% interval", "p"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, rows)),
      make("figcaption", {}, found.metrics.some((metric) => metric.test === "mcnemar")
        ? "p: McNemar's exact test; of means of groups, a paired bootstrap." : "p: paired bootstrap."));
  }
}
