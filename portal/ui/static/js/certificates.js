// Keeps what is written while it is written; says when that did not work, and never throws it away.
"use strict";
(() => {
  const form = document.querySelector("form[data-autosave]");
  const say = (key) => {
    const place = document.querySelector("[data-autosave-state]");
    if (place) place.textContent = form.dataset[key] || key;
  };
  const WAIT = 1500;
  const RETRY = 10_000;
  let timer = 0;
  let busy = false;
  let dirty = false;

  const save = async () => {
    if (busy || !dirty) return;
    busy = true;
    dirty = false;
    say("saving");
    let again = 0;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "error",
      });
      const told = await answer.json();
      if (answer.ok) {
        for (const each of document.querySelectorAll('input[name="revision"]')) each.value = told.revision;
        say("saved");
      } else {
        dirty = true;
        say(told.problem || (told.error && told.error.message) || "failed");
      }
    } catch {
      dirty = true;
      again = RETRY;
      say("failed");
    }
    busy = false;
    if (again) timer = setTimeout(save, again);
    else if (dirty && !timer) plan();
  };
  const plan = () => {
    clearTimeout(timer);
    timer = setTimeout(save, WAIT);
  };
  if (form) {
    form.addEventListener("input", () => {
      dirty = true;
      say("unsaved");
      plan();
    });
    form.addEventListener("submit", () => {
      dirty = false;
      clearTimeout(timer);
    });
    window.addEventListener("beforeunload", (event) => {
      if (dirty) event.preventDefault();
    });
  }
  // A second press while the first is on its way signs nothing twice; it only confuses.
  const once = document.querySelector("form[data-once]");
  if (once) {
    once.addEventListener("submit", () => {
      const button = once.querySelector("button.btn-primary");
      setTimeout(() => { button.disabled = true; }, 0);
    });
    window.addEventListener("pageshow", () => {
      const button = once.querySelector("button.btn-primary");
      if (button && !once.dataset.off && !document.querySelector(".alert-danger ul")) button.disabled = false;
    });
  }
  const print = document.querySelector("[data-print]");
  if (print) print.addEventListener("click", () => window.print());
})();
