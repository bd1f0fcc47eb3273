// Fit the page to the screen: filters over the faces on small ones, faces of three sizes.

const find = (selector, root = document) => root.querySelector(selector);

export const side = find("#side");
export const narrow = matchMedia("(max-width: 860px)");

/** Show the filters of a small screen, or hide them. */
export function showSide(on) {
  side.classList.toggle("open", on);
  document.body.classList.toggle("covered", on);
  find(".bar .filters").setAttribute("aria-expanded", on);
  for (const part of [find("#main"), find(".bar")]) part.inert = on && narrow.matches;
  if (on) find("input, .close", side).focus();
  else if (narrow.matches) find(".bar .filters").focus();
}

find(".bar .filters").addEventListener("click", () => showSide(!side.classList.contains("open")));
find(".close", side).addEventListener("click", () => showSide(false));
narrow.addEventListener("change", () => showSide(false));

/** Let a grid's faces be small, medium or large, as they were the last time. */
export function offerSizes(grid) {
  const inputs = [...document.querySelectorAll(".sizes input")];
  let size = null;
  try {
    size = localStorage.getItem("populace-size");
  } catch {
    // Storage is switched off.
  }
  for (const input of inputs) {
    if (input.value === size) {
      input.checked = true;
      grid.scale = size;
    }
    input.addEventListener("change", () => {
      grid.resize(input.value);
      try {
        localStorage.setItem("populace-size", input.value);
      } catch {
        // It holds until the page goes.
      }
    });
  }
}
