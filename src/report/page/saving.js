// Files that the page makes of itself: texts, and drawings that stand alone.

const fileName = (name) => name.replace(/[^\p{L}\p{N}.+-]+/gu, "-").replace(/^-+|-+$/g, "");

function saveFile(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: url, download: fileName(name) }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function say(words) {
  find("said").textContent = words;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { find("said").textContent = ""; }, 4000);
}

// To the clipboard, or, where that is refused, as a file.
async function copyText(content, title, file) {
  try {
    await navigator.clipboard.writeText(content);
    say(`Copied as ${title}.`);
  } catch {
    saveFile(file, "text/plain", content);
    say(`Saved as ${fileName(file)}: the browser refuses to copy.`);
  }
}

// A colour as other programs know it: rgb() and an opacity. A computed style may be of any colour space.
const kKnownColours = new Map();
function plainColour(colour) {
  if (!kKnownColours.has(colour)) {
    const context = make("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    kKnownColours.set(colour, { rgb: `rgb(${red},${green},${blue})`, opacity: alpha / 255 });
  }
  return kKnownColours.get(colour);
}

const kStyles = ["stroke-width", "stroke-dasharray", "stroke-linecap", "opacity", "font-size", "font-weight"];

const kUsual = ["none", "1", "butt", "400", "1px"];

// The element with what style sheets say of it, and its words as titles.
function standalone(element) {
  const copy = element.cloneNode(false), style = getComputedStyle(element);
  for (const name of ["class", "style", "data-tip", "role"]) copy.removeAttribute(name);
  if (element.tagName !== "svg" && element.tagName !== "g") {
    for (const side of ["fill", "stroke"]) {
      const colour = style[side] === "none" ? null : plainColour(style[side]);
      copy.setAttribute(side, colour && colour.opacity > 0 ? colour.rgb : "none");
      if (colour && colour.opacity > 0 && colour.opacity < 1) copy.setAttribute(`${side}-opacity`, colour.opacity.toFixed(3));
    }
    for (const name of kStyles) {
      const value = style.getPropertyValue(name), isOwn = element.tagName === "text" || !name.startsWith("font");
      if (value && isOwn && !kUsual.includes(value)) copy.setAttribute(name, value);
    }
  }
  for (const child of element.childNodes) copy.append(child.nodeType === Node.ELEMENT_NODE ? standalone(child) : child.cloneNode());
  if (element.dataset.tip) copy.prepend(draw("title", {}, element.dataset.tip));
  return copy;
}

const isFolded = (element) => element.closest("details:not([open])") !== null;

// Headings and legends beside the drawings, as texts where they stand.
function wordsOf(made, origin) {
  return [...made.querySelectorAll("h3, h4, h5, .legend li")].filter((element) => !isFolded(element)).map((element) => {
    const box = element.getBoundingClientRect(), style = getComputedStyle(element), swatch = element.querySelector(".swatch");
    const x = box.left - origin.left, y = box.top - origin.top + box.height * 0.72;
    const look = { "font-size": style.fontSize, "font-weight": style.fontWeight, fill: plainColour(style.color).rgb };
    const label = draw("text", { x: swatch ? x + 17 : x, y, ...look }, element.textContent);
    if (!swatch) return label;
    const { rgb } = plainColour(getComputedStyle(swatch).backgroundColor);
    return draw("g", {}, draw("circle", { cx: x + 6, cy: y - 4, r: 5.5, fill: rgb }), label);
  });
}

// All drawings of a figure as one, as they are laid out, in light colours.
function figureSvg(made) {
  const root = document.documentElement, theme = root.dataset.theme;
  root.dataset.theme = "light";
  const drawings = [...made.querySelectorAll("svg")].filter((svg) => !isFolded(svg));
  const boxes = drawings.map((svg) => svg.getBoundingClientRect()), origin = made.getBoundingClientRect();
  const place = ({ left, top, width, height }) => ({ x: left - origin.left, y: top - origin.top, width, height });
  const parts = drawings.map((svg, i) => fill(standalone(svg), place(boxes[i]), []));
  const width = Math.ceil(Math.max(...boxes.map((box) => box.right)) - origin.left), words = wordsOf(made, origin);
  const legends = [...made.querySelectorAll(".legend")].map((list) => list.getBoundingClientRect());
  const last = Math.max(...[...boxes, ...legends].map((box) => box.bottom));
  const all = drawing(width, Math.ceil(last - origin.top), "", draw("rect", { width: "100%", height: "100%", fill: "#fff" }), ...parts, ...words);
  all.setAttribute("font-family", "system-ui, 'Liberation Sans', Arial, sans-serif");
  all.removeAttribute("aria-label");
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  return new XMLSerializer().serializeToString(all);
}

function saveFigure(made, name) {
  saveFile(`${name}.svg`, "image/svg+xml", `${figureSvg(made)}\n`);
}
