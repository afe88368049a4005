// A sample as a card: image, question, responses, what the run made of them, and what all runs did.

const kVerdicts = { right: "✓ right", wrong: "✗ wrong", tie: "tie", "": "" };

// What the run was for a sample: "tie" where people prefer neither response, "" where it was not scored.
function verdictOf(run, i) {
  if (run.wrong[i] === undefined) return "";
  return run.wrong[i] === null ? "tie" : run.wrong[i] ? "wrong" : "right";
}

function sampleCard(gallery, i) {
  const { data } = gallery, run = data.runs[find("run").value], verdict = verdictOf(run, i);
  const group = data.groups ? data.group_names[data.groups[i]] : null;
  const name = [`Sample ${i + 1}`, data.ids[i], group].filter(Boolean).join(", ");
  const margin = run.margins[i], values = (data.columns ?? []).filter((column) => column.rows[i] != null);
  return make("article", { class: `card ${verdict}`, role: "listitem", tabindex: 0, "data-sample": i,
    "aria-label": `${name}${verdict && `, ${verdict}`}${margin == null ? "" : `, margin ${signed(margin, 3)}`}` },
    cardPictures(gallery, i),
    make("div", { class: "text" },
      make("p", { class: "head" }, make("span", {}, `Sample ${i + 1}`), make("span", { class: "id" }, data.ids[i]), group && make("span", {}, group),
        values.map((column) => make("span", {}, `${column.name}: ${column.values[column.rows[i]]}`)),
        make("span", { class: "outcome" }, margin != null && make("span", { class: "margin" }, "margin ", make("b", {}, signed(margin, 3))),
          verdict && make("span", { class: `verdict ${verdict}` }, kVerdicts[verdict]))),
      comparedHint(gallery, i),
      make("p", { class: "question" }, data.questions[i]),
      make("ol", { class: "responses" }, data.responses[i].map((words, k) => cardResponse(data, i, k, words, run))),
      cardRuns(gallery, i)));
}

// Of a sample that was pointed at in the scatter: whose card this is, and the way to the other's.
function comparedHint(gallery, i) {
  const { pair, data, labels } = gallery;
  if (pair?.sample !== i || pair.a === pair.b) return null;
  const run = Number(find("run").value), letter = run === pair.a ? "A" : "B", other = run === pair.a ? pair.b : pair.a;
  const outcome = kOutcomes[outcomeOf(data.runs[pair.a], data.runs[pair.b], i)].name;
  return make("p", { class: "hint" }, `From the scatter, ${outcome}. This is ${letter}, ${labels[run]}. `,
    button(`Show ${letter === "A" ? "B" : "A"}, ${labels[other]}`, { class: "save" }, () => gallery.revealOfPair(i, pair.a, pair.b, other)));
}

function cardPictures(gallery, i) {
  const pictures = gallery.data.images[i].filter((image) => gallery.images[image]).map((image, k) => {
    const name = `Image ${k + 1} of sample ${i + 1}`;
    return button(make("img", { src: gallery.images[image], alt: name }), { class: "picture", "aria-label": `${name}: enlarge` },
      () => showPicture(gallery.images[image], `${name}, ${gallery.data.ids[i]}`));
  });
  return make("div", { class: pictures.length > 0 ? "pictures" : "pictures none" }, pictures);
}

// As large as the window lets it.
function showPicture(source, name) {
  const large = make("img", { src: source, alt: name });
  find("picture-name").textContent = name;
  find("picture-place").replaceChildren(large);
  find("picture").showModal();
}

function cardResponse(data, i, k, words, run) {
  const correctness = data.correctness[i], tie = data.runs.some((each) => each.wrong[i] === null);
  const right = !tie && correctness[k] === Math.max(...correctness);
  const isPicked = run.picked[i] === k, pair = correctness.length === 2 && correctness[0] + correctness[1] === 1;
  const label = tie ? "" : pair ? (right ? "preferred" : "") : `correct ${Number(correctness[k].toFixed(3))}`;
  return make("li", { class: [tie ? "" : right ? "is-right" : "is-wrong", isPicked ? "is-picked" : ""].join(" ") },
    make("span", { class: "marks" }, make("b", { class: "score" }, run.scores[i] ? fixed(run.scores[i][k], 3) : ""),
      make("span", { class: "tag" }, label), isPicked && make("span", { class: "tag picked" }, "picked")),
    make("span", { class: "response" }, words));
}

// Every shown run's scores for this sample; those of a comparison first.
function cardRuns(gallery, i) {
  const { data, labels, pair } = gallery, compared = pair?.sample === i ? [...new Set([pair.a, pair.b])] : [];
  const shown = [...compared, ...gallery.shown.filter((k) => !compared.includes(k))];
  if (shown.length < 2) return null;
  const head = ["", ...data.responses[i].map((_, k) => String(k + 1)), "margin", ""];
  const letter = (r) => (compared.includes(r) ? `${compared.indexOf(r) === 0 ? "A" : "B"}: ` : "");
  const row = (run, r) => make("tr", { class: compared.includes(r) ? "compared" : "" }, make("th", { scope: "row" }, letter(r) + labels[r]),
    data.responses[i].map((_, k) => make("td", { class: run.picked[i] === k ? "picked" : "" }, run.scores[i] ? fixed(run.scores[i][k], 3) : "–")),
    make("td", {}, run.margins[i] == null ? "–" : signed(run.margins[i], 3)),
    make("td", { class: `verdict ${verdictOf(run, i)}` }, kVerdicts[verdictOf(run, i)]));
  const table = () => make("div", { class: "wide" }, make("table", { class: "runs" },
    make("thead", {}, make("tr", {}, head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, shown.map((r) => row(data.runs[r], r)))));
  const details = make("details", {}, make("summary", {}, `All ${counted(shown.length, "run")}`));
  details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) details.append(table()); });
  if (shown.length <= kOpenRuns || compared.length > 0) { details.append(table()); details.open = true; }
  return details;
}
