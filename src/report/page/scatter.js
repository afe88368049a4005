// Two runs, sample by sample: the margins of one over those of the other, and whether they differ by chance.

const kScatter = { width: 460, height: 440, left: 44, right: 12, top: 12, bottom: 40 };
const kOutcomes = [  // [A was wrong, B was wrong]
  { name: "both right", colour: "var(--right)" }, { name: "only A right", colour: "var(--series-0)" },
  { name: "only B right", colour: "var(--series-1)" }, { name: "both wrong", colour: "var(--wrong)" }];
// Not of ties, which are neither.
const outcomeOf = (a, b, i) => (a.wrong[i] ? (b.wrong[i] ? 3 : 2) : b.wrong[i] ? 1 : 0);

class Scatter {
  // choose(sample, a, b) is called where a point is clicked.
  constructor(choose) {
    this.choose = choose;
    for (const id of ["run-a", "run-b"])
      find(id).addEventListener("change", () => { address.set(id.replace("run-", ""), this.labels[find(id).value]); this.show(); });
  }

  // `shown`: places of runs in the gallery. A and B stay where they are shown; else they are the best two.
  set(gallery, labels, shown) {
    const before = this.gallery === gallery ? ["run-a", "run-b"].map((id) => Number(find(id).value))
      : ["a", "b"].map((name) => labels.indexOf(address.get(name)));
    this.gallery = gallery;
    this.labels = labels;
    const scored = shown.filter((i) => gallery.runs[i].scores.length > 0);
    find("two-runs").hidden = scored.length < 2;
    if (scored.length < 2) return;
    for (const id of ["run-a", "run-b"]) find(id).replaceChildren(...scored.map((i) => make("option", { value: i }, labels[i])));
    const kept = before.map((i) => (scored.includes(i) ? i : null)), best = this.bestFirst(scored).filter((i) => !kept.includes(i));
    ["run-a", "run-b"].forEach((id, i) => { find(id).value = kept[i] ?? best.shift(); });
    this.show();
  }

  bestFirst(runs) {
    const judged = (i) => this.gallery.runs[i].wrong.filter((each) => each != null);
    const wrong = (i) => judged(i).reduce((sum, each) => sum + each, 0) / judged(i).length;
    return [...runs].sort((a, b) => wrong(a) - wrong(b));
  }

  show() {
    const a = Number(find("run-a").value), b = Number(find("run-b").value);
    this.drawPoints(this.gallery.runs[a], this.gallery.runs[b], this.labels[a], this.labels[b]);
    const named = make("span", { class: "named" }, `A: ${this.labels[a]}, B: ${this.labels[b]}`);
    find("two-runs-title").replaceChildren("Two runs, sample by sample", named);
    find("comparison").replaceChildren(...comparisonTables(this.gallery, a, b));
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
      ...ticks(...xs, 6).map((tick) => draw("text", { class: "tick", x: x(tick), y: height - bottom + 16, "text-anchor": "middle" }, minus(tick))),
      ...ticks(...ys, 6).map((tick) => draw("text", { class: "tick", x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, minus(tick))),
      draw("rect", { class: "frame", x: left, y: top, width: width - left - right, height: height - top - bottom }),
      draw("line", { class: "zero", x1: x(0), x2: x(0), y1: top, y2: height - bottom }),
      draw("line", { class: "zero", x1: left, x2: width - right, y1: y(0), y2: y(0) }),
      draw("text", { class: "axis", x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, `margin of A: ${labelA}`),
      draw("text", { class: "axis", transform: `translate(12 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, `margin of B: ${labelB}`)];
    const ring = draw("circle", { class: "ring", r: 7, cx: -20, cy: -20 });
    const chart = drawing(width, height, `Margins of ${labelB} over those of ${labelA}, ${counted(both.length, "sample")}`, ...axes, ...dots, ring);
    this.mark = (i) => { if (a.margins[i] != null && b.margins[i] != null) fill(ring, { cx: x(a.margins[i]), cy: y(b.margins[i]) }, []); };
    const pointAt = (event) => {
      const box = chart.getBoundingClientRect();
      const px = (event.clientX - box.left) * width / box.width, py = (event.clientY - box.top) * height / box.height;
      const distance = (i) => Math.hypot(x(a.margins[i]) - px, y(b.margins[i]) - py);
      const nearest = both.reduce((best, i) => (distance(i) < distance(best) ? i : best), both[0]);
      return nearest != null && distance(nearest) < 12 ? nearest : null;
    };
    const margins = (i) => `A ${signed(a.margins[i], 3)}, B ${signed(b.margins[i], 3)}`;
    const words = (i) => `Sample ${i + 1}, ${this.gallery.ids[i]}: ${kOutcomes[outcomeOf(a, b, i)].name}. ${margins(i)}`;
    chart.addEventListener("pointermove", (event) => { const i = pointAt(event); fill(chart, { "data-tip": i == null ? "" : words(i) }, []); });
    chart.addEventListener("click", (event) => {
      const i = pointAt(event);
      if (i == null) return;
      this.mark(i);
      this.choose(i, Number(find("run-a").value), Number(find("run-b").value));
    });
    find("scatter").replaceChildren(figure(`margins of ${labelA} and ${labelB}`,
      "Margin: the best score of a right response less the best of a wrong one. A click on a point shows its sample.",
      chart, legend(kOutcomes.map((outcome) => outcome.name), (i) => kOutcomes[i].colour)));
  }
}
