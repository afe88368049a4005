"use strict";

// Elements and numbers. Texts come from strangers: they become text nodes, never markup.

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

function button(name, attributes, action) {
  return make("button", { type: "button", onclick: action, ...attributes }, name);
}

const minus = (text) => String(text).replace("-", "−");

// As the program's tables round: of two numbers as near, the even one.
function fixed(value, digits = 1) {
  if (value == null) return "n/a";
  const scaled = Math.abs(value) * 10 ** digits, whole = Math.floor(scaled);
  const isHalf = Number.isInteger(value * 2 ** (digits + 1)) && scaled - whole === 0.5;
  const text = (isHalf && whole % 2 === 0 ? (Math.sign(value) * whole) / 10 ** digits : value).toFixed(digits);
  return minus(Number(text) === 0 ? text.replace("-", "") : text);
}

const signed = (value, digits = 1) => (value > 0 ? "+" : "") + fixed(value, digits);
const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
const percentRange = (interval) => (interval ? ` (${fixed(interval[0])}–${fixed(interval[1])})` : "");
const pText = (p) => (p == null ? "n/a" : p < 1e-4 ? "<0.0001" : p.toFixed(4));
