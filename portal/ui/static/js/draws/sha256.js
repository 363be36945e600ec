/**
 * SHA-256 (FIPS 180-4) on words, for inputs of one or two blocks hashed by the million.
 *
 * compress(state, block): one step, both Int32Array (8 and 16 words), in place.
 * words(bytes) and bytesOf(words): big-endian. IV: the initial state.
 */
const K = new Int32Array(64);
/** Initial state, FIPS 180-4 §5.3.3. */
export const IV = new Int32Array(8);

// The constants are the first 32 bits of the fractions of cube and square roots of primes (§4.2.2).
{
  const fraction = (n) => ((n - Math.floor(n)) * 0x1_0000_0000) | 0;
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  primes.forEach((p, i) => {
    K[i] = fraction(Math.cbrt(p));
    if (i < 8) IV[i] = fraction(Math.sqrt(p));
  });
}

const W = new Int32Array(64);

/** @param {Int32Array} state 8 words, changed @param {Int32Array} block 16 words */
export const compress = (state, block) => {
  for (let i = 0; i < 16; i += 1) W[i] = block[i];
  for (let i = 16; i < 64; i += 1) {
    const x = W[i - 15];
    const y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3];
  let e = state[4], f = state[5], g = state[6], h = state[7];
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0;
    d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] = (state[0] + a) | 0; state[1] = (state[1] + b) | 0;
  state[2] = (state[2] + c) | 0; state[3] = (state[3] + d) | 0;
  state[4] = (state[4] + e) | 0; state[5] = (state[5] + f) | 0;
  state[6] = (state[6] + g) | 0; state[7] = (state[7] + h) | 0;
};

/** @param {Uint8Array} bytes a multiple of four @returns {Int32Array} */
export const words = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i));
};

/** @param {Int32Array} list @returns {Uint8Array} */
export const bytesOf = (list) => {
  const bytes = new Uint8Array(4 * list.length);
  const view = new DataView(bytes.buffer);
  list.forEach((word, i) => view.setInt32(4 * i, word));
  return bytes;
};
