// Applications: what is typed is kept by itself, a file over the limit is told before it is sent,
// and a form that is being sent is not sent twice. Everything works without this script as well.
(() => {
  "use strict";
  const WAIT = 900;

  const keep = (form) => {
    const place = form.querySelector("[data-kept]");
    let timer = 0;
    let last = new URLSearchParams(new FormData(form)).toString();
    let running = Promise.resolve();
    const say = (text, bad = false) => {
      place.textContent = text;
      place.classList.toggle("is-bad", bad);
    };
    const save = async () => {
      const data = new URLSearchParams(new FormData(form));
      const needed = form.dataset.needs;
      if (data.toString() === last || (needed && !(data.get(needed) || "").trim())) return;
      say(form.dataset.saving);
      try {
        const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
        const told = await answer.json();
        if (!answer.ok) {
          say(`${form.dataset.unsaved}: ${told.error?.message ?? answer.status}`, true);
          return;
        }
        last = data.toString();
        if (told.address) {
          form.action = told.address;
          history.replaceState(null, "", told.address);
        }
        say(`${form.dataset.saved} ${new Date().toLocaleTimeString(document.documentElement.lang)}`);
      } catch {
        say(form.dataset.offline, true);
      }
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(() => { running = running.then(save); }, WAIT);
    };
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    // A party that is being added by itself must not be added once more by the button.
    form.addEventListener("submit", (event) => {
      clearTimeout(timer);
      if (form.dataset.going) return;
      event.preventDefault();
      if (form.dataset.waiting) return;
      form.dataset.waiting = "1";
      const button = event.submitter;
      // Not before this event is over: a form that is being submitted does not submit itself.
      running.then(() => setTimeout(() => {
        form.dataset.going = "1";
        form.requestSubmit(button);
      }));
    });
    addEventListener("pageshow", () => {
      delete form.dataset.waiting;
      delete form.dataset.going;
    });
  };

  // Papers of people are none of an organisation's.
  const papers = (form) => {
    const list = form.elements.document;
    if (!list) return;
    const fit = () => {
      const kind = form.elements.kind.value;
      for (const option of list.options) {
        const other = option.dataset.kind && option.dataset.kind !== kind;
        option.hidden = option.disabled = Boolean(other);
        if (other && option.selected) list.value = kind === "organisation" ? "business-licence" : "";
      }
    };
    form.addEventListener("change", fit);
    fit();
  };

  const handIn = (form) => {
    const input = form.querySelector("input[type=file]");
    const problem = form.querySelector(".hand-in-problem");
    const tooLarge = () => [...input.files].some((file) => file.size > Number(form.dataset.limit));
    const judge = () => {
      problem.hidden = !tooLarge();
      problem.textContent = problem.hidden ? "" : form.dataset.tooLarge;
      input.classList.toggle("is-invalid", !problem.hidden);
    };
    input.addEventListener("change", judge);
    form.addEventListener("submit", (event) => {
      if (tooLarge()) event.preventDefault();
      else form.querySelector("button").setAttribute("aria-busy", "true");
    });
  };

  document.querySelectorAll("form[data-keeps]").forEach((form) => { keep(form); papers(form); });
  document.querySelectorAll("form[data-hand-in]").forEach(handIn);
})();
