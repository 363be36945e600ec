// The page of one's signing keys: make, restore, bring a certificate. Private keys stay here.
import {
  Ring, certificateEntry, certificateIn, entryOf, makeKey, possessionBytes, readBackup, sign, writeBackup,
} from "./keys/signing.js";

const root = document.getElementById("signing-keys");
const table = JSON.parse(document.getElementById("words").textContent);
const say = (name) => table[name] || name;
const part = (place, name) => place.querySelector(`[data-part="${name}"]`);
const SHORTEST = 12;

/** A refusal in the page's words or the portal's. */
class Told extends Error {}

const ask = async (address, body) => {
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST", credentials: "same-origin", body: JSON.stringify(body),
      headers: {
        Accept: "application/json", "Content-Type": "application/json",
        "X-CSRFToken": root.querySelector("[name=csrf_token]").value,
      },
    });
  } catch { throw new Told(say("offline")); }
  if (new URL(answer.url).pathname === "/signin") throw new Told(say("session"));
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const error = new Told((said.error || {}).message || say("offline"));
  error.code = (said.error || {}).code;
  throw error;
};

// Proves to the portal that the private key is here, and has it keep the public one.
const register = async (entry, label, challenge, key) => {
  const said = { challenge, by: entry.key_id, platform: root.dataset.platform };
  const signature = await sign(entry, possessionBytes(said));
  return ask(root.dataset.add, { label, challenge, signature, ...key });
};

const challenge = async (body = {}) => ask(root.dataset.challenge, body);

const done = (sentence, file = null) => {
  part(root, "done-text").textContent = sentence;
  part(root, "again").hidden = !file;
  if (file) {
    const link = part(root, "file");
    link.href = URL.createObjectURL(new Blob([file.text], { type: "application/json" }));
    link.download = file.name;
    link.click();
  }
  part(root, "done").hidden = false;
  part(root, "done").focus();
};

const make = async (form) => {
  const { label, passphrase, again, bare } = form.elements;
  if (!label.value.trim()) throw new Told(say("name"));
  if (!bare.checked && passphrase.value.length < SHORTEST) throw new Told(say("short"));
  if (!bare.checked && passphrase.value !== again.value) throw new Told(say("differ"));
  const ring = await Ring.open();
  const fresh = await makeKey();
  const file = bare.checked ? null : await writeBackup(fresh, label.value.trim(), passphrase.value);
  const entry = await entryOf(fresh);
  const { challenge: said } = await challenge();
  // Kept first: a key that the portal knows and nobody has would be of no use.
  await ring.put(entry);
  try {
    await register(entry, label.value.trim(), said, { public: entry.public });
  } catch (error) {
    await ring.forget(entry.key_id);
    throw error;
  }
  form.reset();
  return { sentence: say(file ? "made" : "made-bare"), file };
};

const restore = async (form) => {
  const [file] = form.elements.file.files;
  if (!file) throw new Told(say("file"));
  const ring = await Ring.open();
  const fresh = await readBackup(await file.text(), form.elements.passphrase.value);
  const known = root.querySelector(`[data-key="${CSS.escape(fresh.keyId)}"]`);
  if (known && known.dataset.revoked === "yes") throw new Told(say("revoked"));
  const entry = await entryOf(fresh);
  if (!known) {
    const { challenge: said } = await challenge();
    await register(entry, fresh.label, said, { public: entry.public });
  }
  await ring.put(entry);
  form.reset();
  return { sentence: say("restored") };
};

const bring = async (form) => {
  const { label, certificate, key } = form.elements;
  if (!label.value.trim()) throw new Told(say("name"));
  if (!certificate.files.length || !key.files.length) throw new Told(say("files"));
  const ring = await Ring.open();
  const { der, pem } = certificateIn(await certificate.files[0].text());
  const { challenge: said, algorithm } = await challenge({ certificate: pem });
  const entry = await certificateEntry(der, await key.files[0].text(), algorithm);
  const known = root.querySelector(`[data-key="${CSS.escape(entry.key_id)}"]`);
  if (known && known.dataset.revoked === "yes") throw new Told(say("revoked"));
  await register(entry, label.value.trim(), said, { certificate: pem }).catch((error) => {
    if (error.code !== "signing_key_known") throw error;
  });
  await ring.put(entry);
  form.reset();
  return { sentence: say("certified") };
};

// The list anew, as the portal has it now; what is typed into other forms stays.
const refresh = async () => {
  const answer = await fetch(window.location.href, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [fresh, old] = [page.querySelector("#signing-keys > .card"), root.querySelector(":scope > .card")];
  if (fresh && old) old.replaceWith(fresh);
  await mark();
};

const mark = async () => {
  let here = [];
  try { here = await (await Ring.open()).ids(); } catch { /* the forms say why */ }
  for (const row of root.querySelectorAll("[data-key]")) {
    const place = part(row, "where");
    if (place) place.textContent = say(here.includes(row.dataset.key) ? "here" : "absent");
  }
};

const complain = (form, sentence) => {
  part(form, "problem-text").textContent = sentence;
  part(form, "problem").hidden = !sentence;
  if (sentence) part(form, "problem").focus();
};

for (const [name, act] of Object.entries({ make, restore, bring })) {
  const form = part(root, name);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    complain(form, "");
    part(root, "done").hidden = true;
    button.disabled = true;
    try {
      const { sentence, file } = await act(form);
      await refresh();
      done(sentence, file);
    } catch (error) {
      complain(form, error instanceof Told ? error.message : say(error.code || error.message));
    } finally {
      button.disabled = false;
    }
  });
}
mark();
