// The samples: sorted, filtered, a page of cards at a time.

const kPageSize = 20, kOpenRuns = 6;

const kOrders = {
  position: () => 0,
  lowest: (margin) => margin,
  highest: (margin) => -margin,
  closest: (margin) => Math.abs(margin),
};

class Gallery {
  constructor(images) {
    this.images = images;
    this.page = 0;
    find("controls").addEventListener("submit", (event) => event.preventDefault());
    for (const id of ["run", "sort", "group", "wrong", "disagree"]) find(id).addEventListener("change", () => this.update());
    find("search").addEventListener("input", () => this.update());
    find("previous").addEventListener("click", () => this.turn(-1));
    find("next").addEventListener("click", () => this.turn(1));
    this.cards = find("cards");
  }

  set(gallery, labels) {
    this.data = gallery;
    this.labels = labels;
    this.texts = null;
    find("run").replaceChildren(...labels.map((label, i) => make("option", { value: i }, label)));
    const groups = gallery.groups ? [...new Set(gallery.groups)].sort((a, b) => a - b) : [];
    find("group").replaceChildren(make("option", { value: "" }, "all"), ...groups.map((i) => make("option", { value: i }, gallery.group_names[i])));
    find("of-group").hidden = groups.length < 2;
    find("of-disagree").hidden = gallery.runs.length < 2;
    find("notes").replaceChildren(...gallery.notes.map((note) => make("li", {}, note)));
    this.update();
  }

  // Which samples are shown, in their order.
  update() {
    const { data } = this, run = data.runs[find("run").value], group = find("group").value;
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wrong = find("wrong").checked, disagree = find("disagree").checked;
    this.order = data.ids.map((_, i) => i).filter((i) =>
      (group === "" || data.groups === null || data.groups[i] === Number(group)) && (!wrong || run.wrong[i] === 1) &&
      (!disagree || new Set(data.runs.map((each) => each.wrong[i]).filter((each) => each != null)).size > 1) &&
      words.every((word) => this.searchable(i).includes(word)));
    const sort = find("sort").value, key = (i) => (run.margins[i] == null ? Infinity : kOrders[sort](run.margins[i]));
    if (sort !== "position") this.order.sort((a, b) => { const [left, right] = [key(a), key(b)]; return left === right ? a - b : left - right; });
    this.show(0);
  }

  searchable(i) {
    const { data } = this;
    this.texts ??= data.ids.map((id, k) => [id, data.questions[k], ...data.responses[k]].join("\n").toLowerCase());
    return this.texts[i];
  }

  show(page) {
    this.page = page;
    const pages = Math.max(1, Math.ceil(this.order.length / kPageSize));
    this.cards.replaceChildren(...this.order.slice(page * kPageSize, (page + 1) * kPageSize).map((i) => this.card(i)));
    find("count").textContent = this.order.length === this.data.ids.length ? counted(this.order.length, "sample")
      : `${this.order.length.toLocaleString("en")} of ${counted(this.data.ids.length, "sample")}`;
    find("page").textContent = `${page + 1} / ${pages}`;
    find("previous").disabled = page === 0;
    find("next").disabled = page + 1 >= pages;
  }

  turn(pages) {
    const page = this.page + pages;
    if (page < 0 || page * kPageSize >= this.order.length) return false;
    this.show(page);
    find("samples").scrollIntoView();
    return true;
  }

  // From the card that has the focus to the next or, with -1, the one before.
  move(step) {
    const cards = [...this.cards.children], at = cards.indexOf(document.activeElement?.closest(".card"));
    let next = at < 0 ? (step > 0 ? 0 : -1) : at + step;
    if (at >= 0 && (next < 0 || next >= cards.length)) {
      if (!this.turn(step)) return;
      next = step > 0 ? 0 : kPageSize - 1;
    }
    this.focus(this.cards.children[next]);
  }

  focus(card) {
    card?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: "nearest" });
  }

  // Shows one sample wherever it is, without filters if it has to.
  reveal(sample) {
    if (!this.order.includes(sample)) {
      find("controls").querySelectorAll("input").forEach((input) => { input.checked = false; input.value = ""; });
      find("group").value = "";
      this.update();
    }
    const place = this.order.indexOf(sample);
    this.show(Math.floor(place / kPageSize));
    this.focus(this.cards.children[place % kPageSize]);
  }

  card(i) {
    const { data } = this, chosenRun = Number(find("run").value), run = data.runs[chosenRun];
    const verdict = run.wrong[i] == null ? "" : run.wrong[i] ? "wrong" : "right";
    const group = data.groups ? data.group_names[data.groups[i]] : null;
    const name = [`Sample ${i + 1}`, data.ids[i], group].filter(Boolean).join(", ");
    const margin = run.margins[i];
    return make("article", { class: `card ${verdict}`, role: "listitem", tabindex: 0, "data-sample": i,
      "aria-label": `${name}${verdict && `, ${verdict}`}${margin == null ? "" : `, margin ${signed(margin, 3)}`}` },
      this.pictures(i),
      make("div", { class: "text" },
        make("p", { class: "head" }, make("span", { class: "number" }, `#${i + 1}`), make("span", { class: "id" }, data.ids[i]),
          group && make("span", { class: "group" }, group),
          margin != null && make("span", { class: "margin" }, "margin ", make("b", {}, signed(margin, 3))),
          verdict && make("span", { class: `verdict ${verdict}` }, verdict === "wrong" ? "✗ wrong" : "✓ right")),
        make("p", { class: "question" }, data.questions[i]),
        make("ol", { class: "responses" }, data.responses[i].map((text, k) => this.response(i, k, text, run))),
        this.allRuns(i)));
  }

  pictures(i) {
    const pictures = this.data.images[i].filter((image) => this.images[image]).map((image, k) =>
      make("img", { src: this.images[image], alt: `Image ${k + 1} of sample ${i + 1}` }));
    return make("div", { class: pictures.length > 0 ? "pictures" : "pictures none" }, pictures);
  }

  response(i, k, text, run) {
    const correctness = this.data.correctness[i], right = correctness[k] === Math.max(...correctness);
    const chosen = run.chosen[i] === k, pair = correctness.length === 2 && correctness[0] + correctness[1] === 1;
    const label = pair ? (right ? "preferred" : "") : `correct ${Number(correctness[k].toFixed(3))}`;
    return make("li", { class: [right ? "is-right" : "is-wrong", chosen ? "is-chosen" : ""].join(" ") },
      make("span", { class: "marks" }, make("b", { class: "score" }, run.scores[i] ? fixed(run.scores[i][k], 3) : ""),
        make("span", { class: "tag" }, label), chosen && make("span", { class: "tag chosen" }, "chosen")),
      make("span", { class: "response" }, text));
  }

  // Every run's scores for this sample.
  allRuns(i) {
    const { data } = this;
    if (data.runs.length < 2) return null;
    const head = ["", ...data.responses[i].map((_, k) => String(k + 1)), "margin", ""];
    const rows = () => data.runs.map((run, r) => make("tr", {}, make("th", { scope: "row" }, this.labels[r]),
      data.responses[i].map((_, k) => make("td", { class: run.chosen[i] === k ? "chosen" : "" }, run.scores[i] ? fixed(run.scores[i][k], 3) : "–")),
      make("td", {}, run.margins[i] == null ? "–" : signed(run.margins[i], 3)),
      make("td", { class: run.wrong[i] ? "wrong" : "right" }, run.wrong[i] == null ? "" : run.wrong[i] ? "✗ wrong" : "✓ right")));
    const table = () => make("div", { class: "wide" }, make("table", { class: "runs" },
      make("thead", {}, make("tr", {}, head.map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, rows())));
    const details = make("details", {}, make("summary", {}, `All ${counted(data.runs.length, "run")}`));
    details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) details.append(table()); });
    if (data.runs.length <= kOpenRuns) { details.append(table()); details.open = true; }
    return details;
  }
}
