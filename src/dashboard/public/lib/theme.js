/** Light or dark: as the system has it, until somebody says otherwise. */
const THEME = "tidemark.theme";

export function theme() {
  const chosen = localStorage.getItem(THEME);
  if (chosen !== null) return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function applyTheme() {
  document.documentElement.dataset.theme = theme();
}

export function toggleTheme() {
  localStorage.setItem(THEME, theme() === "dark" ? "light" : "dark");
  applyTheme();
}

export function watchSystemTheme(listener) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    applyTheme();
    listener();
  });
}
