/**
 * A depositor's signing keys in this browser. Private keys are CryptoKeys that no script can read
 * out; only a key that was made here can be written into a backup, and only while it is being made.
 *
 *   const ring = await Ring.open()                 // {entries: all, get, put, forget}
 *   const fresh = await makeKey()                  // {public (hex), keyId, pkcs8: Uint8Array}
 *   const file = await writeBackup(fresh, label, passphrase)   // {name, text}
 *   const entry = await entryOf(fresh)             // what `ring.put` keeps: not extractable
 *   const fresh = await readBackup(text, passphrase)
 *   const entry = await certificateEntry(pem, keyPem, algorithm)
 *   await sign(entry, bytes)                       // hex
 *   transactionBytes({kind, id, digests, by, platform})
 *   possessionBytes({challenge, by, platform})
 * Refusals are KeyError with a code; the page has the sentences: insecure, unsupported, unavailable,
 * damaged, wrongPassphrase, notPrivate, encrypted, notCertificate, wrongKey.
 */
import { canonical, canonicalText } from "../draws/canonical.js";
import { concat, hex, unhex, utf8 } from "../draws/bytes.js";
import { members, seal, unseal, wellProtected } from "./sealed.js";
import { Store } from "./store.js";

export class KeyError extends Error {
  constructor(code) {
    super(code);
    this.name = "KeyError";
    this.code = code;
  }
}

const SCHEMA = "notary/signing-key-backup/v1";
const LARGEST = 16_384;
const BACKUP = ["key_id", "label", "protection", "public", "schema", "sealed"];
const CONTEXTS = { transaction: "notary/transaction/v1\n", possession: "notary/key-possession/v1\n" };
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
// How WebCrypto calls what entries call by these names.
const ALGORITHMS = {
  ed25519: { name: "Ed25519" },
  "ecdsa-p256-sha256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "rsa-pkcs1-sha256": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

/** Whether this page may use WebCrypto at all. */
export const secure = () => Boolean(globalThis.isSecureContext && globalThis.crypto?.subtle);

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** The key id of a raw Ed25519 key (32 bytes) or of a certificate's DER. */
export const keyIdOf = async (key) => {
  const digest = hex(await sha256(key));
  return key.length === 32 ? `ed25519:${digest.slice(0, 32)}` : `x509:${digest}`;
};

// --- what is signed --------------------------------------------------------------------------

/** @param {{kind: string, id: string, digests: object, by: string, platform: string}} said */
export const transactionBytes = ({ kind, id, digests, by, platform }) =>
  concat(utf8(CONTEXTS.transaction), canonical({ v: 1, kind, id, digests, by, platform }));

/** @param {{challenge: string, by: string, platform: string}} said */
export const possessionBytes = ({ challenge, by, platform }) =>
  concat(utf8(CONTEXTS.possession), canonical({ challenge, by, platform }));

/** @param {{algorithm: string, privateKey: CryptoKey}} entry @returns {Promise<string>} hex */
export const sign = async ({ algorithm, privateKey }, bytes) => {
  const value = new Uint8Array(await crypto.subtle.sign(ALGORITHMS[algorithm], privateKey, bytes));
  return algorithm === "ecdsa-p256-sha256" ? lowS(hex(value)) : hex(value);
};

// Of the two s that fit, only the smaller one is taken.
const lowS = (value) => {
  const s = BigInt(`0x${value.slice(64)}`);
  const low = s > ORDER / 2n ? ORDER - s : s;
  return value.slice(0, 64) + low.toString(16).padStart(64, "0");
};

// --- keys made here --------------------------------------------------------------------------

/** A new Ed25519 key; its private half is in the open until {@link entryOf} has closed it. */
export const makeKey = async () => {
  if (!secure()) throw new KeyError("insecure");
  let pair;
  try {
    pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  } catch {
    throw new KeyError("unsupported");
  }
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  return { public: hex(raw), keyId: await keyIdOf(raw), pkcs8 };
};

/** What is kept in the browser of a key made or restored; `pkcs8` is wiped. */
export const entryOf = async (fresh) => {
  const privateKey = await imported("ed25519", fresh.pkcs8);
  fresh.pkcs8.fill(0);
  return { key_id: fresh.keyId, algorithm: "ed25519", public: fresh.public, privateKey };
};

const imported = (algorithm, pkcs8) =>
  crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHMS[algorithm], false, ["sign"]);

/** @returns {Promise<{name: string, text: string}>} the file to be downloaded */
export const writeBackup = async (fresh, label, passphrase) => {
  const head = { schema: SCHEMA, key_id: fresh.keyId, label, public: fresh.public };
  const file = { ...head, ...(await seal(head, fresh.pkcs8, passphrase)) };
  const name = `signing-key-${fresh.keyId.replace("ed25519:", "").slice(0, 12)}.json`;
  return { name, text: `${canonicalText(file)}\n` };
};

/** @returns {Promise<{public: string, keyId: string, pkcs8: Uint8Array, label: string}>} */
export const readBackup = async (text, passphrase) => {
  if (!secure()) throw new KeyError("insecure");
  const file = await wellFormed(text);
  const { schema, key_id: keyId, label, public: raw } = file;
  let pkcs8;
  try {
    pkcs8 = await unseal({ schema, key_id: keyId, label, public: raw }, file, passphrase);
  } catch {
    throw new KeyError("wrongPassphrase");
  }
  const fresh = { public: raw, keyId, pkcs8, label };
  if (!(await belongs(fresh))) throw new KeyError("damaged");
  return fresh;
};

const wellFormed = async (text) => {
  try {
    if (text.length > LARGEST) throw new TypeError("too large");
    const file = JSON.parse(text.replace(/^\uFEFF/, ""));
    members(file, BACKUP);
    if (file.schema !== SCHEMA || typeof file.label !== "string") throw new TypeError("schema");
    unhex(file.sealed);
    wellProtected(file.protection);
    if ((await keyIdOf(unhex(file.public, 32))) !== file.key_id) throw new TypeError("key id");
    return file;
  } catch {
    throw new KeyError("damaged");
  }
};

// A private key that signs for another public one would be found out only at the first deposit.
const belongs = async ({ public: raw, pkcs8 }) => {
  try {
    const probe = utf8("notary/signing-key-probe/v1\n");
    const privateKey = await imported("ed25519", pkcs8);
    const publicKey = await crypto.subtle.importKey("raw", unhex(raw, 32), "Ed25519", false, ["verify"]);
    const value = await crypto.subtle.sign("Ed25519", privateKey, probe);
    return crypto.subtle.verify("Ed25519", publicKey, value, probe);
  } catch {
    return false;
  }
};

// --- certificates ----------------------------------------------------------------------------

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g;
const unbase64 = (text) => Uint8Array.from(atob(text.replace(/\s/g, "")), (each) => each.charCodeAt(0));

const blocks = (pem) =>
  [...pem.matchAll(BLOCK)].map(([, kind, body]) => ({ kind, der: unbase64(body) }));

/** The first certificate's DER, and its PEM block alone: nothing else of the file may travel. */
export const certificateIn = (pem) => {
  const found = blocks(pem).find(({ kind }) => kind === "CERTIFICATE");
  if (!found) throw new KeyError("notCertificate");
  const body = btoa(String.fromCharCode(...found.der)).replace(/.{64}/g, "$&\n");
  return { der: found.der, pem: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n` };
};

/**
 * @param {Uint8Array} der of the certificate @param {string} keyPem the private key's file
 * @param {string} algorithm as the portal read it in the certificate
 */
export const certificateEntry = async (der, keyPem, algorithm) => {
  if (!secure()) throw new KeyError("insecure");
  const found = blocks(keyPem).find(({ kind }) => kind.endsWith("PRIVATE KEY"));
  if (!found) throw new KeyError("notPrivate");
  if (found.kind.startsWith("ENCRYPTED") || keyPem.includes("Proc-Type: 4,ENCRYPTED")) throw new KeyError("encrypted");
  try {
    const privateKey = await imported(algorithm, pkcs8Of(found));
    return { key_id: await keyIdOf(der), algorithm, public: hex(der), privateKey };
  } catch {
    throw new KeyError("wrongKey");
  } finally {
    found.der.fill(0);
  }
};

// Older files hold the bare key; PKCS#8 (RFC 5208) names its algorithm around it.
const EC = unhex("301306072a8648ce3d020106082a8648ce3d030107");
const RSA = unhex("300d06092a864886f70d0101010500");

const pkcs8Of = ({ kind, der }) => {
  if (kind === "EC PRIVATE KEY") return sequence(unhex("020100"), EC, tagged(0x04, der));
  if (kind === "RSA PRIVATE KEY") return sequence(unhex("020100"), RSA, tagged(0x04, der));
  return der;
};

const tagged = (tag, content) => {
  const { length } = content;
  if (length < 0x80) return concat(new Uint8Array([tag, length]), content);
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concat(new Uint8Array([tag, ...size]), content);
};

const sequence = (...parts) => tagged(0x30, concat(...parts));

// --- where they are --------------------------------------------------------------------------

/** The keys of this browser, whoever's they are: pages show those that the account knows. */
export class Ring {
  #store;

  static async open(name = "notary-signing") {
    if (!secure()) throw new KeyError("insecure");
    const ring = new Ring();
    try {
      ring.#store = await Store.open(name, "keys", "key_id");
      return ring;
    } catch {
      throw new KeyError("unavailable");
    }
  }

  /** @returns {Promise<string[]>} */
  async ids() { return this.#within("readonly", (keys) => keys.getAllKeys()); }

  async get(keyId) { return (await this.#within("readonly", (keys) => keys.get(keyId))) || null; }

  async put(entry) { await this.#within("readwrite", (keys) => keys.put(entry)); }

  async forget(keyId) { await this.#within("readwrite", (keys) => keys.delete(keyId)); }

  async #within(mode, act) {
    try {
      return await this.#store.within(mode, act);
    } catch {
      throw new KeyError("unavailable");
    }
  }
}
