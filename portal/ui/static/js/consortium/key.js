// Keys of the consortium (secp256k1), held in this page's memory alone.
import { keccak_256 as keccak } from "../../vendor/noble/hashes/sha3.js";
import { secp256k1 } from "../../vendor/noble/curves/secp256k1.js";
import { hex, unhex } from "./typed.js";

export class Key {
  constructor(secret) {
    this.secret = secret;
    const point = secp256k1.getPublicKey(secret, false);
    this.address = `0x${hex(keccak(point.slice(1)).slice(12))}`;
  }

  static make() { return new Key(secp256k1.utils.randomSecretKey()); }

  /** The key in a file's text, or null. */
  static read(text) {
    const digits = text.trim().toLowerCase().replace(/^0x/, "");
    if (!/^[0-9a-f]{64}$/.test(digits)) return null;
    const secret = unhex(digits);
    return secp256k1.utils.isValidSecretKey(secret) ? new Key(secret) : null;
  }

  /** r ‖ s in hexadecimal, s in the lower half. */
  sign(digest) { return hex(secp256k1.sign(digest, this.secret, { prehash: false, lowS: true })); }

  /** Let the browser save the key's file. */
  save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${hex(this.secret)}\n`], { type: "text/plain" }));
    link.download = `consortium-${this.address.slice(2, 10)}.key`;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
