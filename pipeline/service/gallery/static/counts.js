// Show how many faces each choice has.

/** Put the counts of a view, facet -> choice -> faces, beside the choices, with bars as long. */
export function showCounts(counts) {
  for (const field of document.querySelectorAll("[data-facet]")) {
    const found = counts[field.dataset.facet] ?? {};
    const most = Math.max(1, ...Object.values(found));
    const some = field.querySelector("input:checked") !== null;
    field.classList.toggle("picked", some);
    for (const input of field.querySelectorAll("input")) {
      const choice = input.closest(".choice");
      const n = found[input.value] ?? 0;
      const share = (100 * n) / most;
      const count = choice.querySelector(".count");
      count.textContent = field.classList.contains("list") ? n.toLocaleString("en") : brief(n);
      choice.classList.toggle("none", n === 0);
      choice.querySelector(".share .value")?.setAttribute("width", `${share}%`);
      const column = choice.querySelector(".column .value");
      column?.setAttribute("height", `${0.9 * share}%`);
      column?.setAttribute("y", `${100 - 0.9 * share}%`);
    }
  }
}

/** A number in the fewest characters: 12k for 12,345. */
export function brief(n) {
  if (n < 1000) return String(n);
  if (n < 1e6) return `${n < 1e4 ? (Math.floor(n / 100) / 10).toString() : Math.floor(n / 1000)}k`;
  return `${(Math.floor(n / 1e5) / 10).toString()}M`;
}
