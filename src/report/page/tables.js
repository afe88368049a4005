// Tables that sort by a click on a heading, say when they go on to the right, and mark the best of what is shown.

// What a cell is sorted by: its first number, or its text; null where it has none.
function sortKey(cell, asText) {
  const words = cell.textContent.trim();
  if (asText) return words;
  const found = words.replace("−", "-").replace(/(\d),(?=\d{3})/g, "$1").match(/-?\d+(\.\d+)?/);
  return found ? Number(found[0]) : null;
}

function sortRows(table, column, direction) {
  const rows = [...table.tBodies[0].rows];
  const asText = column === 0 || !rows.some((row) => sortKey(row.cells[column], false) !== null);
  const order = (a, b) => {
    const [left, right] = [sortKey(a.cells[column], asText), sortKey(b.cells[column], asText)];
    if (left === null || right === null) return (left === null) - (right === null);
    return direction * (asText ? left.localeCompare(right, "en", { numeric: true }) : left - right);
  };
  const place = (row) => Number(row.dataset.place);
  rows.sort((a, b) => (direction === 0 ? 0 : order(a, b)) || place(a) - place(b));
  table.tBodies[0].append(...rows);
}

function makeSortable(table) {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  [...table.tBodies[0].rows].forEach((row, i) => { row.dataset.place = i; });
  heads.forEach((head, column) => {
    const first = column === 0 ? ["ascending", "descending"] : ["descending", "ascending"];
    head.replaceChildren(button(head.textContent || "Run", { class: "sort" }, () => {
      const next = first[first.indexOf(head.getAttribute("aria-sort")) + 1];  // then as it was
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      if (next) head.setAttribute("aria-sort", next);
      sortRows(table, column, next === "ascending" ? 1 : next === "descending" ? -1 : 0);
    }));
  });
}

// Says that there is more to the right, as long as there is.
function watchWidth(wrapper) {
  const hint = make("p", { class: "sideways", hidden: true, "aria-hidden": "true" }, "More columns to the right →");
  wrapper.before(hint);
  const look = () => { hint.hidden = wrapper.scrollLeft + wrapper.clientWidth >= wrapper.scrollWidth - 2; };
  new ResizeObserver(look).observe(wrapper);
  wrapper.addEventListener("scroll", look, { passive: true });
}

// The table of a figure, with what copies and saves it.
function frameTable(made, name) {
  const table = made.querySelector("table"), inner = make("div", { class: "scroll" });
  table.replaceWith(inner);
  inner.append(table);
  inner.after(tableTools(table, name));
  watchWidth(inner);
  return made;
}

function addTableTools(made, name) {
  const table = made.querySelector("table");
  if (table.tBodies[0].rows.length > 1) makeSortable(table);
  return frameTable(made, name);
}

// The best of each column that had one, of the rows that are shown.
function markBest(table, benchmark) {
  const marked = [...table.tHead.rows[table.tHead.rows.length - 1].cells].map((_, i) => table.dataset.best?.split(" ").includes(String(i)));
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, run: benchmark.runs[row.dataset.run] }));
  const metric = (run, column) => run.metrics[column - 2];  // after the run and its samples
  marked.forEach((has, column) => {
    if (!has) return;
    const candidates = rows.filter(({ run }) => !run.hidden && run.complete && metric(run, column)?.percent != null);
    const best = Math.max(...candidates.map(({ run }) => metric(run, column).percent));
    for (const { row, run } of rows) {
      const cell = row.cells[column], strong = cell.querySelector("strong");
      const is = candidates.length > 1 && candidates.some((each) => each.row === row) && metric(run, column).percent === best;
      if (strong && !is) strong.replaceWith(...strong.childNodes);
      else if (!strong && is) cell.firstChild.replaceWith(make("strong", {}, cell.firstChild.textContent.trim()), " ");
    }
  });
}

const kOpenNotes = 5;

// Links the rows of the table of results with its runs.
function prepareResults(table, benchmark, name) {
  [...table.tBodies[0].rows].forEach((row, i) => { row.dataset.run = i; });
  const columns = new Set([...table.querySelectorAll("td strong")].map((strong) => strong.closest("td").cellIndex));
  table.dataset.best = [...columns].join(" ");
  const made = table.closest("figure"), notes = [...made.querySelectorAll("figcaption")];
  addTableTools(made, name);
  if (notes.length <= kOpenNotes) return;
  made.append(make("details", { class: "details" }, make("summary", {}, `${notes.length - 1} notes on runs`), notes.slice(1)));
}
