// "Check my number": an id typed here is hashed here; receipts come from a file, a camera or the
// server and are checked here against the list that organiser and notary signed.
import { parse } from "./canonical.js";
import { readRecord } from "./record.js";
import { canonicalId, checkReceipt, lookupOf, readReceipt } from "./receipt.js";

const root = document.getElementById("draw-check");
const { draw, find, csrf, record: address } = root.dataset;
const part = (id) => root.querySelector(`#${id}`);
const word = (code) =>
  root.getAttribute(`data-word-${code.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`) || code;
const slot = (place, name) => place.querySelector(`[data-slot="${name}"]`);
const answer = part("check-answer");
const copy = (id) => part(id).content.cloneNode(true);
let asked = 0;
let known = null;

/** A refusal with the page's sentence for `code`. */
const refused = (code) => Object.assign(new Error(code), { code });

const say = (sentence) => {
  const place = copy("check-refused");
  slot(place, "sentence").textContent = sentence;
  answer.replaceChildren(place);
};

/** The record's steps, and the list, once their signatures have been checked. */
const recorded = () => {
  known ||= (async () => {
    const reply = await fetch(address, { credentials: "same-origin" });
    if (!reply.ok) throw refused("unreachable");
    const { steps } = parse(new Uint8Array(await reply.arrayBuffer()));
    const { list, config } = readRecord(steps);
    if (!list || config.draw !== draw) throw refused("damaged");
    return { steps, list, config };
  })().catch((problem) => {
    known = null;
    throw problem;
  });
  return known;
};

/** Where the record says that the position was drawn; stages too large to be listed: from `told`. */
const drawnIn = ({ steps, config }, position, told) => {
  const found = [];
  for (const { type, attempt, body } of steps) {
    if (type !== "result") continue;
    const { name } = config.stages[body.stage - 1];
    if (body.winners === null) {
      found.push(...told.filter((one) => one.attempt === attempt && one.stage === body.stage));
      continue;
    }
    const rank = body.winners.concat(body.alternates).indexOf(position) + 1;
    if (rank) found.push({ attempt, stage: body.stage, rank, alternate: rank > body.winner_count, name });
  }
  return found;
};

const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
const inPage = (name) => name[lang] || name.en || name.zh;

const fillFields = (place, names, values) => {
  names.forEach((name, i) => {
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    term.textContent = name;
    value.textContent = values[i];
    place.append(term, value);
  });
};

const fillWon = (place, won) => {
  if (!won.length) {
    place.hidden = true;
    return;
  }
  for (const one of won) {
    const line = copy("check-won");
    slot(line, "stage").textContent = inPage(one.name);
    slot(line, "rank").textContent = one.rank;
    const item = line.firstElementChild;
    item.dataset.attempt = one.attempt;
    item.dataset.alternate = one.alternate ? "1" : "0";
    place.append(line);
  }
};

const show = (receipt, entry, recordOf, told) => {
  const place = copy("check-found");
  slot(place, "position").textContent = entry.position;
  slot(place, "weight").textContent = entry.weight;
  const pool = recordOf.config.pools.find((one) => one.id === entry.pool);
  slot(place, "pool").textContent = inPage(pool.name);
  slot(place, "digest").textContent = recordOf.list.list_root;
  fillFields(slot(place, "fields"), recordOf.config.columns, entry.values);
  fillWon(slot(place, "won"), drawnIn(recordOf, entry.position, told));
  const link = slot(place, "download");
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(receipt)}\n`], { type: "application/json" }));
  link.download = `receipt-${draw.slice(0, 8)}-${entry.position}.json`;
  answer.replaceChildren(place);
  answer.scrollIntoView({ block: "nearest", behavior: "smooth" });
};

/** Runs one question at a time: a newer one takes the place of an older one's answer. */
const ask = async (act) => {
  asked += 1;
  const mine = asked;
  say(word("searching"));
  try {
    const [{ receipt, won = [] }, recordOf] = await Promise.all([act(), recorded()]);
    if (mine !== asked) return;
    show(receipt, checkReceipt(receipt, { draw, list: recordOf.list }), recordOf, won);
  } catch (problem) {
    if (mine !== asked) return;
    say(word(problem.code || (problem instanceof TypeError ? "unreachable" : "damaged")));
  }
};

const lookedUp = async (typed) => {
  const { list } = await recorded();
  const lookup = lookupOf(draw, canonicalId(typed, list.id_kind));
  const reply = await fetch(find, {
    method: "POST", credentials: "same-origin", body: JSON.stringify({ lookup }),
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf },
  });
  if (reply.status === 404) throw refused("missing");
  if (reply.status === 429) throw refused("slow");
  if (!reply.ok) throw refused("unreachable");
  const { receipt, won } = await reply.json();
  return { receipt: readReceipt(JSON.stringify(receipt)), won };
};

part("check-form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(() => lookedUp(part("check-id").value));
});

const LARGEST = 65_536;
part("check-file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (!file) return;
  ask(async () => {
    if (file.size > LARGEST) throw refused("damaged");
    return { receipt: readReceipt(await file.text()) };
  });
});

// --- camera: only where the browser itself reads QR codes ------------------------------------
const camera = part("check-camera");
const video = part("check-video");
let stream = null;

const close = () => {
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  video.hidden = true;
  video.srcObject = null;
};

/** A code holds a receipt, or the address of one on this site. */
const fromCode = async (text) => {
  if (text.startsWith("{")) return { receipt: readReceipt(text) };
  const place = new URL(text, location.href);
  const right = place.origin === location.origin && place.pathname.startsWith(`/draws/${draw}/receipt/`);
  if (!right) throw refused("wrong-camera");
  const reply = await fetch(place.pathname, { credentials: "same-origin" });
  if (!reply.ok) throw refused(reply.status === 404 ? "missing" : "unreachable");
  return { receipt: readReceipt(await reply.text()) };
};

const watch = async (detector) => {
  while (stream) {
    const [code] = await detector.detect(video).catch(() => []);
    if (code) {
      close();
      await ask(() => fromCode(code.rawValue));
      return;
    }
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
};

const prepareCamera = async () => {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return;
  camera.hidden = false;
  camera.addEventListener("click", async () => {
    if (stream) {
      close();
      return;
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      watch(new window.BarcodeDetector({ formats: ["qr_code"] }));
    } catch {
      close();
      say(word("wrong-camera"));
    }
  });
};
prepareCamera();
