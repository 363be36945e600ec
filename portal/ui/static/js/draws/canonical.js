/**
 * RFC 8785 for what draws are made of: objects, lists, text, whole numbers, true, false, null.
 *
 * canonical(value) → bytes; canonicalText(value) → text; parse(bytes) → value, only when the bytes
 * are the canonical form of what they say (so there is one spelling of every document).
 */
import { equal, utf8 } from "./bytes.js";

const LONE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DEPTH = 32;

/**
 * @param {*} value
 * @returns {string}
 * @throws {TypeError} the value has no canonical form here: fractions, numbers beyond 2⁵³−1, lone
 *   surrogates, undefined
 */
export const canonicalText = (value, depth = 0) => {
  if (depth > DEPTH) throw new TypeError("nested too deeply");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return integer(value);
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) {
    return `[${value.map((each) => canonicalText(each, depth + 1)).join(",")}]`;
  }
  if (typeof value !== "object") throw new TypeError(`${typeof value} has no canonical form`);
  // §3.2.3: names sorted by their UTF-16 code units, which is how scripts compare text
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${text(name)}:${canonicalText(value[name], depth + 1)}`).join(",")}}`;
};

const integer = (value) => {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a whole number`);
  return String(value);
};

// §3.2.2.2 escapes exactly what JSON.stringify escapes, except that lone surrogates are refused.
const text = (value) => {
  if (LONE.test(value)) throw new TypeError("text with half a character");
  return JSON.stringify(value);
};

/** @param {*} value @returns {Uint8Array} */
export const canonical = (value) => utf8(canonicalText(value));

/**
 * @param {Uint8Array} bytes
 * @returns {*}
 * @throws {TypeError|SyntaxError} not JSON, or JSON spelt in another way than the canonical one
 */
export const parse = (bytes) => {
  const value = JSON.parse(DECODER.decode(bytes));
  if (!equal(canonical(value), bytes)) throw new TypeError("not in canonical form");
  return value;
};
