// Fetch the faces of a view a page at a time, and their pictures a sheet at a time.

import { address } from "./address.js";
import { current } from "./page.js";

const MOST_PAGES = 60;
const AT_ONCE = 4;

/** The faces of one view: what was fetched of them, and what is on its way. */
export class Faces {
  /** page: what the server says of the catalog. changed: is called with the first and last index
   * of faces that have come. */
  constructor(page, query, total, changed) {
    this.page = page;
    this.query = query;
    this.total = total;
    this.changed = changed;
    this.pages = new Map();
    this.loading = new Map();
    this.wanted = [];
    this.running = 0;
    this.over = new AbortController();
  }

  /** A face, {row, id, label}, or undefined where it has not come yet. */
  at(index) {
    return this.pages.get(Math.floor(index / this.page.rows))?.[index % this.page.rows];
  }

  /** Ask for the faces from first to last; what was asked for before and has not begun is dropped. */
  want(first, last) {
    const size = this.page.rows;
    const from = Math.max(0, Math.floor(first / size));
    const to = Math.min(Math.floor((this.total - 1) / size), Math.floor(last / size));
    this.wanted = [];
    for (let number = from; number <= to; number++) {
      if (!this.pages.has(number) && !this.loading.has(number)) this.wanted.push(number);
    }
    this.#fetch();
  }

  /** A face, fetched if it must be; undefined where there is none. */
  async get(index) {
    if (index < 0 || index >= this.total) return undefined;
    if (!this.at(index)) await this.#load(Math.floor(index / this.page.rows));
    return this.at(index);
  }

  /** Drop what is on its way: another view is shown. */
  close() {
    this.wanted = [];
    this.over.abort();
  }

  /** The sheet on which a face is at a size: {url, place, count}, or undefined. */
  sheet(index, size) {
    const most = size > 256 ? this.page.sheet / 4 : this.page.sheet / 2;
    const start = index - (index % most);
    const names = [];
    for (let i = start; i < start + most && i < this.total; i++) {
      const face = this.at(i);
      if (!face) return undefined;
      names.push(face.row);
    }
    const { base, version } = this.page;
    const url = `${base}/sheet/${version}/${size}/${names.join("-")}.jpg`;
    return { url, place: index - start, count: names.length };
  }

  #fetch() {
    while (this.running < AT_ONCE && this.wanted.length) {
      this.running++;
      this.#load(this.wanted.shift())
        .catch(() => undefined)
        .finally(() => {
          this.running--;
          this.#fetch();
        });
    }
  }

  /** Fetch a page, once at a time. */
  #load(number) {
    if (!this.loading.has(number)) {
      const done = () => this.loading.delete(number);
      this.loading.set(number, this.#fetched(number).finally(done));
    }
    return this.loading.get(number);
  }

  async #fetched(number) {
    if (this.pages.has(number)) return;
    const from = number * this.page.rows;
    // The version keeps what the browser remembers of another one apart.
    const part = { from, count: this.page.rows, version: this.page.version };
    const url = address(`${this.page.base}/rows`, this.query, part);
    const answer = await fetch(url, { signal: this.over.signal });
    if (!answer.ok) throw new Error((await answer.json()).error);
    const found = await answer.json();
    if (!current(found, this.page)) return;
    const { faces } = found;
    this.pages.set(number, faces.map(([row, id, label]) => ({ row, id, label })));
    while (this.pages.size > MOST_PAGES) this.pages.delete(this.pages.keys().next().value);
    this.changed(from, from + faces.length - 1);
  }
}
