/**
 * How a deposit is signed: the choice on the form, what will be signed in words, and the signature.
 *
 *   const chooser = await Chooser.open(form, say)   // say(name, values): the page's sentences
 *   chooser.chosen                                  // {keyId, held, algorithm, label} | null
 *   chooser.show(text)                              // under the choice
 *   chooser.sentence({digests, id})                 // of one deposit
 *   await chooser.one(digests, id)                  // fields of a form
 *   await chooser.many([{path, id, digests}])       // members of a request's JSON
 * The first key that this browser has is chosen, unless the form came back with another choice.
 */
import { KeyError, Ring, sign, transactionBytes } from "./signing.js";

const SENTENCES = { insecure: "sign-secure", missing: "sign-gone" };

export class Chooser {
  #ring = null;
  #say;

  static async open(form, say) {
    const chooser = new Chooser();
    chooser.#say = say;
    chooser.root = form.querySelector("[data-part=signing]");
    chooser.place = form.querySelector("[data-part=signing-text]");
    if (!chooser.root) return chooser;
    let here = [];
    try {
      chooser.#ring = await Ring.open();
      here = await chooser.#ring.ids();
    } catch {
      // Without a store of keys there is still everything that needs none.
    }
    chooser.#offer(new Set(here));
    return chooser;
  }

  #offer(here) {
    let first = null;
    for (const label of this.root.querySelectorAll("[data-key]")) {
      const input = label.querySelector("input");
      const usable = label.dataset.held === "yes" || here.has(label.dataset.key);
      input.disabled = !usable;
      label.classList.toggle("choice-off", !usable);
      const absent = label.querySelector("[data-part=absent]");
      if (absent) absent.hidden = usable;
      if (usable && label.dataset.held !== "yes" && !first) first = input;
    }
    if (first && !this.root.dataset.chosen && !this.touched) first.checked = true;
  }

  get chosen() {
    const input = this.root && this.root.querySelector("[name=sign_with]:checked");
    const label = input && input.value && input.closest("[data-key]");
    if (!label || input.disabled) return null;
    const { key, held, algorithm, name } = label.dataset;
    return { keyId: key, held: held === "yes", algorithm, label: name };
  }

  show(text) {
    if (this.place && this.place.textContent !== text) this.place.textContent = text;
  }

  /** What will be signed, in words. */
  sentence({ digests, id, name = "sign-text", count = 1 }) {
    const { chosen } = this;
    if (!chosen) return this.#say("sign-none");
    if (chosen.held) return this.#say("sign-held");
    if (!digests) return this.#say("sign-later");
    const written = Object.entries(digests).map(([kind, value]) => `${kind.toUpperCase()} ${value}`).join(", ");
    const { platform } = this.root.dataset;
    return this.#say(name, { key: chosen.keyId, platform, digests: written.replaceAll("SHA256", "SHA-256"), id, count });
  }

  async one(digests, id) {
    const { chosen } = this;
    if (!chosen) return {};
    if (chosen.held) return { sign_with: chosen.keyId };
    const value = await this.#signed(await this.#entry(chosen), digests, id);
    const signature = { key_id: chosen.keyId, algorithm: chosen.algorithm, value };
    return { sign_with: chosen.keyId, deposit_id: id, signature: JSON.stringify(signature) };
  }

  async many(items) {
    const { chosen } = this;
    if (!chosen) return {};
    if (chosen.held) return { sign_with: chosen.keyId };
    const entry = await this.#entry(chosen);
    const signed = [];
    for (const { path, id, digests } of items) {
      signed.push({ path, id, value: await this.#signed(entry, digests, id) });
    }
    return { signing: { key_id: chosen.keyId, algorithm: chosen.algorithm, items: signed } };
  }

  async #entry({ keyId }) {
    const entry = this.#ring && (await this.#ring.get(keyId));
    if (!entry) throw this.#told(new KeyError("missing"));
    return entry;
  }

  async #signed(entry, digests, id) {
    const { platform, kind } = this.root.dataset;
    try {
      return await sign(entry, transactionBytes({ kind, id, digests, by: entry.key_id, platform }));
    } catch (error) {
      throw this.#told(error);
    }
  }

  #told(error) {
    const name = SENTENCES[error.code];
    return new Error(name ? this.#say(name) : this.#say("sign-failed", { why: error.message }));
  }
}
