// What charts are made of: scales, axes, legends, figures.

const kPlot = { width: 236, height: 184, left: 38, right: 10, top: 20, bottom: 36 };  // pixels

function scale(low, high, start, end) {
  const length = high - low || 1;
  return (value) => start + ((value - low) / length) * (end - start);
}

// Round numbers from low to high, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) found.push(Number((i * step).toPrecision(12)));
  return found;
}

function drawing(width, height, label, ...children) {
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, ...children);
}

// Words for who points at it.
function titled(words, element) {
  element.setAttribute("data-tip", words);
  return element;
}

function text(name, x, y, words, attributes = {}) {
  return draw("text", { class: name, x, y, ...attributes }, words);
}

// The scales of a plot from [low, high] each, and what is drawn of its axes. `xTicks`: none where a chart names its
// own places.
function plotAxes(xs, ys, { xName, yName, xTicks, width = kPlot.width, xText = minus, yText = minus }) {
  const { height, left, right, top, bottom } = kPlot;
  const x = scale(...xs, left, width - right), y = scale(...ys, height - bottom, top);
  const axes = [
    ...ticks(...ys, 4).map((tick) => [
      draw("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      text("tick", left - 5, y(tick) + 4, yText(tick), { "text-anchor": "end" })]),
    ...(xTicks ?? ticks(...xs, 5)).map((tick) => text("tick", x(tick), height - bottom + 14, xText(tick), { "text-anchor": "middle" })),
    draw("line", { class: "base", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }),
    text("axis", (left + width - right) / 2, height - 4, xName, { "text-anchor": "middle" }),
    yName && text("axis", 2, 9, yName)].flat();
  return { x, y, axes };
}

const kSeries = 8;  // colours that can be told apart
const seriesColour = (index) => (index < kSeries ? `var(--series-${index})` : "var(--faint)");

function legend(names, colour = seriesColour) {
  return make("ul", { class: "legend" }, names.map((name, i) =>
    make("li", {}, make("span", { class: "swatch", style: { background: colour(i) } }), name)));
}

// Charts under one name, with a button that saves them as one drawing.
function figure(name, caption, ...children) {
  const made = make("figure", { class: "chart" }, ...children);
  made.append(make("figcaption", {}, caption, " ", button("SVG", { class: "save", title: "Save as an SVG file" }, () => saveFigure(made, name))));
  return made;
}

// Wilson's 95% interval of a plain proportion: right ones of `count`.
function wilson(fraction, count) {
  const z2 = 1.96 ** 2, whole = 1 + z2 / count;
  const middle = (fraction + z2 / (2 * count)) / whole;
  const half = (1.96 / whole) * Math.sqrt((fraction * (1 - fraction)) / count + z2 / (4 * count * count));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
