// Heat maps of how two models relate: a row a module, a column a layer.

const data = JSON.parse(find("data").textContent);
const vectors = data.base ? "differences from the base" : "weights";
const chance = fixed(100 * data.top, 0);
const largestNorm = (key) => Math.max(0, ...data.tensors.map((tensor) => tensor[key] ?? 0));
const kFigures = [
  { key: "cosine", name: "cosine", low: -1, middle: 0, high: 1, words: ["conflict", "unrelated", "agreement"], means: `The cosine between the two models' ${vectors}: 1 where they point the same way, 0 where they have nothing to do with each other, below 0 where they undo each other.` },
  { key: "sign_agreement", name: "sign agreement", low: 0, middle: 0.5, high: 1, words: ["conflict", "chance", "agreement"], means: "The share of elements with the same sign, of those that neither leaves at 0. Half is chance; below it a merge cancels." },
  { key: "top_shared", name: "largest in common", low: data.top, high: 1, words: ["chance or less", "the same"], means: `Of the largest ${chance}% of each, the share that both have. Chance is ${chance}%.` },
  { key: "norm_a", name: `norm of ${data.names.a}`, low: 0, high: largestNorm("norm_a"), adds: true, words: [data.base ? "unchanged" : "zero", "the largest of a tensor"], means: `√Σx² of ${data.names.a}'s ${vectors}.` },
  { key: "norm_b", name: `norm of ${data.names.b}`, low: 0, high: largestNorm("norm_b"), adds: true, words: [data.base ? "unchanged" : "zero", "the largest of a tensor"], means: `√Σx² of ${data.names.b}'s ${vectors}.` },
];

const short = (value) => (value == null ? "–" : Math.abs(value) < 0.005 ? "0.00" : Math.abs(value) < 10 ? fixed(value, 2) : value.toPrecision(3));

// Several tensors as one, from their sums; those without a finite norm are left out.
function together(name, tensors) {
  const known = tensors.filter((tensor) => tensor && tensor.norm_a != null && tensor.norm_b != null && tensor.dot != null);
  const sum = (value) => known.reduce((all, tensor) => all + value(tensor), 0);
  const ratio = (part, whole) => (whole > 0 ? part / whole : null);
  const norm_a = Math.sqrt(sum((tensor) => tensor.norm_a ** 2)), norm_b = Math.sqrt(sum((tensor) => tensor.norm_b ** 2));
  const largest = (key) => sum((tensor) => (tensor.top_shared == null ? 0 : tensor[key]));
  return { name, tensors: known.length, norm_a, norm_b, cosine: ratio(sum((tensor) => tensor.dot), norm_a * norm_b),
    sign_agreement: ratio(sum((tensor) => tensor.same_sign), sum((tensor) => tensor.both_not_zero)),
    top_shared: ratio(largest("largest_shared"), largest("largest")) };
}

function describe(tensor) {
  const what = tensor.shape ? `${tensor.name} [${tensor.shape.join(", ")}]` : `${tensor.name}, ${counted(tensor.tensors, "tensor")}`;
  return `${what}: ` + kFigures.map((each) => `${each.name} ${tensor[each.key] == null ? "n/a" : Number(tensor[each.key].toPrecision(4))}`).join(", ");
}

// Norms of totals have no colour: they grow with the number of tensors.
function cell(tensor, figure) {
  if (!tensor) return make("td", { "aria-label": "no such tensor" });
  const value = tensor[figure.key], plain = value == null || (figure.adds && !tensor.shape);
  const show = () => { find("cell").textContent = describe(tensor); };
  return make("td", { tabindex: -1, class: tensor.shape ? null : "total", title: describe(tensor), style: plain ? {} : colouring(strength(value, figure), figure),
    onfocus: show, onmouseenter: show }, short(value));
}

// `rows`: {name, cells}.
function table(title, columns, rows) {
  const head = make("tr", {}, make("th", { scope: "col" }, title), columns.map((name) => make("th", { scope: "col" }, name)));
  const body = rows.map((row) => make("tr", { class: row.totals ? "totals" : null }, make("th", { scope: "row" }, row.name), row.cells));
  return make("div", { class: "heat" }, make("table", {}, make("thead", {}, head), make("tbody", {}, body)));
}

// A stack's layers, with totals at the right and below.
function stack(prefix, figure) {
  const own = data.tensors.filter((tensor) => tensor.prefix === prefix && tensor.layer >= 0);
  const layers = [...new Set(own.map((tensor) => tensor.layer))].sort((a, b) => a - b);
  const modules = [...new Set(own.map((tensor) => tensor.module))];
  const at = new Map(own.map((tensor) => [`${tensor.layer} ${tensor.module}`, tensor]));
  const rows = modules.map((module) => {
    const tensors = layers.map((layer) => at.get(`${layer} ${module}`)), name = module.replace(/\.weight$/, "");
    return { name, cells: [...tensors, together(`${name} of all layers`, tensors)].map((tensor) => cell(tensor, figure)) };
  });
  const sums = layers.map((layer) => together(`layer ${layer}`, own.filter((tensor) => tensor.layer === layer)));
  rows.push({ name: "all", totals: true, cells: [...sums, together(`all of ${prefix}`, own)].map((tensor) => cell(tensor, figure)) });
  return table(prefix, [...layers, "all"], rows);
}

function maps(figure) {
  const prefixes = [...new Set(data.tensors.filter((tensor) => tensor.layer >= 0).map((tensor) => tensor.prefix))];
  const found = prefixes.map((prefix) => stack(prefix, figure));
  const others = data.tensors.filter((tensor) => tensor.layer < 0);
  if (others.length > 0) found.push(table("outside of layers", [""], others.map((tensor) => ({ name: tensor.name, cells: [cell(tensor, figure)] }))));
  return found;
}

function totals() {
  const { parts, layers, all } = data.totals;
  const row = (total) => ({ name: total.name, totals: total === all, cells: kFigures.map((figure) => cell(total, figure)) });
  return table("", kFigures.map((figure) => figure.name), [...parts, ...layers, all].map(row));
}

function show() {
  const figure = kFigures[find("figure").value];
  find("meaning").textContent = figure.means;
  find("scale").replaceChildren(scaleOf(figure));
  find("maps").replaceChildren(...maps(figure));
  const first = document.querySelector("#maps td");
  if (first) first.tabIndex = 0;
}

function move(event) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  const from = document.activeElement.closest("#maps td");
  if (!step || !from) return;
  const rows = [...document.querySelectorAll("#maps tbody tr")];
  const row = rows[rows.indexOf(from.parentElement) + step[0]];
  const to = row && row.cells[Math.min(row.cells.length - 1, Math.max(1, from.cellIndex + step[1]))];
  if (!to) return;
  event.preventDefault();
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

const named = (key) => make("abbr", { title: data[key] }, data.names[key]);
find("models").append(named("a"), " and ", named("b"));
find("summary").append(`${counted(data.tensors.length, "tensor")}, `, ...(data.base ? ["as differences from ", named("base")] : ["as they are"]), ".");
find("sentence").textContent = data.sentence;
find("totals").append(totals());
find("figure").append(...kFigures.map((each, i) => make("option", { value: i }, each.name)));
find("figure").addEventListener("change", show);
find("notes").append(...data.notes.map((note) => make("li", {}, note)));
find("theme").addEventListener("click", toggleTheme);
document.addEventListener("keydown", move);
show();
