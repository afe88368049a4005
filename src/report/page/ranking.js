// Which runs are shown, and which is best.

const shownRuns = (benchmark) => benchmark.runs.filter((run) => !run.hidden);

// The figure that runs are ranked by.
const ranked = (run) => run.metrics.find((metric) => metric.figure === "overall" || metric.figure === "accuracy");

// Best first; unfinished runs last.
function byRank(runs) {
  const key = (run) => (ranked(run)?.percent ?? -1) - (run.complete ? 0 : 1000);
  return [...runs].sort((a, b) => key(b) - key(a));
}

// Check boxes for runs. `chosen(run)` says which are ticked; `changed(run, ticked)` is called at each click.
function runBoxes(runs, chosen, changed) {
  return make("span", { class: "boxes" }, runs.map((run) => make("label", { class: "check" },
    make("input", { type: "checkbox", checked: chosen(run), autocomplete: "off", "data-run": run.label,
      onchange: (event) => changed(run, event.target.checked) }), ` ${run.label}`)));
}

// Hides and shows the runs of a benchmark everywhere on the page.
function runChooser(benchmark, index, changed) {
  const hidden = new Set(address.all(`hide${index}`));
  benchmark.runs.forEach((run) => { run.hidden = hidden.has(run.label); });
  if (shownRuns(benchmark).length === 0) benchmark.runs.forEach((run) => { run.hidden = false; });
  if (benchmark.runs.length < 2) return null;
  const summary = make("summary", {});
  const say = () => { summary.textContent = `Runs shown: ${shownRuns(benchmark).length} of ${benchmark.runs.length}`; };
  const boxes = runBoxes(benchmark.runs, (run) => !run.hidden, (run, ticked) => { run.hidden = !ticked; update(); });
  const update = () => {
    const none = shownRuns(benchmark).length === 0;
    if (none) benchmark.runs.forEach((run) => { run.hidden = false; });
    boxes.querySelectorAll("input").forEach((box, i) => { box.checked = !benchmark.runs[i].hidden; });
    address.set(`hide${index}`, benchmark.runs.filter((run) => run.hidden).map((run) => run.label));
    say();
    changed();
  };
  say();
  const all = button("all", {}, () => { benchmark.runs.forEach((run) => { run.hidden = false; }); update(); });
  return make("details", { class: "chooser" }, summary, boxes, all);
}
