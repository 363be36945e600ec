/**
 * Where a party's master secret is kept: this browser (IndexedDB), and a backup file.
 *
 *   const keeper = await Keeper.open(words)           // words: {code: sentence}, see CODES
 *   await keeper.get(draw, party)                     // {draw, party, master, made_at, saved} | null
 *   await keeper.make(draw, party)                    // the one there is, or a new one
 *   await keeper.saved(draw, party)                   // notes that a backup has been made
 *   await keeper.forget(draw, party)
 *   await keeper.backup(draw, party, passphrase = "") // {name, text}: the file to be downloaded
 *   await keeper.restore(text, {draw, party, key?, box?}, passphrase = "") // kept, and given back
 * key and box are the public keys the draw knows for the party; with them a wrong secret is refused
 * before it is kept. Every refusal is a KeeperError with a code of CODES and the page's sentence.
 */
import { members, seal, unseal, wellProtected } from "../keys/sealed.js";
import { Store } from "../keys/store.js";
import { canonicalText } from "./canonical.js";
import { deriveKeys, newMaster, secure } from "./crypto.js";
import { hex, unhex } from "./bytes.js";
import { now } from "./party.js";

/** insecure: no WebCrypto (page not over https) · unavailable: the browser keeps nothing (private
 * window, storage full) · damaged · wrongDraw · wrongParty · wrongKey (a secret other than the one
 * that joined) · needsPassphrase · wrongPassphrase · other (this browser has another secret for this
 * party, and the draw does not say which is right) · missing */
export const CODES = [
  "insecure", "unavailable", "damaged", "wrongDraw", "wrongParty", "wrongKey", "needsPassphrase",
  "wrongPassphrase", "other", "missing",
];
const SCHEMA = "notary/draw-backup/v1";
const LARGEST = 16_384;
const MEMBERS = {
  plain: ["draw", "key", "made_at", "master", "party", "schema"],
  sealed: ["draw", "key", "made_at", "party", "protection", "schema", "sealed"],
};

/** `code` is one of {@link CODES}, `message` the page's sentence for it. */
export class KeeperError extends Error {
  constructor(code, words = {}) {
    super(words[code] || code);
    this.name = "KeeperError";
    this.code = code;
  }
}

export class Keeper {
  #store;
  #words;

  constructor(store, words) {
    this.#store = store;
    this.#words = words;
  }

  /** @param {Object<string, string>} words @param {string} [name] of the database */
  static async open(words = {}, name = "notary-draws") {
    if (!secure()) throw new KeeperError("insecure", words);
    try {
      return new Keeper(await Store.open(name, "masters", ["draw", "party"]), words);
    } catch {
      throw new KeeperError("unavailable", words);
    }
  }

  async get(draw, party) {
    return (await this.#within("readonly", (store) => store.get([draw, party]))) || null;
  }

  async make(draw, party) {
    const kept = await this.get(draw, party);
    if (kept) return kept;
    const fresh = { draw, party, master: newMaster(), made_at: now(), saved: false };
    try {
      // add, not put: of two windows that make one at the same time the first wins
      await this.#within("readwrite", (store) => store.add(fresh));
    } catch (error) {
      const other = await this.get(draw, party);
      if (!other) throw error;
      return other;
    }
    return fresh;
  }

  async saved(draw, party) {
    const kept = await this.#there(draw, party);
    await this.#within("readwrite", (store) => store.put({ ...kept, saved: true }));
  }

  async forget(draw, party) {
    await this.#within("readwrite", (store) => store.delete([draw, party]));
  }

  async backup(draw, party, passphrase = "") {
    const { master, made_at: made } = await this.#there(draw, party);
    const file = await writeBackup({ draw, party, master, made_at: made }, passphrase);
    return { name: `draw-${draw.slice(0, 8)}-${party}.key.json`, text: `${canonicalText(file)}\n` };
  }

  async restore(text, expected, passphrase = "") {
    const { draw, party, key, box } = expected;
    const found = await readBackup(text, expected, passphrase).catch((error) => {
      throw error instanceof KeeperError ? new KeeperError(error.code, this.#words) : error;
    });
    const keys = deriveKeys(found.master, draw);
    if ((key && keys.key !== key) || (box && keys.boxKey !== box)) {
      throw new KeeperError("wrongKey", this.#words);
    }
    const kept = await this.get(draw, party);
    if (kept && !key && hex(kept.master) !== hex(found.master)) {
      throw new KeeperError("other", this.#words);
    }
    const entry = { draw, party, master: found.master, made_at: found.made_at, saved: true };
    await this.#within("readwrite", (store) => store.put(entry));
    return entry;
  }

  async #there(draw, party) {
    const kept = await this.get(draw, party);
    if (!kept) throw new KeeperError("missing", this.#words);
    return kept;
  }

  async #within(mode, act) {
    try {
      return await this.#store.within(mode, act);
    } catch {
      throw new KeeperError("unavailable", this.#words);
    }
  }
}

// --- the file --------------------------------------------------------------------------------

/**
 * @param {{draw: string, party: string, master: Uint8Array, made_at: string}} entry
 * @param {string} passphrase none: the file itself is the secret
 * @returns {Promise<object>}
 */
export const writeBackup = async ({ draw, party, master, made_at: made }, passphrase = "") => {
  const head = { schema: SCHEMA, draw, party, made_at: made, key: deriveKeys(master, draw).key };
  if (!passphrase) return { ...head, master: hex(master) };
  return { ...head, ...(await seal(head, master, passphrase)) };
};

/**
 * @param {string} text of the file @param {{draw: string, party: string}} expected
 * @param {string} passphrase
 * @returns {Promise<{draw: string, party: string, master: Uint8Array, made_at: string}>}
 * @throws {KeeperError} damaged, wrongDraw, wrongParty, needsPassphrase, wrongPassphrase
 */
export const readBackup = async (text, { draw, party }, passphrase = "") => {
  const file = wellFormed(text);
  if (file.draw !== draw) throw new KeeperError("wrongDraw");
  if (file.party !== party) throw new KeeperError("wrongParty");
  if (file.sealed && !passphrase) throw new KeeperError("needsPassphrase");
  const master = file.sealed ? await unsealed(file, passphrase) : unhex(file.master, 32);
  // Without a seal this is what tells one wrong digit.
  if (deriveKeys(master, draw).key !== file.key) throw new KeeperError("damaged");
  return { draw, party, master, made_at: file.made_at };
};

const wellFormed = (text) => {
  try {
    if (text.length > LARGEST) throw new TypeError("too large");
    const file = JSON.parse(text.replace(/^\uFEFF/, ""));
    const sealed = "sealed" in file;
    members(file, sealed ? MEMBERS.sealed : MEMBERS.plain);
    if (file.schema !== SCHEMA) throw new TypeError("another schema");
    for (const name of ["draw", "party", "made_at"]) {
      if (typeof file[name] !== "string") throw new TypeError(name);
    }
    unhex(file.key, 32);
    if (!sealed) unhex(file.master, 32);
    else {
      unhex(file.sealed, 48);
      wellProtected(file.protection);
    }
    return file;
  } catch {
    throw new KeeperError("damaged");
  }
};

const unsealed = async (file, passphrase) => {
  const { schema, draw, party, made_at: made, key } = file;
  try {
    return await unseal({ schema, draw, party, made_at: made, key }, file, passphrase);
  } catch {
    throw new KeeperError("wrongPassphrase");
  }
};
