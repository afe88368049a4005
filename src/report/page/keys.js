// The keyboard.

function listenToKeys(gallery) {
  const cycle = (select) => {
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    select.dispatchEvent(new Event("change"));
  };
  const actions = {
    j: () => gallery.move(1),
    k: () => gallery.move(-1),
    n: () => gallery.turn(1),
    p: () => gallery.turn(-1),
    s: () => cycle(find("sort")),
    f: () => find("wrong").click(),
    t: toggleTheme,
    "/": () => find("search").focus(),
    "?": () => find("help").showModal(),
  };
  const onCard = { ArrowDown: actions.j, ArrowUp: actions.k, Enter: (card) => card.classList.toggle("open") };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && event.target === find("search")) return event.target.blur();
    if (event.target.closest("input[type=search], select")) return;
    const card = event.target.classList.contains("card") && onCard[event.key];
    const action = card || actions[event.key];
    if (!action) return;
    event.preventDefault();
    action(event.target);
  });
  gallery.cards.addEventListener("click", (event) => {
    if (!event.target.closest("details, button") && getSelection().isCollapsed) event.target.closest(".card")?.classList.toggle("open");
  });
}
