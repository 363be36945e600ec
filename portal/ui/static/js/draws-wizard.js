// The wizard of a draw's rules: rows that come and go, one step at a time, undo, saving by itself,
// and the picture of how places and weights work out. Without this script it is one long form.
import { chanceWords, preview } from "./draws-preview.js";

const form = document.getElementById("plan-form");
const table = JSON.parse(document.getElementById("words").textContent);
const say = (name, values = {}) =>
  (table[name] || name).replace(/%\((\w+)\)s/g, (_, key) => String(values[key] ?? ""));
const part = (name) => form.querySelector(`[data-part="${name}"]`);
const show = (element, visible) => { element.hidden = !visible; };
const chinese = document.documentElement.lang.startsWith("zh");
const number = (value) => Math.round(value).toLocaleString(document.documentElement.lang);
const KEPT = `draws:plan:${form.dataset.draw}`;
const STEPS = 5;
const MOST = 64;
const SEVEN_DAYS = 7 * 24 * 3600 * 1000;
const classes = JSON.parse(form.dataset.classes);

// --- what is typed --------------------------------------------------------------------------------
const snapshot = () => [...new FormData(form)].filter(([name]) => !["csrf_token", "step"].includes(name));
const rowsOf = (kind) => [...form.querySelectorAll(`[data-row="${kind}"]`)];
const whole = (text) => {
  const bare = (text || "").replace(/[\s,，_]/g, "");
  return /^\d{1,12}$/.test(bare) ? Number(bare) : 0;
};
const within = (row, name) => row.querySelector(`[name$="-${name}"]`);
const labelOf = (row) => {
  const [zh, en] = [within(row, "zh").value.trim(), within(row, "en").value.trim()];
  return chinese ? zh || en : en || zh;
};

const poolsNow = () => rowsOf("pools").map((row, place) => ({
  id: within(row, "id").value.trim(), name: labelOf(row), colour: place % 8,
})).filter((pool) => pool.id);
const poolName = (pool) => pool.name || say("pool", { id: pool.id });
const stagesNow = () => rowsOf("stages").map((row) => ({
  name: labelOf(row),
  pools: within(row, "pools").value.split(",").map((one) => one.trim()).filter(Boolean),
  winners: within(row, "all").checked ? "all" : whole(within(row, "winners").value),
  alternates: whole(within(row, "alternates").value),
  repeat: within(row, "repeat").checked,
  unfilled: within(row, "unfilled").value,
}));

// --- rows -------------------------------------------------------------------------------------------
const place = (kind) => form.querySelector(`[data-rows="${kind}"]`);
const rename = (kind) => rowsOf(kind).forEach((row, at) => {
  for (const element of row.querySelectorAll("[name], [for], [id]")) {
    for (const attribute of ["name", "id", "for"]) {
      const value = element.getAttribute(attribute);
      if (value) element.setAttribute(attribute, value.replace(/^(\w+)-(\d+|__i__)-/, `$1-${at}-`));
    }
  }
  if (kind === "pools") row.className = `pool-row pool-${at % 8}`;
  const shown = row.querySelector("[data-number]");
  if (shown) shown.textContent = at + 1;
});
const addRow = (kind) => {
  const row = document.getElementById(`${kind}-row`).content.firstElementChild.cloneNode(true);
  place(kind).append(row);
  rename(kind);
  return row;
};
const freshId = () => {
  const taken = new Set(poolsNow().map((pool) => pool.id));
  return [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].find((id) => !taken.has(id)) || `P${taken.size + 1}`;
};

// A pool that is called otherwise stays in the stages that had it.
const renamed = (before, after) => {
  for (const row of rowsOf("stages")) {
    const field = within(row, "pools");
    const named = field.value.split(",").map((one) => (one.trim() === before ? after : one.trim()));
    field.value = named.filter(Boolean).join(",");
  }
};
const tellPools = () => rowsOf("pools").forEach((row) => { row.dataset.known = within(row, "id").value.trim(); });

const drawChips = () => {
  const pools = poolsNow();
  for (const row of rowsOf("stages")) {
    const field = within(row, "pools");
    const chosen = new Set(field.value.split(",").map((one) => one.trim()).filter(Boolean));
    row.querySelector("[data-chips]").replaceChildren(...pools.map((pool) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = `chip pool-${pool.colour}`;
      chip.setAttribute("aria-pressed", String(!chosen.size || chosen.has(pool.id)));
      chip.textContent = poolName(pool);
      chip.dataset.pool = pool.id;
      return chip;
    }));
    within(row, "winners").disabled = within(row, "all").checked;
    within(row, "alternates").disabled = within(row, "all").checked;
  }
};
const press = (chip) => {
  const row = chip.closest("[data-row]");
  const field = within(row, "pools");
  const on = new Set([...row.querySelectorAll("[data-pool][aria-pressed=true]")].map((one) => one.dataset.pool));
  if (on.has(chip.dataset.pool) && on.size > 1) on.delete(chip.dataset.pool);
  else on.add(chip.dataset.pool);
  field.value = poolsNow().map((pool) => pool.id).filter((id) => on.has(id)).join(",");
};

// --- the picture --------------------------------------------------------------------------------------
const SVG = "http://www.w3.org/2000/svg";
const shape = (kind, attributes) => {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};
const text = (kind, content, className = "") => {
  const element = document.createElement(kind);
  element.textContent = content;
  if (className) element.className = className;
  return element;
};

const assumedCounts = (pools) => Object.fromEntries(pools.map((pool) => {
  const entries = whole(form.elements[`count-${pool.id}`]?.value);
  return [pool.id, entries ? [[whole(form.elements[`weight-${pool.id}`]?.value) || 1, entries]] : []];
}));
const counts = (pools) => (Object.keys(classes).length ? classes : assumedCounts(pools));

const drawAssumed = (pools) => {
  const box = part("assumed");
  if (!box) return;
  const wanted = pools.map((pool) => `${pool.id} ${poolName(pool)}`).join("|");
  if (box.dataset.made === wanted) return;
  const before = new Map([...box.querySelectorAll("input")].map((input) => [input.name, input.value]));
  box.dataset.made = wanted;
  box.replaceChildren(...pools.flatMap((pool) => [["count", "assume-entries", "1000"], ["weight", "assume-weight", "1"]]
    .map(([kind, word, value]) => {
      const holder = document.createElement("div");
      const input = document.createElement("input");
      const label = text("label", say(word, { pool: poolName(pool) }), "form-label");
      Object.assign(input, { className: "form-control form-control-sm", inputMode: "numeric", maxLength: 14 });
      input.name = input.id = `${kind}-${pool.id}`;
      input.value = before.get(input.name) ?? value;
      label.htmlFor = input.id;
      holder.append(label, input);
      return holder;
    })));
};

const BAR = 18;
const GAP = 30;
// Three bars, one below the other, and bands from each part to the same part further down.
const bars = (stage, colours, width) => {
  const height = 3 * BAR + 2 * GAP + 4;
  const svg = shape("svg", { class: "picture", viewBox: `0 0 ${width} ${height}`, height, role: "img" });
  const sums = [stage.eligible, stage.tickets, stage.places];
  const names = ["entries", "tickets", "winners"];
  svg.setAttribute("aria-label", names.map((name, row) => `${say(name)}: ${number(sums[row])}`).join("; "));
  const at = [0, 0, 0];
  const heaviest = (pool) => Math.max(...stage.parts.filter((one) => one.pool === pool).map((one) => one.weight));
  for (const one of stage.parts) {
    const shares = [one.entries / stage.eligible, one.tickets / stage.tickets, one.places / stage.places];
    const group = shape("g", { class: `pool-${colours.get(one.pool)}${one.weight < heaviest(one.pool) ? " part-light" : ""}` });
    const edges = shares.map((share, row) => [at[row], (at[row] += share * width)]);
    edges.forEach(([left, right], row) => {
      group.append(shape("rect", { x: left, y: row * (BAR + GAP), width: Math.max(1.5, right - left - 1), height: BAR, rx: 2 }));
      if (!row) return;
      const [[a, b], top, bottom] = [edges[row - 1], row * (BAR + GAP) - GAP, row * (BAR + GAP)];
      group.append(shape("path", { d: `M${a} ${top}L${b} ${top}L${right} ${bottom}L${left} ${bottom}Z` }));
    });
    svg.append(group);
  }
  if (stage.unfilled > 0.5) {
    const left = at[2];
    svg.append(shape("rect", { class: "picture-empty", x: left + 1, y: 2 * (BAR + GAP) + 1, width: Math.max(2, width - left - 2), height: BAR - 2 }));
  }
  names.forEach((name, row) => {
    const label = shape("text", { x: 2, y: row * (BAR + GAP) + BAR + 13 });
    label.textContent = `${say(name)}: ${number(row === 2 ? stage.filled : sums[row])}`;
    svg.append(label);
  });
  svg.setAttribute("viewBox", `0 0 ${width} ${height + 14}`);
  svg.setAttribute("height", height + 14);
  return svg;
};

const chances = (stage, pools, colours) => {
  const list = text("ul", "", "picture-chances");
  const several = new Set(stage.parts.map((one) => one.weight)).size > 1;
  for (const one of stage.parts.slice(0, 12)) {
    const item = text("li", "", `pool-${colours.get(one.pool)}`);
    const pool = poolName(pools.find((each) => each.id === one.pool) || { id: one.pool });
    item.append(text("span", say(several || one.weight > 1 ? "chance-weight" : "chance", { pool, weight: one.weight.toLocaleString() })));
    item.append(text("b", chanceWords(one.chance, say)));
    list.append(item);
  }
  return list;
};

const heading = (stage, wish, place) => {
  const title = text("h3", wish.name || say("stage", { number: place + 1 }));
  const facts = [wish.winners === "all" ? say("ranked") : say("places", { count: number(stage.places) })];
  if (stage.carried > 0.5) facts.push(say("carried", { count: number(stage.carried) }));
  if (stage.alternates) facts.push(say("alternates", { count: number(stage.alternates) }));
  title.append(" ", text("small", facts.join(" · ")));
  return title;
};

const drawPicture = () => {
  const pools = poolsNow();
  drawAssumed(pools);
  const colours = new Map(pools.map((pool) => [pool.id, pool.colour]));
  const stages = stagesNow();
  const box = part("picture");
  const width = Math.max(240, Math.floor(box.clientWidth || 480));
  const worked = preview({ pools, stages }, counts(pools));
  part("legend").replaceChildren(...pools.map((pool) => text("li", poolName(pool), `pool-${pool.colour}`)));
  box.replaceChildren(...worked.map((stage, at) => {
    const item = text("li", "", "picture-stage");
    item.append(heading(stage, stages[at], at));
    if (!stage.eligible) item.append(text("p", say("no-entries"), "text-wait mb-0"));
    else if (stage.places) item.append(bars(stage, colours, width), chances(stage, pools, colours));
    if (stage.refused) item.append(text("p", say("refused"), "text-bad mb-0"));
    else if (stage.unfilled > 0.5) item.append(text("p", say("empty-places", { count: number(stage.unfilled) }), "text-wait mb-0"));
    return item;
  }));
  return worked;
};

// What the portal calculated of the same; it decides.
const drawChecked = (found) => {
  const box = part("checked");
  if (!found) return box.replaceChildren(text("p", say("unchecked"), "text-secondary mb-0"));
  const lines = [];
  const own = drawPicture();
  const off = found.stages.find((stage, at) => own[at] && stage.places !== Math.round(own[at].places) && stagesNow()[at].winners !== "all" && !own[at].carried);
  if (off) lines.push([say("differs", { number: off.stage, places: number(off.places), tickets: number(off.tickets) }), "text-bad"]);
  else lines.push([`${say("checked")} ${say(found.feasible ? "feasible" : "not-feasible")}`, found.feasible ? "text-good" : "text-wait"]);
  for (const stage of found.stages) if (stage.problem) lines.push([stage.problem, "text-bad"]);
  for (const each of found.warnings) lines.push([each, "text-wait"]);
  box.replaceChildren(...lines.map(([line, look]) => text("p", line, `checked-line ${look}`)));
};

// --- saving by itself -----------------------------------------------------------------------------------
let saving = null;
let waits = 0;
let dirty = false;
const note = (sentence, bad = false) => {
  part("saved").textContent = sentence;
  part("saved").classList.toggle("is-bad", bad);
};
const complain = (message, field) => {
  for (const marked of form.querySelectorAll(".is-invalid")) marked.classList.remove("is-invalid");
  for (const told of form.querySelectorAll(".invalid-feedback")) told.remove();
  show(part("problem"), false);
  if (!message) return;
  const wrong = field && form.elements[field];
  note(say("unsaved", { why: message }), true);
  if (!wrong || !wrong.classList) return;
  wrong.classList.add("is-invalid");
  const told = text("div", message, "invalid-feedback d-block");
  wrong.closest("div").append(told);
};
const keep = () => { try { sessionStorage.setItem(KEPT, JSON.stringify(snapshot())); } catch { /* full: the portal has it */ } };
// A page that is being left may come back as it was before the last saving: what was typed stays.
let leaving = false;
const forget = () => { if (leaving) return; try { sessionStorage.removeItem(KEPT); } catch { /* nothing was kept */ } };

const save = async () => {
  clearTimeout(waits);
  if (saving) return saving.then(() => (dirty ? save() : undefined));
  dirty = false;
  note(say("saving"));
  saving = (async () => {
    let answer;
    try {
      answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), credentials: "same-origin",
        headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrf_token.value },
      });
    } catch { return note(say("offline"), true); }
    if (answer.url.includes("/signin")) return note(say("session"), true);
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      drawChecked(null);
      return complain((said.error || {}).message || String(answer.status), (said.error || {}).field);
    }
    complain("");
    if (!dirty) forget();
    drawChecked(said.preview);
    return note(say("saved", { time: new Date().toLocaleTimeString(document.documentElement.lang) }));
  })();
  await saving;
  saving = null;
  if (dirty) await save();
};

// --- undo ---------------------------------------------------------------------------------------------------
const past = [];
let present = JSON.stringify(snapshot());
const remember = () => {
  const now = JSON.stringify(snapshot());
  if (now === present) return false;
  past.push(present);
  if (past.length > 100) past.shift();
  present = now;
  part("undo").disabled = false;
  return true;
};
const restore = (entries) => {
  const count = (kind) => new Set(entries.filter(([name]) => name.startsWith(`${kind}-`)).map(([name]) => name.split("-")[1])).size;
  for (const kind of ["pools", "stages"]) {
    while (rowsOf(kind).length > count(kind)) rowsOf(kind).at(-1).remove();
    while (rowsOf(kind).length < count(kind)) addRow(kind);
    rename(kind);
  }
  drawAssumed(poolsNow());
  const given = new Map();
  for (const [name, value] of entries) given.set(name, [...(given.get(name) || []), value]);
  for (const element of form.elements) {
    if (!element.name || ["csrf_token", "step"].includes(element.name)) continue;
    const values = given.get(element.name) || [];
    if (element.type === "checkbox") element.checked = values.includes(element.value);
    else if (values.length) [element.value] = values;
  }
};
const undo = () => {
  if (!past.length) return;
  const before = past.pop();
  restore(JSON.parse(before));
  present = before;
  part("undo").disabled = !past.length;
  layout();
  touched(false);
};

// --- the page -----------------------------------------------------------------------------------------------
const layout = () => {
  drawChips();
  tellPools();
  drawPicture();
  const chosen = new Set([...form.querySelectorAll("[name=public]:checked")].map((box) => box.value));
  for (const only of form.querySelectorAll("[data-only]")) show(only, chosen.has(only.dataset.only));
  const at = form.elements.draw_at.value;
  show(part("seven-days"), Boolean(at) && new Date(at) - Date.now() < SEVEN_DAYS);
};
const touched = (undoable = true) => {
  if (undoable && !remember()) return;
  dirty = true;
  keep();
  clearTimeout(waits);
  waits = setTimeout(save, 700);
};
const goTo = (step) => {
  const wanted = Math.min(STEPS, Math.max(1, step));
  form.dataset.step = form.elements.step.value = String(wanted);
  for (const link of document.querySelectorAll("[data-goto]")) {
    if (Number(link.dataset.goto) === wanted) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  part("back").disabled = wanted === 1;
  show(part("next"), wanted < STEPS);
  show(part("finish"), wanted === STEPS);
  history.replaceState(null, "", `?step=${wanted}`);
  layout();
};

form.addEventListener("click", (event) => {
  const at = (name) => event.target.closest(`[data-${name}]`);
  const row = event.target.closest("[data-row]");
  if (at("add")) {
    const kind = at("add").dataset.add;
    if (rowsOf(kind).length >= MOST) return;
    const id = freshId();
    const fresh = addRow(kind);
    if (kind === "pools") within(fresh, "id").value = id;
    else within(fresh, "pools").value = poolsNow().map((pool) => pool.id).join(",");
    layout();
    touched();
    within(fresh, kind === "pools" ? "zh" : chinese ? "zh" : "en").focus();
  } else if (at("drop") && rowsOf(row.dataset.row).length > 1) {
    const kind = row.dataset.row;
    if (kind === "pools") renamed(row.dataset.known, "");
    row.remove();
    rename(kind);
    layout();
    touched();
  } else if (at("up") && row.previousElementSibling?.dataset.row) {
    row.previousElementSibling.before(row);
    rename("stages"); layout(); touched();
  } else if (at("down") && row.nextElementSibling?.dataset.row) {
    row.nextElementSibling.after(row);
    rename("stages"); layout(); touched();
  } else if (at("pool")) {
    const { pool } = at("pool").dataset;
    press(at("pool"));
    layout(); touched();
    row.querySelector(`[data-pool="${CSS.escape(pool)}"]`).focus();
  }
});
form.addEventListener("input", (event) => {
  const row = event.target.closest("[data-row=pools]");
  if (row && event.target.matches("[data-pool-id]")) {
    renamed(row.dataset.known, event.target.value.trim());
    row.dataset.known = event.target.value.trim();
  }
  layout();
  dirty = true;
  keep();
  clearTimeout(waits);
  waits = setTimeout(() => { remember(); save(); }, 700);
});
form.addEventListener("change", () => { layout(); touched(); });
form.addEventListener("submit", (event) => { event.preventDefault(); remember(); save(); });
part("undo").addEventListener("click", undo);
part("back").addEventListener("click", () => goTo(Number(form.dataset.step) - 1));
part("next").addEventListener("click", () => { if (dirty) save(); goTo(Number(form.dataset.step) + 1); scrollTo(0, 0); });
part("finish").addEventListener("click", (event) => {
  if (!dirty && !saving) return;
  event.preventDefault();
  const { href } = event.currentTarget;
  Promise.resolve(save()).then(() => { if (!part("saved").classList.contains("is-bad")) location.assign(href); });
});
part("forget").addEventListener("click", () => { leaving = dirty = false; clearTimeout(waits); forget(); location.reload(); });
for (const link of document.querySelectorAll("[data-goto]")) {
  link.addEventListener("click", (event) => { event.preventDefault(); goTo(Number(link.dataset.goto)); });
}
window.addEventListener("beforeunload", () => {
  if (dirty || saving) keep();
  leaving = true;
});
new ResizeObserver(() => drawPicture()).observe(part("picture"));

const kept = sessionStorage.getItem(KEPT);
if (kept && kept !== JSON.stringify(snapshot())) {
  drawAssumed(poolsNow());
  if (kept !== JSON.stringify(snapshot())) {
    restore(JSON.parse(kept));
    show(part("restored"), true);
    dirty = true; // saved with the next change, so that one can still take what is saved
  }
}
const wrong = form.dataset.field && form.elements[form.dataset.field];
const step = wrong && wrong.closest ? wrong.closest("[id^=step-]") : null;
goTo(step ? Number(step.id.slice(5)) : Number(form.dataset.step) || 1);
present = JSON.stringify(snapshot());
