// The colours of figures, in light and dark, and a text colour that can be read on each.

// Signed figures lead from the middle to conflict (red) or agreement (blue), others from nothing to green.
const kColours = {
  light: { middle: [247, 245, 238], apart: [178, 40, 22], along: [20, 86, 140], much: [17, 100, 76] },
  dark: { middle: [38, 41, 45], apart: [255, 140, 112], along: [125, 190, 240], much: [110, 212, 178] },
};

// How far a value is from where its figure has no colour, from -1 (conflict) to 1.
function strength(value, figure) {
  const middle = figure.middle ?? figure.low;
  const room = value < middle ? middle - figure.low : figure.high - middle;
  return Math.min(1, Math.max(figure.middle == null ? 0 : -1, (value - middle) / (room || 1)));
}

function mixed(theme, share, figure) {
  const end = theme[figure.middle == null ? "much" : share < 0 ? "apart" : "along"];
  return theme.middle.map((from, i) => Math.round(from + Math.abs(share) * (end[i] - from)));
}

function luminance(colour) {
  const [r, g, b] = colour.map((byte) => byte / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Of black and white, one has a contrast of at least 4.5 with any colour.
const inkOn = (colour) => (luminance(colour) > 0.179 ? "#000" : "#fff");

function colouring(share, figure) {
  const [light, dark] = ["light", "dark"].map((name) => mixed(kColours[name], share, figure));
  return { background: `light-dark(rgb(${light}), rgb(${dark}))`, color: `light-dark(${inkOn(light)}, ${inkOn(dark)})` };
}

// A bar of the colours with numbers at its ends, and in the middle where something is.
function scaleOf(figure) {
  const kSteps = 24;
  const steps = Array.from({ length: kSteps + 1 }, (_, i) => figure.low + (i / kSteps) * (figure.high - figure.low));
  const numbers = figure.middle == null ? [figure.low, figure.high] : [figure.low, figure.middle, figure.high];
  return make("div", { class: "scale", role: "img", "aria-label": numbers.map((number, i) => `${short(number)}: ${figure.words[i]}`).join(", ") },
    make("div", { class: "colours" }, steps.map((value) => make("span", { style: { background: colouring(strength(value, figure), figure).background } }))),
    make("div", { class: "numbers" }, numbers.map((number) => make("span", {}, short(number)))),
    make("div", { class: "words" }, figure.words.map((word) => make("span", {}, word))));
}
