// Keep which faces are selected, across views and until the tab is closed.

const SHOWN = 9;

/** Faces by asset_id, with their rows. changed: is called after every change. */
export class Selection {
  constructor(page, changed) {
    this.page = page;
    this.key = `populace-${page.base}`;
    this.most = page.pack;
    this.changed = changed;
    this.faces = new Map();
    this.before = [];
    try {
      const { version, faces } = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
      if (version === page.version) this.faces = new Map(faces);
      else if (faces) this.before = faces.map(([id]) => id);
    } catch {
      // Nothing is kept, or storage is switched off.
    }
  }

  /** Select what was selected in another version of the catalog, as far as it is in this one. */
  async bringOver() {
    if (!this.before.length) return;
    const body = new URLSearchParams({ assets: this.before.join(" ") });
    const answer = await fetch(`${this.page.base}/selected`, { method: "POST", body });
    if (!answer.ok) return;
    this.before = [];
    for (const [id, row] of (await answer.json()).faces) this.set({ id, row }, true);
    this.keep();
  }

  get size() {
    return this.faces.size;
  }

  has(id) {
    return this.faces.has(id);
  }

  /** Select a face or no longer; false where as many are selected as a pack holds. */
  set(face, selected) {
    if (selected && this.size >= this.most && !this.has(face.id)) return false;
    if (selected) this.faces.set(face.id, face.row);
    else this.faces.delete(face.id);
    return true;
  }

  clear() {
    this.faces.clear();
    this.keep();
  }

  /** Remember, and show. */
  keep() {
    try {
      const kept = { version: this.page.version, faces: [...this.faces] };
      sessionStorage.setItem(this.key, JSON.stringify(kept));
    } catch {
      // It holds until the page goes.
    }
    this.changed();
  }

  /** Show what is selected in the tray. page: what the server says of the catalog. */
  show(tray, page, full) {
    const { size } = this;
    tray.hidden = !size;
    tray.querySelector("p b").textContent = size.toLocaleString("en");
    tray.querySelector("p span").textContent = full ? "selected, the most in a pack" : "selected";
    tray.querySelector("input[name=assets]").value = [...this.faces.keys()].join(" ");
    const strip = tray.querySelector(".strip");
    const rows = [...this.faces.values()].slice(-SHOWN).reverse();
    strip.replaceChildren(
      ...rows.map((row) => {
        const image = document.createElement("img");
        image.src = `${page.base}/sheet/${page.version}/96/${row}.jpg`;
        image.alt = "";
        const item = document.createElement("li");
        item.append(image);
        return item;
      }),
    );
  }
}
