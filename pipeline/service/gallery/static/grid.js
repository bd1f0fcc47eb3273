// Show any number of faces in a grid of which only the rows in sight are in the document.

const GAP = 4;
const OVERSCAN = 2;
const TALLEST = 4e6; // px; browsers end between 17 and 33 million
const STILL = 140; // ms without scrolling
const FAST = 2; // screens in one event: the scroll bar, and not a wheel

const TARGETS = { small: [76, 118], medium: [104, 188], large: [160, 300] };

/** A grid with one tab stop, moved by the arrow keys (ARIA Authoring Practices, "Grid"). */
export class Grid {
  /** on: {open(index), select(index, through), similar(index), rested(first), lost()}.
   * selected: says of an asset_id whether it is. */
  constructor(root, sizes, selected, on) {
    this.root = root;
    this.sizes = sizes;
    this.selected = selected;
    this.on = on;
    this.rows = new Map();
    this.loaded = new Set();
    this.active = 0;
    this.columns = 1;
    this.scale = "medium";
    this.top = 0; // of the view, in its own px; it may be taller than the document can be
    this.shift = 0; // top - root.scrollTop
    this.last = 0;
    root.replaceChildren();
    this.spacer = root.appendChild(document.createElement("div"));
    this.spacer.className = "spacer";
    this.spacer.setAttribute("role", "presentation");
    root.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("dblclick", (event) => event.preventDefault());
    root.addEventListener("keydown", (event) => this.#pressed(event));
    root.addEventListener("focusin", (event) => this.#focused(event));
    new ResizeObserver(() => this.#measured()).observe(root);
  }

  /** Show other faces, from one on. */
  show(faces, first = 0) {
    this.faces = faces;
    this.active = Math.min(first, Math.max(0, faces.total - 1));
    this.#clear();
    this.root.setAttribute("aria-rowcount", Math.ceil(faces.total / this.columns));
    this.#measured(true);
    this.reveal(this.active);
  }

  /** The size of faces: small, medium or large. */
  resize(scale) {
    const first = this.firstInSight;
    this.scale = scale;
    this.#measured(true);
    this.#scrollTo(Math.floor(first / this.columns) * this.pitch);
  }

  /** The index of the first face in sight. */
  get firstInSight() {
    return Math.round(this.top / (this.pitch || 1)) * this.columns;
  }

  /** Paint what has come, or what is selected by now. */
  refresh(first = 0, last = Infinity) {
    for (const [number, row] of this.rows) {
      const from = number * this.columns;
      if (from + this.columns > first && from <= last) this.#paint(row, number);
    }
  }

  /** Bring a face into sight. */
  reveal(index) {
    const y = Math.floor(index / this.columns) * this.pitch;
    const height = this.root.clientHeight;
    if (y < this.top) this.#scrollTo(y);
    else if (y + this.pitch > this.top + height) this.#scrollTo(y + this.pitch - height);
    else this.#render();
  }

  /** Put the focus on a face. */
  focus(index = this.active) {
    if (!this.faces?.total) return;
    this.active = Math.max(0, Math.min(index, this.faces.total - 1));
    this.reveal(this.active);
    this.#tabs();
    this.#cell(this.active)?.focus({ preventScroll: true });
  }

  get #height() {
    return Math.ceil((this.faces?.total ?? 0) / this.columns) * this.pitch;
  }

  get #most() {
    return Math.max(0, this.#height - this.root.clientHeight);
  }

  get #mostScrolled() {
    return Math.max(0, Math.min(this.#height, TALLEST) - this.root.clientHeight);
  }

  #measured(anew = false) {
    const style = getComputedStyle(this.root);
    const width = this.root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (width <= 0) return;
    const [least, most] = TARGETS[this.scale];
    const target = least + (most - least) * Math.min(1, Math.max(0, (width - 330) / 1900));
    const columns = Math.max(2, Math.floor((width + GAP) / (target + GAP)));
    const side = (width - GAP * (columns - 1)) / columns;
    if (!anew && columns === this.columns && Math.abs(side - this.side) < 0.01) {
      this.#render();
      return;
    }
    const first = this.pitch ? this.firstInSight : 0;
    this.columns = columns;
    this.side = side;
    this.pitch = side + GAP;
    const wanted = side * Math.min(devicePixelRatio || 1, 2);
    this.size = this.sizes.find((size) => size >= wanted * 0.9) ?? this.sizes.at(-1);
    this.root.setAttribute("aria-colcount", columns);
    this.root.setAttribute("aria-rowcount", Math.ceil((this.faces?.total ?? 0) / columns));
    this.spacer.style.height = `${Math.min(this.#height, TALLEST)}px`;
    this.#clear();
    this.#scrollTo(Math.floor(first / columns) * this.pitch);
  }

  #clear() {
    const focused = this.root.contains(document.activeElement);
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    if (focused) this.root.focus({ preventScroll: true });
  }

  #scrollTo(y) {
    this.top = Math.max(0, Math.min(y, this.#most));
    this.#anchor();
    this.#render();
  }

  /** Put the scroll bar where it belongs, which moves no picture. */
  #anchor() {
    const ratio = this.#most ? this.top / this.#most : 0;
    const at = this.#height <= TALLEST ? this.top : Math.round(ratio * this.#mostScrolled);
    if (Math.abs(this.root.scrollTop - at) >= 1) this.root.scrollTop = at;
    this.last = this.root.scrollTop;
    this.shift = this.top - this.last;
    for (const [number, row] of this.rows) this.#place(row, number);
  }

  #scrolled() {
    const now = this.root.scrollTop;
    const moved = now - this.last;
    if (!moved) return;
    this.last = now;
    const far = Math.abs(moved) > FAST * this.root.clientHeight;
    if (this.#height > TALLEST && far) this.top = (now / this.#mostScrolled) * this.#most;
    else this.top += moved;
    this.top = Math.max(0, Math.min(this.top, this.#most));
    if (this.shift !== this.top - now) {
      this.shift = this.top - now;
      for (const [number, row] of this.rows) this.#place(row, number);
    }
    this.#render(far);
    clearTimeout(this.stopped);
    this.stopped = setTimeout(() => {
      if (this.#height > TALLEST) this.#anchor();
      this.#render();
      this.on.rested(this.firstInSight);
    }, STILL);
  }

  #render(passing = false) {
    if (!this.faces || !this.pitch) return;
    const rows = Math.ceil(this.faces.total / this.columns);
    const from = Math.max(0, Math.floor(this.top / this.pitch) - OVERSCAN);
    const to = Math.min(rows - 1, Math.ceil((this.top + this.root.clientHeight) / this.pitch) + OVERSCAN);
    const kept = this.root.contains(document.activeElement) ? this.#rowOf(this.active) : -1;
    for (const [number, row] of this.rows) {
      if ((number < from || number > to) && number !== kept) {
        row.remove();
        this.rows.delete(number);
      }
    }
    for (let number = from; number <= to; number++) if (!this.rows.has(number)) this.#add(number);
    this.#tabs();
    if (!passing && rows) {
      const screen = (to - from + 1) * this.columns;
      this.faces.want(from * this.columns, (to + 1) * this.columns - 1 + screen);
    }
  }

  #add(number) {
    const row = document.createElement("div");
    row.className = "row";
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", number + 1);
    row.style.height = `${this.side}px`;
    for (let i = 0; i < this.columns && number * this.columns + i < this.faces.total; i++) {
      const cell = row.appendChild(document.createElement("div"));
      cell.className = "cell";
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-colindex", i + 1);
      cell.tabIndex = -1;
      cell.dataset.index = number * this.columns + i;
      cell.style.width = `${this.side}px`;
      cell.style.left = `${i * this.pitch}px`;
      const picture = cell.appendChild(document.createElement("span"));
      picture.className = "picture";
      const caption = cell.appendChild(document.createElement("span"));
      caption.className = "caption";
      caption.setAttribute("aria-hidden", "true");
      const tick = cell.appendChild(document.createElement("span"));
      tick.className = "tick";
      tick.setAttribute("aria-hidden", "true");
    }
    this.#place(row, number);
    this.rows.set(number, row);
    const next = [...this.rows.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
    this.root.insertBefore(row, next === undefined ? null : this.rows.get(next));
    this.#paint(row, number);
  }

  #place(row, number) {
    row.style.transform = `translateY(${number * this.pitch - this.shift}px)`;
  }

  #paint(row, number) {
    for (const cell of row.children) {
      const index = Number(cell.dataset.index);
      const face = this.faces.at(index);
      if (!face) {
        cell.setAttribute("aria-label", `Face ${index + 1}, loading`);
        continue;
      }
      const selected = this.selected(face.id);
      cell.setAttribute("aria-selected", selected);
      cell.setAttribute("aria-label", `${face.label}. Face ${index + 1} of ${this.faces.total}`);
      cell.children[1].textContent = short(face.label);
      this.#picture(cell.firstChild, index);
    }
    this.#tabs();
  }

  #picture(picture, index) {
    const sheet = this.faces.sheet(index, this.size);
    if (!sheet || picture.dataset.url === sheet.url) return;
    picture.dataset.url = sheet.url;
    const paint = () => {
      if (picture.dataset.url !== sheet.url) return;
      const { place, count } = sheet;
      picture.style.backgroundImage = `url("${sheet.url}")`;
      picture.style.backgroundSize = `${count * 100}% 100%`;
      picture.style.backgroundPosition = count > 1 ? `${(place / (count - 1)) * 100}% 0` : "0 0";
      picture.classList.add("here");
    };
    if (this.loaded.has(sheet.url)) {
      paint();
      return;
    }
    const image = new Image();
    image.onload = () => {
      this.loaded.add(sheet.url);
      paint();
    };
    image.onerror = () => {
      this.on.lost();
      picture.classList.add("gone");
      picture.closest(".cell")?.setAttribute("aria-label", `Face ${index + 1}, whose picture cannot be read`);
    };
    image.src = sheet.url;
  }

  #rowOf(index) {
    return Math.floor(index / this.columns);
  }

  #cell(index) {
    return this.rows.get(this.#rowOf(index))?.children[index % this.columns];
  }

  #tabs() {
    const old = this.root.querySelector('.cell[tabindex="0"]');
    let now = this.#cell(this.active);
    if (!now) now = this.#cell(this.firstInSight) ?? null;
    if (old !== now) {
      if (old) old.tabIndex = -1;
      if (now) now.tabIndex = 0;
    }
  }

  #focused(event) {
    const cell = event.target.closest(".cell");
    if (cell) {
      this.active = Number(cell.dataset.index);
      this.#tabs();
    }
  }

  #clicked(event) {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    const index = Number(cell.dataset.index);
    const through = event.shiftKey;
    if (event.target.closest(".tick") || through || event.ctrlKey || event.metaKey) {
      this.on.select(index, through);
    } else {
      this.on.open(index);
    }
  }

  #pressed(event) {
    if (!event.target.closest(".cell, .grid") || event.altKey) return;
    const { key } = event;
    const across = this.columns;
    const screen = Math.max(1, Math.floor(this.root.clientHeight / this.pitch)) * across;
    const at = this.active;
    const all = event.ctrlKey || event.metaKey;
    const end = this.faces.total - 1;
    const moves = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - across >= 0 ? at - across : at,
      ArrowDown: at + across <= end ? at + across : this.#rowOf(at) < this.#rowOf(end) ? end : at,
      PageUp: at - screen >= 0 ? at - screen : at % across,
      PageDown: Math.min(end, at + screen),
      Home: all ? 0 : at - (at % across),
      End: all ? end : Math.min(end, at - (at % across) + across - 1),
    };
    if (key in moves && (!all || key === "Home" || key === "End")) this.focus(moves[key]);
    else if (all) return;
    else if (key === "Enter") this.on.open(at);
    else if (key === " ") this.on.select(at, event.shiftKey);
    else if (key.toLowerCase() === "s") this.on.similar(at);
    else return;
    event.preventDefault();
  }
}

/** The first words of a face's description, for its corner. */
function short(label) {
  return label.split(", ").slice(0, 2).join(", ").replace("about ", "");
}
