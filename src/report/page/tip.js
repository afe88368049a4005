// The words of what the pointer is on.

function listenToTips() {
  const tip = find("tip");
  const show = (event) => {
    const words = event.target.closest?.("[data-tip]")?.getAttribute("data-tip");
    tip.hidden = !words;
    if (!words) return;
    tip.textContent = words;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 18, fits = below + tip.offsetHeight < innerHeight;
    tip.style.setProperty("left", `${Math.max(8, left)}px`);
    tip.style.setProperty("top", `${fits ? below : event.clientY - tip.offsetHeight - 10}px`);
  };
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
}
