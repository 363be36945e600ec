// "Verify this draw in your browser": fetches the record (or takes a file), has a worker recompute it
// and ticks check by check. Words and the list of checks are the page's (data attributes).
import { inLanguage } from "./sentences.js";

const root = document.getElementById("draw-verify");
const { transcript: address, leaves, bytes, worker: program, lang = "en" } = root.dataset;
const word = (name) => root.dataset[`word${name[0].toUpperCase()}${name.slice(1)}`] || "";
const part = (id) => root.querySelector(`#${id}`);
const slot = (place, name) => place.querySelector(`[data-slot="${name}"]`);
const fill = (place, name, text) => {
  const found = slot(place, name);
  if (found) found.textContent = text;
};

const start = part("verify-start");
const file = part("verify-file");
const whole = part("verify-leaves");
const verdict = part("verify-verdict");
const bar = part("verify-progress");
const items = [...root.querySelectorAll("[data-check]")];
let worker = null;

const item = (key) => items.find((one) => one.dataset.check === key);
const show = (place, outcome, why = "") => {
  if (!place) return;
  place.dataset.outcome = outcome;
  fill(place, "outcome", word(outcome));
  fill(place, "why", why);
};
const conclude = (outcome, sentence, detail = "") => {
  verdict.dataset.outcome = outcome;
  fill(verdict, "sentence", sentence);
  fill(verdict, "detail", detail);
};

const reset = () => {
  if (worker) worker.terminate();
  worker = null;
  for (const one of items) {
    delete one.dataset.outcome;
    fill(one, "outcome", "");
    fill(one, "why", "");
  }
  if (bar) {
    bar.hidden = false;
    bar.max = items.length;
    bar.value = 0;
  }
  conclude("running", word("running"));
  start.disabled = true;
};
const finish = () => {
  start.disabled = false;
  if (bar) bar.hidden = true;
  if (worker) worker.terminate();
  worker = null;
};

const checked = ({ number, key, outcome, sentence }) => {
  show(item(key), outcome, sentence ? inLanguage(sentence, lang) : "");
  if (bar) bar.value = number;
  const next = items[items.indexOf(item(key)) + 1];
  if (next) show(next, "running");
};
const progressed = ({ number, key, done, total }) => {
  fill(item(key), "why", `${Math.floor((100 * done) / total)} %`);
  if (bar) bar.value = number - 1 + done / total;
};
const concluded = ({ outcome, rehearsal, checks }) => {
  const first = checks.find((one) => one.outcome === "failed")
    || checks.find((one) => one.outcome === "undecided");
  const lines = first && first.sentence ? [inLanguage(first.sentence, lang)] : [];
  // A rehearsal is announced before anything else.
  const whole = outcome === "undecided" ? word("allUndecided") || word(outcome) : word(outcome);
  conclude(outcome, [rehearsal ? word("rehearsal") : "", whole].filter(Boolean).join(" "), lines.join(" "));
  if (first && item(first.key)) item(first.key).scrollIntoView({ block: "nearest" });
};

const run = async (source, withLeaves) => {
  reset();
  show(items[0], "running");
  try {
    const transcript = await source();
    worker = new Worker(program, { type: "module" });
    const result = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if (data.check) checked(data.check);
        else if (data.progress) progressed(data.progress);
        else if (data.result) resolve(data.result);
        else reject(new Error(data.error));
      };
      worker.onerror = (event) => reject(new Error(event.message));
      const published = withLeaves
        ? { address: new URL(leaves, location.href).href, size: Number(bytes) } : undefined;
      worker.postMessage({ transcript, leaves: published }, [transcript]);
    });
    concluded(result);
  } catch (problem) {
    for (const one of items) if (one.dataset.outcome === "running") delete one.dataset.outcome;
    conclude("undecided", word("unreadable"), String(problem.message || ""));
  } finally {
    finish();
  }
};

const fetched = async () => {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.arrayBuffer();
};

start.addEventListener("click", () => run(fetched, Boolean(whole && whole.checked && leaves)));
if (file) {
  file.addEventListener("change", () => {
    const [chosen] = file.files;
    file.value = "";
    if (chosen) run(() => chosen.arrayBuffer(), Boolean(whole && whole.checked && leaves));
  });
}
start.hidden = false;
