// A table as it is shown, as LaTeX, Markdown or CSV.

const kLatex = {
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", _: "\\_", "%": "\\%", "[": "{[}", "]": "{]}",
  "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "$<$", ">": "$>$",
  "λ": "$\\lambda$", "−": "$-$", "†": "$^\\dagger$", "–": "--", "…": "\\dots{}",
};
const latexText = (words) => [...words].map((letter) => kLatex[letter] ?? letter).join("");
const markdownText = (words) => words.replace(/[\\|*_`<[\]]/g, "\\$&");
const csvText = (words) => (/[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words);
// For programs that read numbers.
const csvNumber = (words) => words.replace(/^−(?=\d)/, "-").replace(/^\+(?=\d)/, "").replace(/(\d),(?=\d{3})/g, "$1");

// {text, interval, bold} of a cell. The interval stands in a <small>.
function cellParts(cell) {
  const copy = cell.cloneNode(true), small = copy.querySelector("small");
  const interval = small?.textContent.trim() ?? "";
  small?.remove();
  return { text: copy.textContent.trim().replace(/\s+/g, " "), interval, bold: Boolean(copy.querySelector("strong")) };
}

function tableParts(table) {
  const head = [...table.tHead.rows[table.tHead.rows.length - 1].cells].map(cellParts);
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(cellParts));
  return { head, rows, caption: table.caption?.textContent ?? table.closest("section")?.querySelector("h2")?.textContent ?? "" };
}

function latexTable(table) {
  const { head, rows, caption } = tableParts(table);
  const range = (interval) => interval && ` {\\scriptsize (${latexText(interval)})}`;
  const cell = ({ text: words, interval, bold }) => (bold ? `\\textbf{${latexText(words)}}` : latexText(words)) + range(interval);
  const line = (cells) => `${cells.map(cell).join(" & ")} \\\\\n`;
  return `% needs \\usepackage{booktabs}\n\\begin{table}[t]\n\\centering\n\\begin{tabular}{l${"r".repeat(head.length - 1)}}\n\\toprule\n` +
    `${line(head)}\\midrule\n${rows.map(line).join("")}\\bottomrule\n\\end{tabular}\n\\caption{${latexText(caption)}.}\n\\end{table}\n`;
}

function markdownTable(table) {
  const { head, rows } = tableParts(table);
  const cell = ({ text: words, interval, bold }) => (bold ? `**${markdownText(words)}**` : markdownText(words)) + (interval && ` (${interval})`);
  const line = (cells) => `| ${cells.map(cell).join(" | ")} |\n`;
  return `${line(head)}|${head.map((_, i) => (i === 0 ? " --- |" : " ---: |")).join("")}\n${rows.map(line).join("")}`;
}

// An interval becomes two columns of its own.
function csvTable(table) {
  const { head, rows } = tableParts(table);
  const ranged = head.map((_, i) => rows.some((row) => row[i].interval));
  const titles = head.flatMap(({ text: words }, i) => (ranged[i] ? [words, `${words} low`, `${words} high`] : [words]));
  const bounds = (interval) => (interval ? interval.split("–") : ["", ""]);
  const values = (row) => row.flatMap(({ text: words, interval }, i) => (ranged[i] ? [words, ...bounds(interval)] : [words]));
  return [titles, ...rows.map(values)].map((line) => `${line.map((words) => csvText(csvNumber(words))).join(",")}\n`).join("");
}

function tableTools(table, name) {
  const copies = (title, file, textOf) => button(title, { title: `Copy as ${title}` }, () => copyText(textOf(table), title, `${name}.${file}`));
  return make("p", { class: "tools-of-table" }, "Copy as ", copies("LaTeX", "tex", latexTable), copies("Markdown", "md", markdownTable),
    " save as ", button("CSV", { title: "Save as a CSV file" }, () => saveFile(`${name}.csv`, "text/csv", csvTable(table))));
}
