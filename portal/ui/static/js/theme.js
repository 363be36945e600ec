// Runs before the page is painted, so that a dark page never flashes white.
// The visitor's own choice wins; without one the page follows the system.
(() => {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const stored = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const apply = () => {
    const choice = stored();
    const theme = choice === "dark" || choice === "light" ? choice : dark.matches ? "dark" : "light";
    root.setAttribute("data-bs-theme", theme);
  };
  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  window.switchTheme = () => {
    const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", next); } catch { /* private window: this page only */ }
    root.setAttribute("data-bs-theme", next);
  };
})();
