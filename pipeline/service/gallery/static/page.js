// What every page can do: switch the theme, and copy.

const root = document.documentElement;

/** Switch between light and dark, and remember it. */
export function switchTheme() {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("populace-theme", root.dataset.theme);
  } catch {
    // Storage is switched off: the choice holds until the page goes.
  }
}

/** Whether an answer is about the catalog that the page shows; else the page is loaded anew, of
 * which the address keeps the view. */
export function current(answer, page) {
  if (answer.version === page.version) return true;
  location.reload();
  return false;
}

/** Put a text on the clipboard and say so on the button for a moment. */
export async function copy(text, button) {
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed here";
  }
  setTimeout(() => (button.textContent = said), 1500);
}

/** Whether a key belongs to what is being typed in. */
export function typing(event) {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  return at.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select");
}

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", switchTheme);
}
for (const button of document.querySelectorAll("[data-link]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(new URL(button.dataset.link, location).href, button));
}
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "t" && !typing(event)) switchTheme();
});
