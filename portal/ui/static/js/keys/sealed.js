/**
 * Secrets in a backup file, under a passphrase: PBKDF2-HMAC-SHA256, then AES-256-GCM, which also
 * binds what the file says in the clear.
 *
 * seal(head, plain, passphrase) → {protection, sealed (hex)}; unseal(head, file, passphrase) → bytes,
 * rejects when the passphrase is another one or anything was changed; wellProtected(protection).
 */
import { canonical } from "../draws/canonical.js";
import { hex, unhex, utf8 } from "../draws/bytes.js";

const KDF = "PBKDF2-HMAC-SHA256";
const ROUNDS = 600_000;
const MOST_ROUNDS = 10_000_000;
const MEMBERS = ["iterations", "kdf", "nonce", "salt"];

/** @param {object} head @param {Uint8Array} plain @param {string} passphrase */
export const seal = async (head, plain, passphrase) => {
  const protection = {
    kdf: KDF,
    iterations: ROUNDS,
    salt: hex(crypto.getRandomValues(new Uint8Array(16))),
    nonce: hex(crypto.getRandomValues(new Uint8Array(12))),
  };
  const key = await stretched(passphrase, protection, "encrypt");
  const sealed = await crypto.subtle.encrypt(gcm(head, protection), key, plain);
  return { protection, sealed: hex(new Uint8Array(sealed)) };
};

/** @param {object} head @param {{protection: object, sealed: string}} file @param {string} passphrase */
export const unseal = async (head, { protection, sealed }, passphrase) => {
  const key = await stretched(passphrase, protection, "decrypt");
  return new Uint8Array(await crypto.subtle.decrypt(gcm(head, protection), key, unhex(sealed)));
};

/** Throws TypeError for a protection that is none. */
export const wellProtected = (protection) => {
  members(protection, MEMBERS);
  const { kdf, iterations, salt, nonce } = protection;
  unhex(salt, 16);
  unhex(nonce, 12);
  const bounded = Number.isInteger(iterations) && iterations >= 1 && iterations <= MOST_ROUNDS;
  if (kdf !== KDF || !bounded) throw new TypeError("another protection");
};

/** Throws TypeError unless `object` has exactly these members (sorted). */
export const members = (object, names) => {
  if (Object.keys(object).sort().join() !== names.join()) throw new TypeError("other members");
};

const gcm = (head, protection) => ({
  name: "AES-GCM", iv: unhex(protection.nonce), additionalData: canonical({ ...head, protection }),
});

const stretched = async (passphrase, { salt, iterations }, use) => {
  const secret = utf8(passphrase.normalize("NFKC"));
  const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt: unhex(salt), iterations },
    base, { name: "AES-GCM", length: 256 }, false, [use],
  );
};
