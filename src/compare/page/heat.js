// Heat maps of how two models relate: a row a module, a column a layer.

const data = JSON.parse(find("data").textContent);
const vectors = data.base ? "differences from the base" : "weights";
const kFigures = [
  { key: "cosine", name: "cosine", low: -1, high: 1, means: `The cosine between the two models' ${vectors}: 1 where they point the same way, 0 where they have nothing to do with each other.` },
  { key: "sign_agreement", name: "sign agreement", low: 0, high: 1, means: "The share of elements with the same sign, of those that neither leaves at 0. Half is chance; below it a merge cancels." },
  { key: "top_shared", name: "largest in common", low: 0, high: 1, means: `Of the largest ${fixed(100 * data.top, 0)}% of each, the share that both have. Chance is ${fixed(100 * data.top, 0)}%.` },
  { key: "norm_a", name: `norm of ${data.a}`, means: `√Σx² of ${data.a}'s ${vectors}.` },
  { key: "norm_b", name: `norm of ${data.b}`, means: `√Σx² of ${data.b}'s ${vectors}.` },
];

const short = (value) => (value == null ? "–" : Math.abs(value) < 0.005 ? "0.00" : Math.abs(value) < 10 ? fixed(value, 2) : value.toPrecision(3));

function describe(tensor) {
  return `${tensor.name} [${tensor.shape.join(", ")}]: ` + kFigures.map((each) => `${each.name} ${tensor[each.key] == null ? "n/a" : Number(tensor[each.key].toPrecision(4))}`).join(", ");
}

function cell(tensor, figure, range) {
  if (!tensor) return make("td", { "aria-label": "no such tensor" });
  const value = tensor[figure.key];
  const share = value == null ? 0 : Math.min(1, Math.max(0, (value - range.low) / (range.high - range.low || 1)));
  const show = () => { find("cell").textContent = describe(tensor); };
  const style = { background: `color-mix(in oklab, var(--heat-high) ${Math.round(share * 100)}%, var(--heat-low))`,
    color: share > 0.65 ? "var(--heat-ink-high)" : "var(--heat-ink-low)" };
  return make("td", { tabindex: -1, title: describe(tensor), style, onfocus: show, onmouseenter: show }, short(value));
}

function table(title, columns, rows, figure, range) {
  const head = make("tr", {}, make("th", { scope: "col" }, title), columns.map((name) => make("th", { scope: "col" }, name)));
  const body = rows.map((row) => make("tr", {}, make("th", { scope: "row" }, row.name), row.tensors.map((tensor) => cell(tensor, figure, range))));
  return make("div", { class: "heat" }, make("table", {}, make("thead", {}, head), make("tbody", {}, body)));
}

// The layers of one prefix, and what is in no layer.
function maps(figure) {
  const values = data.tensors.map((tensor) => tensor[figure.key]).filter((value) => value != null);
  const range = figure.high == null ? { low: 0, high: Math.max(0, ...values) } : figure;
  const prefixes = [...new Set(data.tensors.filter((tensor) => tensor.layer >= 0).map((tensor) => tensor.prefix))];
  const found = prefixes.map((prefix) => {
    const own = data.tensors.filter((tensor) => tensor.prefix === prefix && tensor.layer >= 0);
    const layers = [...new Set(own.map((tensor) => tensor.layer))].sort((a, b) => a - b);
    const modules = [...new Set(own.map((tensor) => tensor.module))];
    const at = new Map(own.map((tensor) => [`${tensor.layer} ${tensor.module}`, tensor]));
    return table(prefix, layers, modules.map((module) => ({ name: module.replace(/\.weight$/, ""), tensors: layers.map((layer) => at.get(`${layer} ${module}`)) })), figure, range);
  });
  const others = data.tensors.filter((tensor) => tensor.layer < 0);
  if (others.length > 0) found.push(table("outside of layers", [""], others.map((tensor) => ({ name: tensor.name, tensors: [tensor] })), figure, range));
  return found;
}

function show() {
  const figure = kFigures[find("figure").value];
  find("meaning").textContent = figure.means;
  find("maps").replaceChildren(...maps(figure));
  const first = document.querySelector(".heat td");
  if (first) first.tabIndex = 0;
}

function move(event) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  const from = document.activeElement.closest(".heat td");
  if (!step || !from) return;
  const rows = [...document.querySelectorAll(".heat tbody tr")];
  const row = rows[rows.indexOf(from.parentElement) + step[0]];
  const to = row && row.cells[Math.min(row.cells.length - 1, Math.max(1, from.cellIndex + step[1]))];
  if (!to) return;
  event.preventDefault();
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

find("summary").textContent = `${counted(data.tensors.length, "tensor")}, ${data.base ? `as differences from ${data.base}` : "as they are"}.`;
find("figure").append(...kFigures.map((each, i) => make("option", { value: i }, each.name)));
find("figure").addEventListener("change", show);
find("notes").append(...data.notes.map((note) => make("li", {}, note)));
find("theme").addEventListener("click", toggleTheme);
document.addEventListener("keydown", move);
show();
