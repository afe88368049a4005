// Puts the page together from its data.

function showBenchmark(benchmark, index) {
  const section = find(`benchmark-${index}`);
  const figures = [barChart(benchmark), sweepCharts(benchmark), bestOfNCurves(benchmark)].filter(Boolean);
  section.querySelector(".figures").append(...figures);
  return make("a", { href: `#benchmark-${index}` }, benchmark.name);
}

function showGalleries(data, images) {
  const gallery = new Gallery(images), scatter = new Scatter((sample) => gallery.reveal(sample));
  const labelsOf = (each) => each.runs.map((run) => data.benchmarks[each.benchmark].runs[run.run].label);
  const choose = () => {
    const each = data.galleries[find("gallery").value];
    scatter.set(each, labelsOf(each));
    gallery.set(each, labelsOf(each));
  };
  find("gallery").append(...data.galleries.map((each, i) =>
    make("option", { value: i }, `${data.benchmarks[each.benchmark].name}, ${counted(each.ids.length, "sample")}`)));
  find("gallery").addEventListener("change", choose);
  find("of-gallery").hidden = data.galleries.length < 2;
  find("samples").hidden = false;
  gallery.cards.addEventListener("focusin", (event) => scatter.mark?.(Number(event.target.closest(".card")?.dataset.sample)));
  choose();
  listenToKeys(gallery);
}

function main() {
  const data = JSON.parse(find("data").textContent), images = JSON.parse(find("images").textContent);
  const links = data.benchmarks.map(showBenchmark);
  if (data.galleries.length > 0) showGalleries(data, images);
  const sections = [["two-runs", "Two runs"], ["samples", "Samples"]].filter(([id]) => !find(id).hidden);
  find("contents").append(...links, ...sections.map(([id, name]) => make("a", { href: `#${id}` }, name)));
  const runs = data.benchmarks.reduce((sum, benchmark) => sum + benchmark.runs.length, 0);
  find("summary").textContent = `${counted(runs, "run")} on ${data.benchmarks.map((benchmark) => benchmark.name).join(", ")}`;
  find("version").textContent = data.vlrm;
  find("theme").addEventListener("click", toggleTheme);
  find("show-help").addEventListener("click", () => find("help").showModal());
}

main();
