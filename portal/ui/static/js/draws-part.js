// One party's page: the key in this browser, what has to be signed now, and signing it. The page asks
// the portal every second or two how things stand, and reads the record itself before it signs.
import { say, Signing, why } from "./draws-signing.js";

const root = document.getElementById("part");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const show = (element, visible) => { if (element) element.hidden = !visible; };
const names = JSON.parse(document.getElementById("names").textContent);
const nameOf = (id) => names.parties[id] || id;
const signing = new Signing(root);
const minimum = Number(root.dataset.minimum);
const DICE = `draws:dice:${root.dataset.draw}`;
const PRESENT = `draws:present:${root.dataset.draw}`;
const AUTOMATIC = new Set(["shares", "acknowledge"]);

const now = { state: null, task: null, record: null, busy: false, seen: "", joined: root.dataset.joined === "yes", drawn: "", tried: new Set(), failing: false };

// --- telling ------------------------------------------------------------------------------------------
const complain = (sentence) => {
  part("problem-text").textContent = sentence;
  show(part("problem"), Boolean(sentence));
};
const tell = (sentence) => { document.getElementById("announce").textContent = sentence; };
const headline = (title, lead, look = "now-waits") => {
  if (part("headline").textContent !== title) part("headline").textContent = title;
  part("lead").textContent = lead;
  part("now").className = `now ${look}`;
};
const buttons = (...wanted) => part("buttons").replaceChildren(...wanted);
const button = (word, act, look = "btn-primary") => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `btn btn-hall ${look}`;
  made.textContent = word;
  made.addEventListener("click", () => attempt(act));
  return made;
};
const link = (word, address) => {
  const made = document.createElement("a");
  made.className = "btn btn-hall btn-primary";
  made.href = address;
  made.textContent = word;
  return made;
};
const forms = (...open) => {
  for (const each of root.querySelectorAll("[data-task]")) show(each, open.includes(each.dataset.task));
};

// One thing at a time, and what went wrong said in one sentence.
const attempt = async (act) => {
  if (now.busy) return;
  now.busy = true;
  root.setAttribute("aria-busy", "true");
  for (const each of part("buttons").children) each.disabled = true;
  complain("");
  try {
    await act();
  } catch (error) {
    complain(why(error, nameOf));
    part("problem").focus();
  } finally {
    now.busy = false;
    root.removeAttribute("aria-busy");
    now.drawn = "";
    await look(true);
  }
};

// --- the key --------------------------------------------------------------------------------------------
const joined = () => now.joined;
const fits = () => signing.party && (!root.dataset.key || signing.party.key === root.dataset.key);

const drawKey = () => {
  const has = Boolean(signing.party) && fits();
  show(part("key-card"), has);
  show(part("restore-card"), !has);
  if (!has) return;
  part("key").textContent = signing.party.key;
  show(part("key-safe"), signing.kept.saved);
  show(part("key-alone"), !signing.kept.saved);
};

const join = async () => {
  await signing.keeper.make(signing.draw, signing.id);
  await signing.open();
  await signing.ask("POST", root.dataset.joinAddress, { party: signing.id, key: signing.party.key, box: signing.party.box });
  now.joined = true;
  root.dataset.key = signing.party.key;
  drawKey();
  tell(say("joined"));
};

const saveBackup = async () => {
  const { name, text } = await signing.keeper.backup(signing.draw, signing.id, document.getElementById("passphrase").value);
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const anchor = document.createElement("a");
  Object.assign(anchor, { href: address, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  await signing.keeper.saved(signing.draw, signing.id);
  await signing.open();
  document.getElementById("passphrase").value = "";
  drawKey();
  tell(say("backed-up"));
};

const restoreBackup = async () => {
  const [file] = document.getElementById("backup-file").files;
  if (!file) return;
  const expected = { draw: signing.draw, party: signing.id, ...(root.dataset.key ? { key: root.dataset.key } : {}) };
  if (signing.party && !fits()) await signing.keeper.forget(signing.draw, signing.id);
  await signing.keeper.restore(await file.text(), expected, document.getElementById("restore-passphrase").value);
  await signing.open();
  drawKey();
  tell(say("restored"));
};

// --- dice -----------------------------------------------------------------------------------------------
const dice = () => localStorage.getItem(`${DICE}:${now.task ? now.task.attempt : 0}`) || "";
const roll = (row) => {
  localStorage.setItem(`${DICE}:${now.task.attempt}`, row);
  drawDice();
};
const drawDice = () => {
  const row = dice();
  const groups = row.match(/.{1,5}/g) || [];
  part("dice-rolled").replaceChildren(...groups.map((group) => Object.assign(document.createElement("span"), { textContent: group })));
  part("dice-count").textContent = say("dice-count", { count: row.length, minimum });
  part("dice-back").disabled = !row;
  const send = part("buttons").firstElementChild;
  if (send && now.drawn.startsWith("dice")) send.disabled = row.length < minimum || !document.getElementById("dice-read").checked;
};
const tap = (face) => {
  document.getElementById("dice-read").checked = false;
  if (dice().length < 1000) roll(dice() + face);
};
const takeBack = () => {
  document.getElementById("dice-read").checked = false;
  roll(dice().slice(0, -1));
};

// --- signing ----------------------------------------------------------------------------------------------
const key = (todo) => [now.task.attempt, todo.type, todo.dealer || ""].join(":");
const sign = async (todo, fields = {}) => {
  if (now.task.state !== "frozen" && !now.record) now.record = await signing.record(now.task);
  const { party } = signing;
  await signing.handIn(key(todo), () => {
    if (todo.type === "config") return party.config(now.task.config);
    if (todo.type === "list") return party.list(now.record ? now.record.config : now.task.config, now.task.list);
    return party.answer(todo.type, now.record, fields);
  });
  tell(say("signed"));
};

const people = () => document.getElementById("present").value.split("\n").map((one) => one.trim()).filter(Boolean);
const fieldsOf = (todo) => {
  if (todo.type === "open") return { present: people() };
  if (todo.type === "dice") return { dice: dice() };
  if (todo.type === "share") return { dealer: todo.dealer };
  return {};
};
const ready = (todo) => {
  if (todo.type === "open" && !people().length) throw new Error(say("names-missing"));
  const alone = !signing.kept.saved && todo.type === "commit";
  if (alone && !document.getElementById("alone").checked) throw new Error(say("confirm-alone"));
};
const act = (todo) => async () => {
  ready(todo);
  await sign(todo, fieldsOf(todo));
};

const listFacts = (list) => {
  part("list-count").textContent = list.count.toLocaleString();
  part("list-pools").textContent = list.pools.map((pool) => `${pool.id}: ${(pool.end - pool.start).toLocaleString()}`).join("; ");
  part("list-duplicates").textContent = String(list.duplicates.found);
  part("list-root").textContent = list.list_root;
  part("list-file").textContent = list.file_sha256;
};

// --- what to do now -----------------------------------------------------------------------------------------
const waitsFor = () => {
  const others = (now.state.expected || []).filter((each) => !each.handed_in && each.party !== signing.id);
  const said = others.slice(0, 6).map((each) => `${nameOf(each.party)} (${names.awaited[each.type] || each.type})`);
  return said.join(", ");
};

const rest = () => {
  const { state } = now.task;
  forms();
  buttons();
  if (state === "complete") headline(say("done"), say("done-lead"), "now-done");
  else if (state === "cancelled") headline(say("cancelled"), say("cancelled-lead"), "now-bad");
  else if (state === "draft") headline(say("wait"), say("draft-lead"));
  else {
    const others = waitsFor();
    const handed = (now.state.expected || []).some((each) => each.party === signing.id && each.handed_in);
    const shares = (now.task.todo || []).filter((todo) => todo.type === "share");
    if (shares.length) {
      headline(say("wait-for", { who: others }), shares.map((todo) => say("share-lead", { who: nameOf(todo.dealer) })).join(" "));
      buttons(...shares.map((todo) => button(say("share", { who: nameOf(todo.dealer) }), act(todo), "")));
    } else if (others) headline(say("wait-for", { who: others }), handed ? say("handed-in") : say("wait-lead"));
    else headline(say("sealing"), say("sealing-lead"));
  }
};

const offer = (todos) => {
  const [first] = todos;
  const who = first.dealer ? nameOf(first.dealer) : "";
  headline(say(first.type, { who }), say(`${first.type}-lead`, { who }), "");
  const open = [first.type];
  if (first.type === "commit" && !signing.kept.saved) open.push("alone");
  if (first.type === "list" && now.task.list) listFacts(now.task.list);
  forms(...open);
  if (first.type === "audit") return buttons(link(say("audit"), names.audit));
  const made = todos.filter((todo) => todo.type === first.type)
    .map((todo) => button(say(todo.type, { who: todo.dealer ? nameOf(todo.dealer) : "" }), act(todo)));
  buttons(...made);
  if (first.type === "dice") drawDice();
  return undefined;
};

const ORDER = ["config", "list", "commit", "shares", "acknowledge", "open", "dice", "reveal", "audit", "share"];
const draw = () => {
  const todos = [...(now.task.todo || [])].filter((todo) => todo.type !== "void")
    .sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type));
  const mark = [todos[0] ? key(todos[0]).split(":").slice(1).join(":") : "", todos.length, now.task.state, now.state.wait, waitsFor(), joined(), Boolean(signing.party), signing.kept && signing.kept.saved].join("|");
  drawWay();
  drawVoid();
  show(part("automatic"), joined() && ["commit", "shares", "acknowledge"].includes(now.task.phase));
  if (mark === now.drawn) return;
  now.drawn = mark;
  if (!joined()) {
    forms();
    headline(say("join"), say("join-lead"), "");
    buttons(button(say("join"), join));
  } else if (!fits()) {
    forms();
    buttons();
    headline(say("lost-key"), say("lost-key-lead"), "now-bad");
  } else if (todos.some((todo) => todo.type !== "share")) offer(todos);
  else rest();
};

const did = (step) => {
  const { record } = now;
  if (step === "join") return joined();
  if (!record) return false;
  const own = (type) => record.steps.some((each) => each.type === type && each.attempt === (["config", "list"].includes(type) ? 0 : record.attempt)
    && each.statements.some((one) => one.party === signing.id));
  if (step === "reveal") return record.revealed.has(signing.id);
  return own(step);
};
const drawWay = () => {
  const doing = new Set((now.task.todo || []).map((todo) => todo.type));
  for (const line of part("ceremony").children) {
    const { step } = line.dataset;
    const done = did(step);
    const current = !done && (doing.has(step) || (step === "join" && !joined()));
    line.classList.toggle("is-done", done);
    line.classList.toggle("is-now", current);
    if (current) line.setAttribute("aria-current", "step");
    else line.removeAttribute("aria-current");
    const use = line.querySelector("use");
    const icon = done ? "circle-check" : current ? "arrow-right" : "circle-dashed";
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
  }
};

// --- voiding ------------------------------------------------------------------------------------------------
const drawVoid = () => {
  const { voiding } = now.task;
  const may = joined() && fits() && (now.task.may || []).includes("void");
  show(part("void"), may);
  show(part("voiding"), Boolean(voiding));
  if (!voiding || part("void").dataset.shown === voiding.head + voiding.note) return;
  part("void").dataset.shown = voiding.head + voiding.note;
  part("voiding-text").textContent = `${voiding.by.map(nameOf).join(", ")}: ${names.reasons[voiding.reason] || voiding.reason} – ${voiding.note}`;
  document.getElementById("void-reason").value = voiding.reason;
  document.getElementById("void-note").value = voiding.note;
  part("void").open = true;
};
const voidIt = async () => {
  const reason = document.getElementById("void-reason").value;
  const note = document.getElementById("void-note").value.trim();
  if (!note) throw new Error(say("note-missing"));
  now.record = await signing.record(now.task);
  const { voiding } = now.task;
  const same = voiding && voiding.reason === reason && voiding.note === note;
  const head = same ? voiding.head : now.record.head;
  sessionStorage.removeItem(`draws:signed:${signing.draw}:${signing.id}:${now.task.attempt}:void:`);
  await sign({ type: "void" }, { reason, note, head });
  document.getElementById("void-sure").checked = false;
};

// --- looking how things stand ----------------------------------------------------------------------------
const readAnew = async () => {
  now.task = await signing.ask("GET", root.dataset.taskAddress);
  now.record = ["draft", "frozen"].includes(now.task.state) ? null : await signing.record(now.task);
};

async function look(force = false) {
  if (now.busy) return;
  try {
    const state = await signing.ask("GET", root.dataset.stateAddress);
    const seen = JSON.stringify([state.state, state.phase, state.attempt, state.steps, state.expected, state.wait, state.voiding]);
    now.state = state;
    if (force || seen !== now.seen) {
      await readAnew();
      now.seen = seen;
    }
    if (now.failing) { now.failing = false; complain(""); }
    draw();
  } catch (error) {
    now.failing = true;
    now.seen = "";
    complain(why(error, nameOf));
    return;
  }
  await alone();
}

// Dealing and acknowledging shares decides nothing: the browser does it by itself, once each.
async function alone() {
  if (!document.getElementById("automatic").checked || !joined() || !fits()) return;
  const todo = (now.task.todo || []).find((each) => AUTOMATIC.has(each.type) && !now.tried.has(key(each)));
  if (!todo) return;
  now.tried.add(key(todo));
  await attempt(act(todo));
}

// --- the page -------------------------------------------------------------------------------------------------
for (const die of root.querySelectorAll("[data-die]")) die.addEventListener("click", () => tap(die.dataset.die));
part("dice-back").addEventListener("click", takeBack);
document.getElementById("dice-read").addEventListener("change", drawDice);
document.addEventListener("keydown", (event) => {
  const open = !root.querySelector("[data-task=dice]").hidden;
  if (!open || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  if (/^[1-6]$/.test(event.key)) tap(event.key);
  else if (event.key === "Backspace") takeBack();
});
document.getElementById("present").value = localStorage.getItem(PRESENT) || "";
document.getElementById("present").addEventListener("input", (event) => localStorage.setItem(PRESENT, event.target.value));
part("backup-form").addEventListener("submit", (event) => { event.preventDefault(); attempt(saveBackup); });
part("restore-form").addEventListener("submit", (event) => { event.preventDefault(); attempt(restoreBackup); });
part("void-form").addEventListener("submit", (event) => { event.preventDefault(); attempt(voidIt); });

try {
  await signing.open();
  drawKey();
  await look(true);
  // A void that somebody asks for is no change of the state: the task is read anew now and then.
  let rounds = 0;
  setInterval(() => { rounds += 1; if (rounds % 4 === 0) now.seen = ""; look(); }, 1500);
} catch (error) {
  headline(say("failed", { why: why(error, nameOf) }), "", "now-bad");
  complain(why(error, nameOf));
}
