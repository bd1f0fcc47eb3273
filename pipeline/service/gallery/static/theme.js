// Set the theme that was chosen here before anything is painted; without a choice, the system's.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("populace-theme");
  } catch {
    // Storage is switched off: the system's theme holds.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
