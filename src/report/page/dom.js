"use strict";

// Elements, charts' scales and numbers. Texts come from strangers: they become text nodes, never markup.

const find = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") Object.entries(value).forEach(([key, rule]) => element.style.setProperty(key, rule));
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false && child !== ""));
  return element;
}

function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

// The same for a drawing.
function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(find("svg").namespaceURI, tag), attributes, children);
}

function drawing(width, height, label, ...children) {
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, ...children);
}

function titled(title, element) {
  element.append(draw("title", {}, title));
  return element;
}

const fixed = (value, digits = 1) => (value == null ? "n/a" : value.toFixed(digits).replace("-", "−"));
const signed = (value, digits = 1) => (value > 0 ? "+" : "") + fixed(value, digits);
const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
const percentRange = (interval) => (interval ? ` (${fixed(interval[0])}–${fixed(interval[1])})` : "");

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

const kSeries = 8;  // colours that can be told apart
const seriesColour = (index) => (index < kSeries ? `var(--series-${index})` : "var(--faint)");

function legend(names, colour = seriesColour) {
  return make("ul", { class: "legend" }, names.map((name, i) =>
    make("li", {}, make("span", { class: "swatch", style: { background: colour(i) } }), name)));
}

function figure(caption, ...children) {
  return make("figure", {}, ...children, make("figcaption", {}, caption));
}
