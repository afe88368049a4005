// Accuracy by the values of a column of the data.

// Columns that sort the samples of a gallery: its groups, and those of the dataset. [{name, values, rows}]
function columnsOf(gallery) {
  const groups = new Set(gallery.groups).size > 1 ? [{ name: "Group", values: gallery.group_names, rows: gallery.groups }] : [];
  return [...groups, ...(gallery.columns ?? [])];
}

// Places in values that occur, as a person would sort them; of groups as they are.
function valueOrder(column, isGroup) {
  const used = new Set(column.rows), order = column.values.map((_, i) => i).filter((i) => used.has(i));
  return isGroup ? order : order.sort((a, b) => column.values[a].localeCompare(column.values[b], "en", { numeric: true }));
}

// How right the pick of a run is for a sample; null where it was not scored, and for a tie.
function picked(gallery, run, i) {
  return run.wrong[i] == null ? null : gallery.correctness[i][run.picked[i]];
}

function breakdownTable(gallery, isPairs, column, shown, labels) {
  const order = valueOrder(column, column.rows === gallery.groups);
  const sums = shown.map((k) => {
    const sum = column.values.map(() => 0), count = column.values.map(() => 0);
    column.rows.forEach((value, i) => {
      const right = value == null ? null : picked(gallery, gallery.runs[k], i);
      if (right != null) { sum[value] += right; ++count[value]; }
    });
    return { sum, count };
  });
  const accuracies = sums.flatMap(({ sum, count }) => order.filter((v) => count[v] > 0).map((v) => sum[v] / count[v]));
  const low = Math.min(...accuracies), range = Math.max(...accuracies) - low || 1;
  const samples = column.values.map((_, v) => column.rows.filter((row) => row === v).length);
  const cells = ({ sum, count }, label) => order.map((v) => {
    if (count[v] === 0) return make("td", { class: "weak" }, "n/a");
    const accuracy = sum[v] / count[v], percent = fixed(100 * accuracy);
    const interval = isPairs ? percentRange(wilson(accuracy, count[v]).map((bound) => 100 * bound)) : "";
    return colouredCell(percent, `${label}, ${column.values[v]}: ${percent}% of ${counted(count[v], "sample")}${interval}`,
      "var(--accent)", 0.55 * (accuracy - low) / range, false);
  });
  return make("table", { class: "matrix" }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Run"),
    order.map((v) => make("th", { scope: "col", "data-tip": counted(samples[v], "sample") }, `${column.values[v]} (${samples[v]})`)))),
    make("tbody", {}, shown.map((k, i) => make("tr", {}, make("th", { scope: "row" }, labels[i]), cells(sums[i], labels[i])))));
}

class Breakdown {
  constructor() {
    find("by").addEventListener("change", () => {
      address.set("by", find("by").selectedIndex === 0 ? null : find("by").value);
      this.show();
    });
  }

  // `shown`: places of runs in the gallery, with their labels.
  set(gallery, isPairs, shown, labels) {
    Object.assign(this, { gallery, isPairs });
    this.columns = columnsOf(gallery);
    this.shown = shown.filter((k) => gallery.runs[k].scores.length > 0);
    this.labels = this.shown.map((k) => labels[shown.indexOf(k)]);
    find("breakdown").hidden = this.columns.length === 0 || this.shown.length === 0;
    if (find("breakdown").hidden) return;
    find("by").replaceChildren(...this.columns.map((column) => make("option", { value: column.name }, column.name)));
    const asked = address.get("by");
    if (this.columns.some((column) => column.name === asked)) find("by").value = asked;
    this.show();
  }

  show() {
    const column = this.columns[find("by").selectedIndex];
    const made = make("figure", { class: "table" }, breakdownTable(this.gallery, this.isPairs, column, this.shown, this.labels),
      make("figcaption", {}, `Accuracy in percent, of the samples of this page.${this.isPairs ? " Point at a cell for its Wilson interval." : ""}`));
    find("breakdown-title").textContent = `Accuracy by ${column.rows === this.gallery.groups ? "group" : column.name}`;
    find("breakdown-table").replaceChildren(addTableTools(made, `accuracy by ${column.name}`));
  }
}
