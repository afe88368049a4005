// All pairs of runs as tables of coloured cells: by how much they differ, whether by chance, and how often they agree.

const kLargestMatrix = 24;  // runs

// Comparisons of the shown runs of a gallery, by "a b"; null where one is missing, or the table would be small or huge.
function allPairs(gallery, shown) {
  if (shown.length < 3 || shown.length > kLargestMatrix) return null;
  const found = new Map(gallery.comparisons.map((each) => [`${each.a} ${each.b}`, each]));
  const every = shown.every((a) => shown.every((b) => a >= b || found.has(`${a} ${b}`)));
  return every ? found : null;
}

function heatTable(caption, labels, cell) {
  const numbers = labels.map((label, i) => make("th", { scope: "col", "data-tip": label }, String(i + 1)));
  return make("table", { class: "matrix" }, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Run"), numbers)),
    make("tbody", {}, labels.map((label, i) => make("tr", {}, make("th", { scope: "row" }, `${i + 1} ${label}`), labels.map((_, k) => cell(i, k))))));
}

function colouredCell(words, tip, colour, share, strong) {
  const style = { background: `color-mix(in oklab, ${colour} ${Math.round(100 * share)}%, var(--sheet))` };
  return make("td", { "data-tip": tip, style, class: strong ? "" : "weak" }, strong ? make("strong", {}, words) : words);
}

// p as it is compared with 0.05: after Holm's correction over all pairs, where the page has it.
const pOf = (metric) => metric.p_holm ?? metric.p;

function differenceMatrix(found, shown, labels) {
  const metricOfPair = (a, b) => {
    const pair = found.get(`${Math.min(a, b)} ${Math.max(a, b)}`);
    return pair.metrics.find((metric) => ["Overall", "Accuracy"].includes(metric.name)) ?? pair.metrics.at(-1);
  };
  const difference = (i, k) => {
    const metric = metricOfPair(shown[i], shown[k]);
    return (shown[i] < shown[k] ? 1 : -1) * (metric.a - metric.b);
  };
  const all = shown.flatMap((_, i) => shown.flatMap((__, k) => (i === k ? [] : [Math.abs(difference(i, k))])));
  const most = Math.max(...all) || 1, corrected = metricOfPair(shown[0], shown[1]).p_holm != null;
  const table = heatTable(`${metricOfPair(shown[0], shown[1]).name}: the run of the row less that of the column, in points`, labels, (i, k) => {
    if (i === k) return make("td", { class: "weak" }, "");
    const value = difference(i, k), metric = metricOfPair(shown[i], shown[k]), p = pOf(metric);
    return colouredCell(signed(value), `${labels[i]} less ${labels[k]}: ${signed(value)} points, p ${corrected ? "(Holm) " : ""}${pText(p)}`,
      value > 0 ? "var(--right)" : "var(--wrong)", 0.65 * Math.abs(value) / most, p < 0.05);
  });
  const how = corrected ? ` after Holm's correction over all ${found.size} pairs` : ", without a correction for so many tests";
  const caption = `Bold: p < 0.05${how}. Point at a cell for p.`;
  return { table, caption };
}

function agreementMatrix(found, shown, labels) {
  const agreement = (a, b) => found.get(`${Math.min(a, b)} ${Math.max(a, b)}`).agreement;
  if (shown.some((a) => shown.some((b) => a !== b && agreement(a, b) == null))) return null;
  const all = shown.flatMap((a) => shown.flatMap((b) => (a === b ? [] : [agreement(a, b)])));
  const low = Math.min(...all), range = Math.max(...all) - low || 1;
  const table = heatTable("Agreement: samples where both picked the same, in percent", labels, (i, k) => {
    if (i === k) return make("td", { class: "weak" }, "");
    const value = agreement(shown[i], shown[k]), words = `${labels[i]} and ${labels[k]} agree on ${fixed(100 * value)}% of the samples`;
    return colouredCell(fixed(100 * value), words, "var(--accent)", 0.1 + 0.5 * (value - low) / range, false);
  });
  return { table, caption: "" };
}

function pairMatrices(gallery, shown, labels, name) {
  const found = allPairs(gallery, shown);
  if (!found) return [];
  return [differenceMatrix(found, shown, labels), agreementMatrix(found, shown, labels)].filter(Boolean).map(({ table, caption }) =>
    frameTable(make("figure", { class: "table" }, table, caption && make("figcaption", {}, caption)), name));
}
