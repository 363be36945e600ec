// Forms that make a message, sign it in this browser and hand it in.
import { Key } from "./key.js";
import { Domain, ZERO, digestOf, hex, keyHash } from "./typed.js";

const table = JSON.parse(document.getElementById("words").textContent);
const say = (name, values = {}) => (table[name] || name).replace(/%\((\w+)\)s/g, (_, key) => String(values[key] ?? ""));
const domain = new Domain(JSON.parse(document.getElementById("consortium-domain").textContent));
const ADDRESS = /^0x[0-9a-f]{40}$/;
const IDENTITY = /^[0-9a-f]{64}$/;

class Problem extends Error {}
const need = (good, name) => { if (!good) throw new Problem(say(name)); };
const random = () => hex(crypto.getRandomValues(new Uint8Array(32)));
const field = (form, name) => (form.elements[name]?.value || "").trim();
const until = (form) => Math.floor(Date.now() / 1000) + 86_400 * Number(field(form, "days") || 14);
const open = (form) => ({ v: 1, nonce: random(), expires: until(form), signatures: [] });
const address = (text) => {
  const found = text.toLowerCase();
  need(ADDRESS.test(found), "bad_address");
  return found;
};

/** The identity given, or the commitment to salt, name and number; the salt is shown. */
function identityOf(form) {
  const given = field(form, "identity").toLowerCase();
  if (given) {
    need(IDENTITY.test(given), "bad_identity");
    return given;
  }
  const name = field(form, "name"), number = field(form, "number");
  need(name && number, "no_commitment");
  const salt = field(form, "salt") || random();
  form.elements.salt.value = salt;
  const shown = form.querySelector('[data-part="salt"]');
  shown.textContent = say("salt_saved", { salt });
  shown.hidden = false;
  return digestOf(`notary/identity/v1\n${salt}\n${name}\n${number}`);
}

const MAKERS = {
  act(form) {
    const method = field(form, "method");
    const chosen = [...form.querySelectorAll("[name=denied]:checked")];
    const value = { limit: chosen.reduce((sum, each) => sum + 2 ** Number(each.value), 0), degrade: Number(field(form, "level")) }[method] || 0;
    return { ...open(form), type: "act", method, member: form.dataset.member, value, reason: field(form, "reason") };
  },
  rotate(form, key) {
    return { ...open(form), type: "rotate", role: field(form, "role"), from: key.address, to: address(field(form, "to")) };
  },
  replace(form) {
    const account = field(form, "account") ? address(field(form, "account")) : form.dataset.account;
    const keyId = field(form, "key_id");
    return { ...open(form), type: "replace", identity: form.dataset.member, account, key: keyId ? keyHash(keyId) : form.dataset.key };
  },
  async change(form) {
    let rule = null;
    try { rule = JSON.parse(await form.elements.rule.files[0].text()); } catch { /* said below */ }
    need(rule && typeof rule === "object", "bad_rule");
    return { ...open(form), type: "change", rule, version: Number(form.dataset.version) };
  },
  register(form, key) {
    const keyId = field(form, "key_id");
    const application = {
      identity: identityOf(form), account: key.address, key: keyId ? keyHash(keyId) : ZERO,
      kind: Number(field(form, "kind")), parent: field(form, "parent") || ZERO,
      level: Number(field(form, "level")), round: Number(field(form, "round") || 0),
    };
    return { ...open(form), type: "register", application, certificates: [] };
  },
  /** The message on the page, to be signed by one more; an authority vouches for an application. */
  cosign(form, key) {
    const message = JSON.parse(document.getElementById("message-json").textContent);
    need(hex(domain.id(message)) === form.dataset.id, "other_id");
    message.signatures = [];
    if (message.type !== "register") return message;
    message.certificates = [];
    if (!JSON.parse(form.dataset.authorities).includes(key.address)) return message;
    const now = Math.floor(Date.now() / 1000);
    const certificate = { authority: key.address, from: now - 300, until: now + 86_400 * Number(field(form, "days") || 30) };
    const signature = key.sign(domain.certificate(message.application, certificate));
    message.certificates = [{ ...certificate, signature }];
    return { certified: message };
  },
};

async function keyOf(form) {
  if (form.made) return form.made;
  const file = form.querySelector('[data-part="key"]').files[0];
  need(file, "no_key");
  const key = file.size < 1024 ? Key.read(await file.text()) : null;
  need(key, "bad_key");
  return key;
}

async function handIn(form, message) {
  let answer;
  try {
    answer = await fetch(form.dataset.post, {
      method: "POST", credentials: "same-origin", cache: "no-store",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": form.elements.csrf_token.value },
      body: JSON.stringify(message),
    });
  } catch { throw new Problem(say("offline")); }
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) throw new Problem(say("session"));
  if (!answer.ok) throw new Problem(said.error?.message || say("offline"));
  return said;
}

async function submitted(form) {
  const key = await keyOf(form);
  const made = await MAKERS[form.dataset.consortium](form, key);
  const message = made.certified || made;
  if (!made.certified) message.signatures = [{ signer: key.address, value: key.sign(domain.id(message)) }];
  const said = await handIn(form, message);
  location.assign(form.dataset.shown.replace("ID", said.id));
}

for (const form of document.querySelectorAll("form[data-consortium]")) {
  const problem = form.querySelector('[data-part="problem"]');
  const complain = (sentence) => {
    problem.textContent = sentence;
    problem.hidden = !sentence;
    if (sentence) problem.focus();
  };
  const shown = form.querySelector('[data-part="address"]');
  const button = form.querySelector("button:not([type=button])");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    complain("");
    button.disabled = true;
    try {
      await submitted(form);
    } catch (error) {
      complain(error.message);
      button.disabled = false;
    }
  });
  const input = form.querySelector('[data-part="key"]');
  const tell = async () => {
    form.made = null;
    const [file] = input.files;
    const key = file && file.size < 1024 ? Key.read(await file.text()) : null;
    shown.textContent = key ? say("your_address", { address: key.address }) : say("bad_key");
  };
  input.addEventListener("change", tell);
  if (input.files.length) tell(); // chosen before this script ran
  form.querySelector('[data-part="make"]')?.addEventListener("click", (event) => {
    const key = Key.make();
    key.save();
    const { into } = event.currentTarget.dataset;
    if (into) form.elements[into].value = key.address;
    else form.made = key;
    shown.textContent = `${say("your_address", { address: key.address })} ${say("made")}`;
  });
  const method = form.elements.method;
  if (method?.tagName === "SELECT") {
    const follow = () => {
      for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== method.value;
    };
    method.addEventListener("change", follow);
    follow();
  }
}
