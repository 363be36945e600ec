// The desktop's page: noVNC in the window, the toolbar's commands, clock, counters and warnings.
// A connection that is lost is made again by itself; the recording does not depend on it.
import RFB from "../vendor/novnc/core/rfb.js";

const body = document.body;
const here = body.dataset.capture;
const drives = body.dataset.drives === "1";
const place = (id) => document.getElementById(id);
const word = (name, value = "") => (body.dataset[`word${name}`] || "").replace("%s", value);
//: seconds before the end of which one is warned: of idleness, of the session
const WARN_IDLE = 120;
const WARN_LIMIT = 300;

let rfb = null;
let connected = false;
let over = false;
let delay = 500;
let wakes = 0;

const post = async (what, options = {}) => {
  const answer = await fetch(`${here}/${what}`, {
    method: "POST",
    credentials: "same-origin",
    ...options,
    headers: { "X-CSRFToken": body.dataset.token, Accept: "application/json", ...(options.headers || {}) },
  });
  if (!answer.ok) throw Object.assign(new Error(`${answer.status}`), { status: answer.status });
  return answer.json();
};
const json = (value) => ({ body: JSON.stringify(value), headers: { "Content-Type": "application/json" } });

// --- notes ---------------------------------------------------------------------------------
let noteTimer = 0;
const note = (text, bad = false) => {
  const line = place("note");
  clearTimeout(noteTimer);
  line.textContent = text;
  line.hidden = !text;
  line.classList.toggle("is-bad", bad);
  if (text && !bad) noteTimer = setTimeout(() => { line.hidden = true; }, 6000);
};

const attempt = async (button, act, said) => {
  if (button) button.disabled = true;
  try {
    note(said(await act()));
  } catch {
    note(word("Failed"), true);
  } finally {
    if (button) button.disabled = false;
    if (rfb && connected) rfb.focus();
  }
};

// --- connection ----------------------------------------------------------------------------
const leave = () => {
  if (over) return;
  over = true;
  location.assign(here);
};

const again = () => {
  if (over) return;
  clearTimeout(wakes);
  wakes = setTimeout(connect, delay);
  delay = Math.min(delay * 2, 8000);
};

const dropped = () => {
  connected = false;
  const wait = place("wait");
  wait.textContent = word("Lost");
  wait.hidden = false;
  again();
};

async function connect() {
  let ticket;
  try {
    ticket = await post("ticket");
  } catch (error) {
    if (error.status === 404 || error.status === 409) return leave();
    return dropped();
  }
  const holder = document.createElement("div");
  place("screen").querySelectorAll("div").forEach((each) => each.remove());
  place("screen").append(holder);
  rfb = new RFB(holder, ticket.url, { shared: true, wsProtocols: ["binary", `ticket.${ticket.token}`] });
  rfb.scaleViewport = true;
  rfb.background = "#0c1117";
  rfb.viewOnly = !drives;
  rfb.showDotCursor = false;
  rfb.qualityLevel = 7;
  rfb.compressionLevel = 2;
  rfb.addEventListener("connect", () => {
    connected = true;
    delay = 500;
    place("wait").hidden = true;
    rfb.focus();
  });
  rfb.addEventListener("disconnect", dropped);
  window.desktop = rfb;
}

// --- how it stands ---------------------------------------------------------------------------
const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

const warn = (status) => {
  const box = place("warning");
  const idle = status.idle_left <= WARN_IDLE;
  const limit = status.left <= WARN_LIMIT;
  box.hidden = !(idle || limit);
  if (box.hidden) return;
  const idleFirst = idle && status.idle_left <= status.left;
  place("warning-text").textContent = idleFirst
    ? word("Idle", minutes(status.idle_left)) : word("Limit", minutes(status.left));
  if (place("stay")) place("stay").hidden = !idleFirst;
};

const count = (element, value) => {
  const text = String(Math.round(value || 0));
  if (element.textContent === text) return;
  element.textContent = text;
  element.parentElement.classList.add("is-new");
  setTimeout(() => element.parentElement.classList.remove("is-new"), 3000);
};

let frozen = false;
const show = (status) => {
  if (!["starting", "live"].includes(status.state) || status.phase === "ended") return leave();
  if (status.silent) return note(word("Silent"), true);
  place("light").classList.toggle("light-on", status.recording);
  place("clock").textContent = status.clock;
  document.querySelectorAll("[data-count]").forEach((each) => count(each, status.counts[each.dataset.count]));
  count(place("segments"), status.segments);
  place("stamped").hidden = !status.attested;
  const stopped = status.phase === "live" && !status.input;
  if (stopped !== frozen) {
    frozen = stopped;
    note(frozen ? status.reason || word("Frozen") : "", frozen);
  }
  warn(status);
};

const watch = async () => {
  try {
    const answer = await fetch(`${here}/status`, { credentials: "same-origin" });
    if (answer.status === 404) return leave();
    if (answer.ok) show(await answer.json());
  } catch {
    // the portal is away for a moment; the next round asks again
  }
  if (!over) setTimeout(watch, 1000);
};

// --- commands ------------------------------------------------------------------------------
const ask = (dialog, field) => new Promise((done) => {
  place(field).value = "";
  const shown = place(dialog);
  shown.returnValue = "";
  shown.addEventListener("close", () => done(shown.returnValue ? place(field).value : null), { once: true });
  shown.showModal();
  place(field).focus();
});

// Typed Chinese gets lost as key symbols; the clipboard carries every character.
const pasteText = async (text) => {
  const answer = await post("paste", json({ text }));
  rfb.clipboardPasteFrom(text);
  await new Promise((done) => setTimeout(done, 150));
  const keys = [[0xffe3, "ControlLeft", true], [0x76, "KeyV", true], [0x76, "KeyV", false], [0xffe3, "ControlLeft", false]];
  for (const [symbol, code, down] of keys) rfb.sendKey(symbol, code, down);
  return answer;
};

const upload = (file) => {
  if (file.size > Number(body.dataset.maxUpload)) return note(word("Large"), true);
  return attempt(null, () => post("upload", {
    body: file,
    headers: { "Content-Type": "application/octet-stream", "Upload-Name": encodeURIComponent(file.name) },
  }), () => word("Uploaded", file.name));
};

const commands = {
  still: () => attempt(place("still"), () => post("still"), (made) => word("Still", made.number)),
  page: () => attempt(place("page"), () => post("page"), (made) => word("Page", made.number)),
  mark: async () => {
    const text = await ask("mark-dialog", "mark-text");
    if (text !== null) await attempt(place("mark"), () => post("mark", json({ note: text })), () => word("Marked"));
  },
  paste: async () => {
    const text = await ask("paste-dialog", "paste-text");
    if (text) await attempt(place("paste"), () => pasteText(text), (made) => word("Pasted", made.characters ?? [...text].length));
  },
};

if (drives) {
  for (const [id, act] of Object.entries(commands)) place(id).addEventListener("click", act);
  place("upload").addEventListener("change", (event) => {
    if (event.target.files[0]) upload(event.target.files[0]);
    event.target.value = "";
  });
  place("stay").addEventListener("click", () => {
    place("warning").hidden = true;
    post("stay").catch(() => note(word("Failed"), true));
  });
  place("abandon").addEventListener("click", () => place("abandon-dialog").showModal());
  // Before noVNC sees them, for these are not meant for the desktop.
  const keys = { KeyS: "still", KeyP: "page", KeyM: "mark", KeyV: "paste" };
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || !(event.code in keys)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    commands[keys[event.code]]();
  }, { capture: true });
}

window.addEventListener("online", () => { if (!connected) { delay = 500; again(); } });
connect();
watch();
