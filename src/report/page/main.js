// Puts the page together from its data.

const kManyRuns = 20, kBestRows = 10;

// A benchmark's section: its table, charts and details, drawn again where runs are hidden or shown.
class BenchmarkSection {
  constructor(benchmark, index, changed) {
    Object.assign(this, { benchmark, index, collapsed: benchmark.runs.length > kManyRuns });
    this.section = find(`benchmark-${index}`);
    this.figure = this.section.querySelector("figure.table");
    this.table = this.figure.querySelector("table");
    prepareResults(this.table, benchmark, benchmark.name);
    const chooser = runChooser(benchmark, index, () => { this.show(); changed(benchmark); });
    if (chooser) this.figure.before(chooser);
    this.sweeps = make("div", {});
    this.figure.before(this.sweeps);  // what one came for, before a long table
    this.more = this.collapsed ? button("", { class: "more" }, () => { this.collapsed = !this.collapsed; this.show(); }) : null;
    if (this.more) this.figure.before(this.more);
    this.show();
  }

  order(runs) {
    const rows = [...this.table.tBodies[0].rows];
    this.table.tBodies[0].append(...runs.map((run) => rows.find((row) => this.benchmark.runs[row.dataset.run] === run)));
  }

  show() {
    const { benchmark, table } = this, shown = shownRuns(benchmark);
    const best = byRank(shown).slice(0, kBestRows), inTable = this.collapsed ? best : shown;
    if (this.more) this.order(this.collapsed ? byRank(benchmark.runs) : benchmark.runs);
    for (const row of table.tBodies[0].rows) row.hidden = !inTable.includes(benchmark.runs[row.dataset.run]);
    markBest(table, benchmark);
    if (this.more) {
      this.more.hidden = shown.length <= kBestRows;
      this.more.textContent = this.collapsed ? `Show all ${shown.length} runs` : `Show the best ${kBestRows}`;
    }
    this.sweeps.replaceChildren(...[sweepCharts(benchmark)].filter(Boolean));
    this.section.querySelector(".figures").replaceChildren(...[dotChart(benchmark, inTable), bestOfNCurves(benchmark),
      marginCharts(benchmark, this.index), scoreDetails(benchmark), provenance(benchmark)].filter(Boolean));
  }
}

// What is about one gallery at a time: comparisons of its runs, breakdown, samples.
class Samples {
  constructor(data, images) {
    this.data = data;
    this.gallery = new Gallery(images);
    this.scatter = new Scatter((sample, a, b) => this.gallery.revealOfPair(sample, a, b));
    this.breakdown = new Breakdown();
    find("gallery").append(...data.galleries.map((each, i) =>
      make("option", { value: i }, `${data.benchmarks[each.benchmark].name}, ${counted(each.ids.length, "sample")}`)));
    find("gallery").value = data.galleries[address.get("gallery")] ? address.get("gallery") : 0;
    find("gallery").addEventListener("change", () => {
      for (const name of ["run", "a", "b", "group", "value", "by", "sample"]) address.set(name, null);
      address.set("gallery", find("gallery").value);
      this.show();
    });
    find("of-gallery").hidden = data.galleries.length < 2;
    find("samples").hidden = false;
    this.gallery.cards.addEventListener("focusin", (event) => this.scatter.mark?.(Number(event.target.closest(".card")?.dataset.sample)));
  }

  show() {
    const each = this.data.galleries[find("gallery").value], { runs } = this.data.benchmarks[each.benchmark];
    const labels = each.runs.map((run) => runs[run.run].label);
    const places = each.runs.map((_, i) => i), visible = places.filter((i) => !runs[each.runs[i].run].hidden);
    const shown = visible.length > 0 ? visible : places;
    const ranking = byRank(shown.map((i) => ({ ...runs[each.runs[i].run], place: i, scored: each.runs[i].scores.length > 0 })));
    const best = (ranking.find((run) => run.scored) ?? ranking[0]).place;
    const scored = shown.filter((i) => each.runs[i].scores.length > 0);
    const matrices = pairMatrices(each, scored, scored.map((i) => labels[i]), "pairs of runs");
    find("pairs").hidden = matrices.length === 0;
    find("matrices").replaceChildren(...matrices);
    this.scatter.set(each, labels, shown);
    this.breakdown.set(each, runs[0].kind === "pairs", shown, shown.map((i) => labels[i]));
    this.gallery.set(each, labels, shown, best);
  }

  // The sample of the address, or the gallery where it says something of it.
  open() {
    const sample = Number(address.get("sample")) - 1;
    if (sample >= 0 && sample < this.gallery.data.ids.length) this.gallery.reveal(sample);
    else if (["run", "sort", "group", "value", "wrong", "disagree", "search"].some((name) => address.get(name))) find("samples").scrollIntoView();
  }
}

function main() {
  const data = JSON.parse(find("data").textContent), images = JSON.parse(find("images").textContent);
  let samples = null;
  data.benchmarks.forEach((benchmark, index) => new BenchmarkSection(benchmark, index, () => samples?.show()));
  if (data.galleries.length > 0) {
    samples = new Samples(data, images);
    samples.show();
    listenToKeys(samples.gallery);
  }
  const sections = [["pairs", "All pairs"], ["two-runs", "Two runs"], ["breakdown", "By column"], ["samples", "Samples"]]
    .filter(([id]) => !find(id).hidden);
  find("contents").append(...[...data.benchmarks.map((benchmark, i) => [`benchmark-${i}`, benchmark.name]), ...sections].map(([id, name]) =>
    make("a", { href: `#${id}`, onclick: (event) => { event.preventDefault(); find(id).scrollIntoView(); } }, name)));
  const runs = data.benchmarks.reduce((sum, benchmark) => sum + benchmark.runs.length, 0);
  find("summary").textContent = `${counted(runs, "run")} on ${data.benchmarks.map((benchmark) => benchmark.name).join(", ")}`;
  find("version").textContent = data.vlrm;
  find("theme").addEventListener("click", toggleTheme);
  find("show-help").addEventListener("click", () => find("help").showModal());
  find("picture").addEventListener("click", () => find("picture").close());
  listenToTips();
  samples?.open();
}

main();
