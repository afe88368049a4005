// Numbers behind the charts, a row a run, and how the runs were made.

function dataTable(caption, head, rows) {
  return make("figure", { class: "table" }, make("table", {}, caption && make("caption", {}, caption),
    make("thead", {}, make("tr", {}, head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, rows.map(([name, ...cells]) => make("tr", {}, make("th", { scope: "row" }, name), cells.map((cell) => make("td", {}, cell)))))));
}

function scoreTable(runs) {
  const scored = runs.filter((run) => run.scores?.all);
  if (scored.length === 0) return null;
  const of = (distribution, ...keys) => keys.map((key) => (distribution ? fixed(distribution[key], 3) : "–"));
  const head = ["Run", "Responses", "Mean", "SD", "Least", "Median", "Most", "Mean right", "Mean wrong", "Mean margin", "SD of margins"];
  return dataTable("Scores of all responses, means of right and wrong ones, margins", head,
    scored.map(({ label, scores }) => [label, scores.all.count.toLocaleString("en"),
      ...of(scores.all, "mean", "deviation", "minimum", "median", "maximum"),
      ...of(scores.right, "mean"), ...of(scores.wrong, "mean"), ...of(scores.margin, "mean", "deviation")]));
}

function tieTable(runs) {
  const tied = runs.filter((run) => run.ties);
  if (!tied.some((run) => run.ties.rows > 0)) return null;
  return dataTable("Equal highest scores: the first is picked", ["Run", "Rows", "Rows where it matters", "Accuracy, %", "Responses reversed, %"],
    tied.map(({ label, ties }) => [label, ties.rows.toLocaleString("en"), ties.rows_that_matter.toLocaleString("en"),
      fixed(100 * ties.accuracy), fixed(100 * ties.accuracy_reversed)]));
}

function lengthTable(runs) {
  const found = runs.filter(knowsLengths);
  if (found.length === 0) return null;
  const pairs = found[0].kind === "pairs", name = (bin) => `${fixed(bin.low, pairs ? 0 : 1)} to ${fixed(bin.high, pairs ? 0 : 1)}`;
  const caption = `Accuracy in percent by length gap: characters of the ${pairs ? "preferred response less the other's" : "picked response less the mean of all"}`;
  const same = found.every((run) => run.length_gap.map(name).join() === found[0].length_gap.map(name).join());
  if (same)
    return dataTable(caption, ["Run", ...found[0].length_gap.map((bin) => `${name(bin)} (${bin.count})`)],
      found.map((run) => [run.label, ...run.length_gap.map((bin) => fixed(100 * bin.accuracy))]));
  return dataTable(caption, ["Run", "Gap", "Samples", "Accuracy"],
    found.flatMap((run) => run.length_gap.map((bin) => [run.label, name(bin), bin.count, fixed(100 * bin.accuracy)])));
}

function curveTable(runs) {
  const found = runs.filter((run) => run.curve?.length > 1);
  if (found.length === 0) return null;
  return dataTable("Best of n in percent, expected over all subsets", ["Run", ...found[0].curve.map((point) => `n = ${point.n}`)],
    found.map((run) => [run.label, ...run.curve.map((point) => fixed(100 * point.chosen))]));
}

function scoreDetails(benchmark) {
  const runs = shownRuns(benchmark);
  const tables = [scoreTable(runs), tieTable(runs), lengthTable(runs), curveTable(runs)].filter(Boolean);
  if (tables.length === 0) return null;
  tables.forEach((table) => addTableTools(table, `${benchmark.name} scores`));
  return make("details", { class: "details" }, make("summary", {}, "Scores, ties and length in numbers"), tables);
}

// What all runs have in common once; what differs in a table.
function provenance(benchmark) {
  const runs = shownRuns(benchmark).filter((run) => Object.keys(run.made ?? {}).length > 0);
  if (runs.length === 0) return null;
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.made)))];
  const isShared = (name) => runs.every((run) => run.made[name] === runs[0].made[name]);
  const shared = names.filter(isShared), own = names.filter((name) => !isShared(name));
  const list = shared.length > 0 && make("dl", { class: "made" },
    shared.flatMap((name) => [make("dt", {}, name), make("dd", {}, runs[0].made[name])]));
  const table = own.length > 0 && dataTable("", ["Run", ...own], runs.map((run) => [run.label, ...own.map((name) => run.made[name] ?? "–")]));
  if (table) { table.classList.add("words"); addTableTools(table, `${benchmark.name} runs`); }
  return make("details", { class: "details" }, make("summary", {}, "How these runs were made"), list, table);
}
