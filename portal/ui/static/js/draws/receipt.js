/**
 * A participant's own entry: the number as it is compared, and the receipt as it is checked.
 *
 * canonicalId(text, kind) → text · lookupOf(draw, id) → hex: what is asked about instead of the id ·
 * checkReceipt(receipt, {draw, list}) → {position, pool, weight, values} · readReceipt(text) → receipt.
 * Refusals are ReceiptError with a code:
 *   id-missing id-long id-form id-check control     (canonicalId)
 *   damaged wrongDraw wrongList wrongEntry wrongProof (receipts)
 */
import { concat, equal, hex, u64, unhex, utf8 } from "./bytes.js";
import { sha256, tagged } from "./crypto.js";
import { rootOfPath } from "./merkle.js";

/** `code` chooses the page's sentence. */
export class ReceiptError extends Error {
  constructor(code) {
    super(code);
    this.name = "ReceiptError";
    this.code = code;
  }
}

// White space of Unicode, and characters of no width that come along when text is copied.
const WHITE = new RegExp(
  "[\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\u200b-\\u200d\\u2060\\ufeff]+", "g",
);
const DASHES = /[\u2010-\u2015\u2043\u2212]/g;
const FORBIDDEN = new RegExp(
  "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufffe\\uffff\\ud800-\\udfff]", "u",
);
const RESIDENT = /^(?:[0-9]{17}[0-9X]|[0-9]{15})$/;
const FACTORS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/**
 * The one spelling of an id: NFKC, white space removed, dashes as "-", upper case; of kind "prc-id"
 * with 18 characters, the last of which has to be right (GB 11643-1999).
 * @param {string} text @param {"text"|"prc-id"} kind
 */
export const canonicalId = (text, kind = "text") => {
  let id = text.normalize("NFKC").replace(WHITE, "").replace(DASHES, "-").toUpperCase();
  if (!id) throw new ReceiptError("id-missing");
  if (FORBIDDEN.test(id)) throw new ReceiptError("control");
  if (kind === "prc-id") id = resident(id);
  if (utf8(id).length > 128) throw new ReceiptError("id-long");
  return id;
};

const resident = (id) => {
  if (!RESIDENT.test(id)) throw new ReceiptError("id-form");
  if (id.length === 15) {
    const longer = `${id.slice(0, 6)}19${id.slice(6)}`;
    return longer + lastCharacter(longer);
  }
  if (lastCharacter(id) !== id[17]) throw new ReceiptError("id-check");
  return id;
};

/** ISO 7064, MOD 11-2. */
const lastCharacter = (digits) =>
  "10X98765432"[FACTORS.reduce((sum, factor, i) => sum + factor * Number(digits[i]), 0) % 11];

/** The id never leaves the browser; this digest does. @returns {string} hex */
export const lookupOf = (draw, id) => hex(tagged("lookup", utf8(draw), utf8(id)));

/** A leaf of the list: SHA-256 of 0x00, position, salt, tag and the fields. */
export const leafOf = (position, salt, tag, fields) =>
  sha256(concat(new Uint8Array([0]), u64(position), salt, tag, utf8(fields.join("\x1f"))));

/** @param {string} text of a receipt file or of a QR code */
export const readReceipt = (text) => {
  try {
    const receipt = JSON.parse(text.replace(/^\uFEFF/, ""));
    const { schema, draw, position, count, list_root: root, salt, tag, fields, path } = receipt;
    const right = schema === "notary/draw-receipt/v1" && typeof draw === "string"
      && [position, count].every((n) => Number.isSafeInteger(n) && n >= 0)
      && Array.isArray(fields) && fields.length >= 2 && fields.every((one) => typeof one === "string")
      && !fields.some((one) => one.includes("\x1f")) && Array.isArray(path) && path.length <= 64;
    if (!right) throw new TypeError("not a receipt");
    unhex(root, 32);
    unhex(salt, 16);
    unhex(tag, 32);
    path.forEach((node) => unhex(node, 32));
    return receipt;
  } catch {
    throw new ReceiptError("damaged");
  }
};

/**
 * Whether a receipt of {@link readReceipt} is of this list: its leaf is hashed again and the path
 * followed to the list's root.
 * @param {object} receipt
 * @param {{draw: string, list: {count: number, list_root: string, pools: Array, columns?: object}}} of
 */
export const checkReceipt = (receipt, { draw, list }) => {
  const { position, count, salt, tag, fields, path } = receipt;
  if (receipt.draw !== draw) throw new ReceiptError("wrongDraw");
  if (receipt.list_root !== list.list_root || count !== list.count) throw new ReceiptError("wrongList");
  const [pool, weight, ...values] = fields;
  if (weightAt(list, position, pool) !== weight) throw new ReceiptError("wrongEntry");
  const leaf = leafOf(position, unhex(salt, 16), unhex(tag, 32), fields);
  const root = rootOfPath(leaf, position, count, path.map((node) => unhex(node, 32)));
  if (!root || !equal(root, unhex(list.list_root, 32))) throw new ReceiptError("wrongProof");
  return { position, pool, weight: Number(weight), values };
};

/** What the list says an entry of the pool at this position weighs, as text; "" when none lies there. */
const weightAt = (list, position, id) => {
  const pool = list.pools.find((one) => one.id === id);
  if (!pool || position < pool.start || position >= pool.end) return "";
  let end = pool.start;
  for (const [weight, count] of pool.weights) {
    end += count;
    if (position < end) return String(weight);
  }
  return "";
};
