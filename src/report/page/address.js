// What the page shows, kept in its address, so that a link opens the same view.

class Address {
  constructor() {
    const hash = location.hash.slice(1);
    this.values = new URLSearchParams(hash.includes("=") ? hash : "");
    addEventListener("hashchange", () => {
      const now = location.hash.slice(1);
      if (now.includes("=") && now !== String(this.values)) location.reload();  // somebody put in another link
    });
  }

  get(name) { return this.values.get(name); }
  all(name) { return this.values.getAll(name); }

  // A text, a list of texts, or nothing for what is as the page opens.
  set(name, value) {
    this.values.delete(name);
    for (const each of [value ?? []].flat()) if (each !== "") this.values.append(name, each);
    // Browsers refuse too many changes in a row, as while someone types.
    this.timer ??= setTimeout(() => this.write(), 120);
  }

  write() {
    this.timer = null;
    const hash = String(this.values);
    if (hash || location.hash.includes("=")) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }
}

const address = new Address();
