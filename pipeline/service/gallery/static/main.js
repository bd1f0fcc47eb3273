// The page of a catalog: filters, faces, a face, the selection, and the keys for all of it.

import { address, here, queryOf, show } from "./address.js";
import { showCounts } from "./counts.js";
import { Faces } from "./faces.js";
import { Grid } from "./grid.js";
import { narrow, offerSizes, showSide, side } from "./layout.js";
import { copy, current, typing } from "./page.js";
import { Selection } from "./selection.js";

const LOOK = 5000; // ms

const find = (selector, root = document) => root.querySelector(selector);
const root = find("#faces");
const page = JSON.parse(root.dataset.page);
const form = find("#facets");
const dialog = find("#face");
const take = find("#take");
const help = find("#help");
const tray = find("#tray");

let view = { query: null, face: null, total: 0, pull: null };
let faces = null;
let open = -1; // the index of the face in the dialog; -1: none, or one that is not in the view
let anchor = 0; // where a selection through began
let asked = 0;
let looked = 0;

const selection = new Selection(page, () => {
  selection.show(tray, page, selection.size >= page.pack);
  grid.refresh();
  pressed();
});

const grid = new Grid(root, page.sizes, (id) => selection.has(id), {
  open: (index) => openFace(index),
  select: (index, through) => select(index, through),
  similar: (index) => similarTo(faces.at(index)),
  rested: (at) => history.replaceState({ ...history.state, at }, ""),
  lost: () => look(),
});

// --- the view

/** Show a view; push: as a new entry of the history. */
async function go(query, { push = true, at = 0 } = {}) {
  const number = ++asked;
  if (push) history.pushState({ at: 0 }, "", address(page.base, query));
  show(form, query);
  const waiting = setTimeout(() => root.classList.add("waiting"), 150);
  try {
    const answer = await fetch(address(`${page.base}/view`, query, { version: page.version }));
    const found = await answer.json();
    if (number !== asked) return;
    if (!answer.ok) throw new Error(found.error);
    if (!current(found, page)) return;
    problem("");
    arrived(query, found, at);
  } catch (error) {
    if (number === asked) problem(error.message);
  } finally {
    clearTimeout(waiting);
    if (number === asked) root.classList.remove("waiting");
  }
}

function arrived(query, found, at) {
  view = { ...view, query, total: found.total, pull: found.pull };
  showCounts(found.counts);
  showTotal(found);
  showChips(found.chips);
  faces?.close();
  faces = new Faces(page, query, found.total, (first, last) => grid.refresh(first, last));
  find("#nothing").hidden = found.total > 0;
  root.hidden = found.total === 0;
  find(".take").disabled = found.total === 0;
  form.elements.sort.disabled = found.like !== null;
  grid.show(faces, at);
  document.title = `${page.base.split("/").pop()} · ${found.total.toLocaleString("en")} faces · populace`;
}

function showTotal({ total, of, note }) {
  const line = find("#total");
  line.replaceChildren();
  const number = document.createElement("b");
  number.textContent = total.toLocaleString("en");
  line.append(number, total === 1 ? " face" : " faces");
  if (total !== of || note) {
    const rest = document.createElement("span");
    rest.className = "quiet";
    rest.textContent = note ? note : ` of ${of.toLocaleString("en")}`;
    line.append(rest);
  }
}

function showChips(chips) {
  const list = find("#chips");
  const cross = find(".side .close svg");
  list.replaceChildren(
    ...chips.map(({ title, without }) => {
      const link = document.createElement("a");
      link.className = "chip";
      link.href = address(page.base, without);
      link.setAttribute("aria-label", `Remove ${title}`);
      const words = document.createElement("span");
      words.textContent = title;
      link.title = title;
      link.append(words, cross.cloneNode(true));
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
  if (chips.length) {
    const link = document.createElement("a");
    link.className = "clear";
    link.href = page.base;
    link.textContent = "Clear all";
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  const button = find(".bar .filters");
  find("b", button).textContent = chips.length || "";
}

/** Load the page anew if the catalog has another version by now: not too often, nor too late. */
async function look() {
  if (Date.now() - looked < LOOK) return;
  looked = Date.now();
  const answer = await fetch(address(`${page.base}/rows`, "", { from: 0, count: 0 }), { cache: "no-store" });
  if (answer.ok) current(await answer.json(), page);
}

document.addEventListener("visibilitychange", () => document.hidden || look());

function problem(text) {
  find("#problem").textContent = text;
  find("#problem").hidden = !text;
}

document.addEventListener("change", (event) => {
  if (event.target.form === form) go(queryOf(form, view.query));
});
form.addEventListener("submit", (event) => event.preventDefault());

// Links to other views of this catalog need no new page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const to = new URL(link.href);
  if (to.origin !== location.origin || link.hasAttribute("download")) return;
  if (to.pathname === page.base) {
    event.preventDefault();
    leave();
    go(to.search.slice(1)).then(() => grid.focus(0));
  } else if (link.dataset.asset) {
    event.preventDefault();
    openAsset(link.dataset.asset);
  }
});

addEventListener("popstate", () => {
  const now = here();
  if (now.query !== view.query) {
    leave();
    go(now.query, { push: false, at: history.state?.at ?? 0 }).then(() => showFaceOfAddress());
  } else {
    showFaceOfAddress();
  }
});

// --- one face

/** What the dialog returns where it closes because the address has no face any more. */
const FOLLOWS = "address";

async function openFace(index) {
  const face = await faces.get(index);
  if (face) await openAsset(face.id);
}

/** Show an asset in the dialog; push: write it into the address. */
async function openAsset(id, { push = true } = {}) {
  const answer = await fetch(address(`${page.base}/face/${encodeURIComponent(id)}/card`, view.query));
  if (!answer.ok) {
    problem((await answer.json()).error);
    return;
  }
  dialog.innerHTML = await answer.text();
  const already = dialog.open;
  const url = address(page.base, view.query, { face: id });
  if (push) history[already ? "replaceState" : "pushState"]({ ...history.state, over: true }, "", url);
  furnish();
  dialog.returnValue = "";
  if (!already) dialog.showModal();
  find("#face-title").focus({ preventScroll: true });
  dialog.scrollTop = 0;
  find(".facts", dialog).scrollTop = 0;
  if (open >= 0) faces.want(open - 2, open + 2);
}

/** Give the card of a face what only works with a script. */
function furnish() {
  const article = find("article", dialog);
  open = Number(article.dataset.index);
  const steps = find(".steps", article);
  steps.hidden = false;
  const [previous, next, close] = steps.children;
  previous.disabled = open <= 0;
  next.disabled = open < 0 || open >= view.total - 1;
  previous.addEventListener("click", () => step(-1));
  next.addEventListener("click", () => step(1));
  close.addEventListener("click", () => dialog.close());
  const select = find(".select", article);
  select.hidden = false;
  select.addEventListener("click", () => {
    toggle({ id: article.dataset.asset, row: article.dataset.row });
    selection.keep();
  });
  const link = find("[data-link]", article);
  link.hidden = false;
  link.addEventListener("click", () => copy(new URL(link.dataset.link, location).href, link));
  pressed();
}

function pressed() {
  const select = find(".select", dialog);
  if (!select) return;
  const on = selection.has(find("article", dialog).dataset.asset);
  select.setAttribute("aria-pressed", on);
  find("span", select).textContent = on ? "Selected" : "Select";
}

function step(by) {
  const to = open + by;
  if (open >= 0 && to >= 0 && to < view.total) openFace(to);
}

/** Close the dialog for another view. */
function leave() {
  open = -1;
  if (dialog.open) dialog.close();
}

dialog.addEventListener("close", () => {
  // Where somebody went back and at once forward again the event may come late.
  if (dialog.open) return;
  dialog.replaceChildren();
  if (here().face && dialog.returnValue !== FOLLOWS) {
    if (history.state?.over) history.back();
    else history.replaceState(history.state, "", address(page.base, view.query));
  }
  if (open >= 0) grid.focus(open);
  open = -1;
});

function showFaceOfAddress() {
  const { face } = here();
  if (!face && dialog.open) dialog.close(FOLLOWS);
  else if (face && !(dialog.open && find("article", dialog)?.dataset.asset === face)) {
    openAsset(face, { push: false });
  }
}

function similarTo(face) {
  if (!face) return;
  leave();
  const params = new URLSearchParams(view.query);
  params.set("like", face.id);
  go(params.toString()).then(() => grid.focus(0));
}

// --- the selection

function toggle(face) {
  selection.set(face, !selection.has(face.id));
}

async function select(index, through) {
  const face = await faces.get(index);
  if (!face) return;
  if (through) {
    const [first, last] = [Math.min(anchor, index), Math.max(anchor, index)];
    for (let i = first; i <= Math.min(last, first + page.pack); i++) {
      const one = await faces.get(i);
      if (one && !selection.set(one, true)) break;
    }
  } else {
    toggle(face);
    anchor = index;
  }
  selection.keep();
}

find(".clear", tray).addEventListener("click", () => {
  selection.clear();
  grid.focus();
});

// --- downloading the view

find(".take").addEventListener("click", () => {
  const n = view.total.toLocaleString("en");
  const over = view.total > page.pack;
  const most = page.pack.toLocaleString("en");
  find(".what", take).textContent = over
    ? `The view holds ${n} faces, and a pack ${most} at most: these are the first in this order.`
    : `All ${n} faces of this view.`;
  find("form", take).action = address(`${page.base}/pack`, view.query);
  find(".main span", take).textContent = over ? `Download the first ${most}` : "Download pack";
  find(".pull", take).hidden = !view.pull;
  find("code", take).textContent = view.pull ?? "";
  take.showModal();
});
find(".copy", take).addEventListener("click", (event) => copy(view.pull, event.currentTarget));
find("form[method=post]", take).addEventListener("submit", () => setTimeout(() => take.close(), 0));

// --- the search

const search = find(".search");
search.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = search.elements.q.value.trim();
  const answer = await fetch(address(`${page.base}/search`, view.query, { q: text }), {
    headers: { Accept: "application/json" },
  });
  const found = await answer.json();
  const wrong = find("#search-error");
  wrong.hidden = answer.ok;
  wrong.textContent = answer.ok ? "" : found.error;
  search.elements.q.setAttribute("aria-invalid", !answer.ok);
  if (!answer.ok) return;
  if (found.asset) {
    openAsset(found.asset);
  } else {
    search.elements.q.value = "";
    await go(found.query);
    grid.focus(0);
  }
});
search.elements.q.addEventListener("input", () => {
  find("#search-error").hidden = true;
  search.elements.q.removeAttribute("aria-invalid");
});

// --- keys

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || typing(event)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (dialog.open) {
    if (key === "ArrowLeft") step(-1);
    else if (key === "ArrowRight") step(1);
    else if (key === "s") similarTo({ id: find("article", dialog).dataset.asset });
    else if (key === " " && event.target === find("#face-title")) find(".select", dialog).click();
    else return;
  } else if (document.querySelector("dialog[open]")) {
    return;
  } else if (key === "/") {
    search.elements.q.focus();
    search.elements.q.select();
  } else if (key === "?") {
    help.showModal();
  } else if (key === "f") {
    if (narrow.matches) showSide(true);
    else find("input", side).focus();
  } else if (key === "g") {
    grid.focus();
  } else if (key === "Escape" && side.classList.contains("open")) {
    showSide(false);
  } else if (key === "Escape" && selection.size) {
    selection.clear();
  } else {
    return;
  }
  event.preventDefault();
});
find(".help").addEventListener("click", () => help.showModal());
for (const one of [dialog, take, help]) {
  one.addEventListener("click", (event) => event.target === one && one.close());
}

// --- begin

for (const part of document.querySelectorAll(".bar [hidden], .take")) {
  if (!part.matches(".wrong")) part.hidden = false;
}
document.body.classList.add("scripted");
offerSizes(grid);
selection.show(tray, page, selection.size >= page.pack);
const start = here();
go(start.query, { push: false, at: history.state?.at ?? 0 }).then(showFaceOfAddress);
selection.bringOver();
