/**
 * Bytes and numbers, as the protocol of draws writes them.
 *
 * utf8(text), hex(bytes), unhex(text, length?), concat(...parts), u32(n), u64(n), equal(a, b),
 * toInteger(bytes) and fromInteger(n, length): big-endian.
 */

const ENCODER = new TextEncoder();
const DIGITS = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));
const HEX = /^(?:[0-9a-f]{2})*$/;

/** @param {string} text @returns {Uint8Array} */
export const utf8 = (text) => ENCODER.encode(text);

/** @param {Uint8Array} bytes @returns {string} lower case */
export const hex = (bytes) => {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte];
  return text;
};

/**
 * @param {string} text lower-case hexadecimal digits
 * @param {number} [length] how many bytes there have to be
 * @returns {Uint8Array}
 * @throws {TypeError} anything else
 */
export const unhex = (text, length) => {
  if (typeof text !== "string" || !HEX.test(text)) throw new TypeError("not lower-case hexadecimal");
  if (length !== undefined && text.length !== 2 * length) throw new TypeError(`not ${length} bytes`);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
};

/** @param {...Uint8Array} parts @returns {Uint8Array} */
export const concat = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** @param {number} n 0 … 2³²−1 */
export const u32 = (n) => new Uint8Array([n >>> 24, n >>> 16, n >>> 8, n]);

/** @param {number} n 0 … 2⁵³−1 */
export const u64 = (n) => concat(u32(Math.floor(n / 0x1_0000_0000)), u32(n % 0x1_0000_0000));

/** @param {Uint8Array} a @param {Uint8Array} b */
export const equal = (a, b) => {
  if (a.length !== b.length) return false;
  let different = 0;
  for (let i = 0; i < a.length; i += 1) different |= a[i] ^ b[i];
  return different === 0;
};

/** @param {Uint8Array} bytes big-endian @returns {bigint} */
export const toInteger = (bytes) => (bytes.length ? BigInt(`0x${hex(bytes)}`) : 0n);

/** @param {bigint} n @param {number} length @returns {Uint8Array} big-endian */
export const fromInteger = (n, length) => unhex(n.toString(16).padStart(2 * length, "0"), length);
