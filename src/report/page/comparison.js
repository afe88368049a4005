// What two runs make of the same samples: how often each was right, and whether they differ by chance.

function outcomeCounts(gallery, a, b) {
  const [left, right] = [gallery.runs[a], gallery.runs[b]];
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < Math.min(left.wrong.length, right.wrong.length); ++i)
    if (left.wrong[i] != null) ++counts[outcomeOf(left, right, i)];
  return make("table", { class: "counts" }, make("caption", {}, "Samples"),
    make("thead", {}, make("tr", {}, ["", "B right", "B wrong"].map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, [["A right", 0, 1], ["A wrong", 2, 3]].map(([name, ...kinds]) =>
      make("tr", {}, make("th", { scope: "row" }, name), kinds.map((kind) => make("td", {}, counts[kind].toLocaleString("en")))))));
}

function differences(gallery, a, b) {
  const flipped = a > b, found = gallery.comparisons.find((each) => each.a === Math.min(a, b) && each.b === Math.max(a, b));
  if (a === b) return make("p", {}, "The same run twice.");
  if (!found) return make("p", {}, "Whether they differ by chance: vlrm results --compare A B.");
  const rows = found.metrics.map((metric) => {
    const [first, second] = flipped ? [metric.b, metric.a] : [metric.a, metric.b];
    const [low, high] = flipped ? [-metric.interval[1], -metric.interval[0]] : metric.interval;
    const cells = [metric.name, fixed(first), fixed(second), signed(first - second), `${signed(low)} to ${signed(high)}`, pText(metric.p)];
    return metric.p_holm == null ? cells : [...cells, pText(metric.p_holm)];
  });
  const isCorrected = found.metrics.some((metric) => metric.p_holm != null);
  const made = dataTable("", ["", "A", "B", "A − B", "95% interval", "p", ...(isCorrected ? ["p (Holm)"] : [])], rows);
  made.append(make("figcaption", {}, found.metrics.some((metric) => metric.test === "mcnemar")
    ? "p: McNemar's exact test; of means of groups, a paired bootstrap." : "p: paired bootstrap.",
    isCorrected && ` Holm: corrected for all ${gallery.comparisons.length} comparisons of these runs.`,
    found.agreement != null && ` They agree on ${fixed(100 * found.agreement)}% of the samples.`));
  return frameTable(made, "comparison");
}

function comparisonTables(gallery, a, b) {
  return [outcomeCounts(gallery, a, b), differences(gallery, a, b)];
}
