// Keep which faces are selected, across views and until the tab is closed.

const SHOWN = 9;

/** Faces by asset_id. changed: is called after every change. */
export class Selection {
  constructor(key, most, changed) {
    this.key = key;
    this.most = most;
    this.changed = changed;
    this.faces = new Map();
    try {
      this.faces = new Map(JSON.parse(sessionStorage.getItem(key) ?? "[]"));
    } catch {
      // Nothing is kept, or storage is switched off.
    }
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
      sessionStorage.setItem(this.key, JSON.stringify([...this.faces]));
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
