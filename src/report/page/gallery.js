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
    this.cards = find("cards");
    find("controls").addEventListener("submit", (event) => event.preventDefault());
    for (const id of ["run", "sort", "group", "value", "wrong", "disagree"]) find(id).addEventListener("change", () => this.changed());
    find("search").addEventListener("input", () => this.changed());
    find("previous").addEventListener("click", () => this.turn(-1));
    find("next").addEventListener("click", () => this.turn(1));
    find("save-samples").addEventListener("click", () => saveFile("samples.jsonl", "application/jsonl", this.lines()));
    this.cards.addEventListener("focusin", (event) => this.remember(event.target.closest(".card")));
    // What sticks to the top covers what is scrolled there.
    new ResizeObserver(() => document.documentElement.style.setProperty("--sticky", `${find("controls").offsetHeight}px`)).observe(find("controls"));
  }

  // `shown`: places of the runs that are not hidden, `best` the one to begin with.
  set(gallery, labels, shown, best) {
    const kept = this.data === gallery ? Number(find("run").value) : labels.indexOf(address.get("run"));
    const isNew = this.data !== gallery;
    Object.assign(this, { data: gallery, labels, shown, best });
    find("run").replaceChildren(...shown.map((i) => make("option", { value: i }, labels[i])));
    find("run").value = shown.includes(kept) ? kept : best;
    find("of-disagree").hidden = shown.length < 2;
    if (isNew) {
      this.texts = null;
      this.fillFilters();
      find("notes").replaceChildren(...gallery.notes.map((note) => make("li", {}, note)));
    }
    this.update();
  }

  fillFilters() {
    const { data } = this, groups = data.groups ? [...new Set(data.groups)].sort((a, b) => a - b) : [];
    find("group").replaceChildren(make("option", { value: "" }, "all"), ...groups.map((i) => make("option", { value: i }, data.group_names[i])));
    find("of-group").hidden = groups.length < 2;
    const columns = data.columns ?? [];
    find("value").replaceChildren(make("option", { value: "" }, "any"), ...columns.map((column, c) => make("optgroup", { label: column.name },
      valueOrder(column, false).map((v) => make("option", { value: `${c} ${v}` }, `${column.name}: ${column.values[v]}`)))));
    find("of-value").hidden = columns.length === 0;
    this.restore();
  }

  // The filters of the address, or those that the page opens with.
  restore() {
    const choose = (id, words, fallback) => {
      const option = [...find(id).options].find((each) => each.text === words || each.value === words);
      find(id).value = option ? option.value : fallback;
    };
    choose("sort", address.get("sort"), "lowest");
    choose("group", address.get("group"), "");
    choose("value", address.get("value"), "");
    find("wrong").checked = address.get("wrong") === "1";
    find("disagree").checked = address.get("disagree") === "1";
    find("search").value = address.get("search") ?? "";
  }

  changed() {
    const words = (id) => (find(id).value === "" ? null : find(id).selectedOptions[0]?.text);
    address.set("run", Number(find("run").value) === this.best ? null : this.labels[find("run").value]);
    address.set("sort", find("sort").value === "lowest" ? null : find("sort").value);
    address.set("group", words("group"));
    address.set("value", words("value"));
    for (const id of ["wrong", "disagree"]) address.set(id, find(id).checked ? "1" : null);
    address.set("search", find("search").value);
    address.set("sample", null);
    this.update();
  }

  remember(card) {
    if (card) address.set("sample", String(Number(card.dataset.sample) + 1));
  }

  // Which samples are shown, in their order.
  update() {
    const { data } = this, run = data.runs[find("run").value], group = find("group").value;
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wrong = find("wrong").checked, disagree = find("disagree").checked && this.shown.length > 1;
    const [column, value] = find("value").value === "" ? [] : find("value").value.split(" ").map(Number);
    const shown = this.shown.map((k) => data.runs[k]);
    this.pair = null;
    this.order = data.ids.map((_, i) => i).filter((i) =>
      (group === "" || data.groups === null || data.groups[i] === Number(group)) && (!wrong || run.wrong[i] === 1) &&
      (column == null || data.columns[column].rows[i] === value) &&
      (!disagree || new Set(shown.map((each) => each.wrong[i]).filter((each) => each != null)).size > 1) &&
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
    this.cards.replaceChildren(...this.order.slice(page * kPageSize, (page + 1) * kPageSize).map((i) => sampleCard(this, i)));
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

  focus(card, block = "nearest") {
    card?.focus({ preventScroll: true });
    card?.scrollIntoView({ block });
  }

  // Shows one sample wherever it is, without filters if it has to.
  reveal(sample) {
    if (!this.order.includes(sample)) {
      find("controls").querySelectorAll("input").forEach((input) => { input.checked = false; input.value = ""; });
      for (const id of ["group", "value"]) find(id).value = "";
      const { pair } = this;
      this.changed();
      this.pair = pair;
    }
    const place = this.order.indexOf(sample);
    this.show(Math.floor(place / kPageSize));
    const card = this.cards.children[place % kPageSize];
    const settle = () => { if (document.activeElement === card) card.scrollIntoView({ block: "start" }); };
    this.focus(card, "start");
    // Pictures that are decoded later move the cards below them.
    Promise.allSettled([...this.cards.querySelectorAll("img")].map((image) => image.decode())).then(() => requestAnimationFrame(settle));
  }

  // A sample that two runs are compared on: the cards go to the one that was right where only one was, and this card
  // shows both.
  revealOfPair(sample, a, b, asked) {
    const kind = outcomeOf(this.data.runs[a], this.data.runs[b], sample), run = asked ?? (kind === 2 ? b : a);
    find("run").value = run;
    this.changed();
    this.pair = { sample, a, b };
    this.reveal(sample);
  }

  // The samples that are shown, a JSON object a line.
  lines() {
    const { data } = this;
    return this.order.map((i) => {
      const value = (column) => (column.rows[i] == null ? null : column.values[column.rows[i]]);
      const columns = Object.fromEntries((data.columns ?? []).map((column) => [column.name, value(column)]));
      const judged = (run) => ({ scores: run.scores[i], picked: run.picked[i], margin: run.margins[i], right: run.wrong[i] == null ? null : run.wrong[i] === 0 });
      const runs = this.shown.filter((k) => data.runs[k].scores[i]).map((k) => [this.labels[k], judged(data.runs[k])]);
      const group = data.groups && { group: data.group_names[data.groups[i]] };
      return `${JSON.stringify({ sample: i + 1, id: data.ids[i], ...group, columns, question: data.questions[i],
        responses: data.responses[i], correctness: data.correctness[i], runs: Object.fromEntries(runs) })}\n`;
    }).join("");
  }
}
