/**
 * The arithmetic of draws: digests, signatures, sharing of secrets, sealed shares, beacons.
 *
 * Everything is synchronous but sealShare/openShare, which need WebCrypto (see secure()).
 *   secure()                                   WebCrypto is there (https or this computer itself)
 *   sha256(bytes), tagged(tag, ...parts), hkdf(secret, info, length)
 *   deriveKeys(master, draw)                   {sign, box, key, boxKey}; key and boxKey are public, hex
 *   sign(message, seed), verifySignature(message, signature, key)
 *   drawHash(configHash, listRoot, count)
 *   coefficients(master, drawHash, attempt, t) [bigint], a_0 is the secret
 *   commitmentOf(drawHash, attempt, party, secret)
 *   pointsOf(coefficients), shareFor(coefficients, place), pointProblem(bytes), boxProblem(bytes),
 *   shareFits(share, place, points),
 *   secretFits(secret, point), isScalar(bytes), recover(shares)
 *   sealShare(...), openShare(...)
 *   diceValue(digits), seedOf(...), verifyBeacon(...), beaconTime(drand, round)
 * Byte strings are Uint8Array, unless a name says hex.
 */
import { bls12_381 } from "../../vendor/noble/curves/bls12-381.js";
import { ed25519, x25519 } from "../../vendor/noble/curves/ed25519.js";
import { hkdf as nobleHkdf } from "../../vendor/noble/hashes/hkdf.js";
import { sha256 as nobleSha256, sha512 } from "../../vendor/noble/hashes/sha2.js";
import { concat, equal, fromInteger, hex, toInteger, u32, u64, unhex, utf8 } from "./bytes.js";

const { Point } = ed25519;
/** Order of the base point of edwards25519. */
export const ORDER = Point.Fn.ORDER;
const FIELD = 2n ** 255n - 19n;
const TAG = (name) => utf8(`lottery/${name}/v1\n`);

/** Whether WebCrypto is there: browsers keep it from pages that came over plain http. */
export const secure = () => Boolean(globalThis.crypto && globalThis.crypto.subtle);

/** @param {Uint8Array} bytes */
export const sha256 = (bytes) => nobleSha256(bytes);

/** SHA-256 of "lottery/<name>/v1\n" and the parts. */
export const tagged = (name, ...parts) => nobleSha256(concat(TAG(name), ...parts));

/** HKDF-SHA256 (RFC 5869) without salt. */
export const hkdf = (secret, info, length) =>
  nobleHkdf(nobleSha256, secret, new Uint8Array(0), info, length);

/** A new master secret of 32 bytes. */
export const newMaster = () => globalThis.crypto.getRandomValues(new Uint8Array(32));

/**
 * @param {Uint8Array} master 32 bytes
 * @param {string} draw id of the draw
 */
export const deriveKeys = (master, draw) => {
  const signing = hkdf(master, concat(TAG("sign"), utf8(draw)), 32);
  const box = hkdf(master, concat(TAG("box"), utf8(draw)), 32);
  return {
    sign: signing,
    box,
    key: hex(ed25519.getPublicKey(signing)),
    boxKey: hex(x25519.getPublicKey(box)),
  };
};

/** Ed25519 (RFC 8032 §5.1.6). */
export const sign = (message, seed) => ed25519.sign(message, seed);

/**
 * RFC 8032 §5.1.7, strictly and without the cofactor: the key canonical and of prime order, S below
 * the order, and what S·B − k·A encodes to is R byte for byte.
 */
export const verifySignature = (message, signature, key) => {
  if (signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  const s = little(signature.subarray(32));
  const a = pointOf(key);
  if (s >= ORDER || !a) return false;
  const k = little(sha512(concat(r, key, message))) % ORDER;
  return equal(times(Point.BASE, s).subtract(times(a, k)).toBytes(), r);
};

/** The point that the bytes are the one encoding of (RFC 8032 §5.1.3), of prime order; else null. */
const pointOf = (bytes) => read(bytes).point;

/** Why the bytes are no such point; "" when they are. @param {Uint8Array} bytes */
export const pointProblem = (bytes) => read(bytes).problem;

// A handful of keys signs everything in a draw.
const POINTS = new Map();
const read = (bytes) => {
  const name = hex(bytes);
  if (!POINTS.has(name)) {
    if (POINTS.size > 500) POINTS.clear();
    const { point, problem } = decoded(bytes);
    POINTS.set(name, { point: problem ? null : point, problem });
  }
  return POINTS.get(name);
};
const decoded = (bytes) => {
  const y = little(bytes) & (2n ** 255n - 1n);
  const odd = bytes[31] >>> 7 === 1;
  const twice = odd && (y === 1n || y === FIELD - 1n);
  if (bytes.length !== 32 || y >= FIELD || twice) return { problem: "not the canonical encoding of a point" };
  try {
    const point = Point.fromBytes(bytes);
    if (point.is0()) return { problem: "the identity" };
    return { point, problem: point.isTorsionFree() ? "" : "not in the prime-order group" };
  } catch {
    return { problem: "not on the curve" };
  }
};

const little = (bytes) => toInteger(bytes.slice().reverse());
const times = (point, n) => (n === 0n ? Point.ZERO : point.multiplyUnsafe(n));

/** @param {string} configHash hex @param {string} listRoot hex @param {number} count */
export const drawHash = (configHash, listRoot, count) =>
  tagged("draw", unhex(configHash, 32), unhex(listRoot, 32), u64(count));

// --- commitment and sharing ----------------------------------------------------------------

/** The polynomial of one party in one attempt: t numbers, the first is the secret. */
export const coefficients = (master, draw, attempt, threshold) =>
  Array.from({ length: threshold }, (_, j) => {
    const info = concat(TAG("coefficient"), draw, u32(attempt), u32(j));
    return 1n + (toInteger(hkdf(master, info, 64)) % (ORDER - 1n));
  });

/** 32 bytes big-endian of a number below {@link ORDER}. */
export const scalarBytes = (n) => fromInteger(n, 32);

/** Whether 32 bytes are a number from 1 to ORDER − 1. */
export const isScalar = (bytes) => {
  const n = toInteger(bytes);
  return bytes.length === 32 && n > 0n && n < ORDER;
};

export const commitmentOf = (draw, attempt, party, secret) =>
  tagged("commit", draw, u32(attempt), nobleSha256(utf8(party)), secret);

/** Feldman's points a_j·B, each 32 bytes. */
export const pointsOf = (numbers) => numbers.map((a) => Point.BASE.multiply(a).toBytes());

/** Why bytes may not be an X25519 key; "" when they may (RFC 7748 §6.1). */
export const boxProblem = (bytes) => {
  const number = little(bytes);
  if (bytes.length !== 32 || number >= FIELD) return "not canonical";
  return SMALL.has(number) ? "of small order" : "";
};
const SMALL = new Set([
  0n, 1n, FIELD - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);

/** f(place) of the polynomial, 32 bytes; places count from 1. */
export const shareFor = (numbers, place) =>
  scalarBytes(numbers.reduceRight((sum, a) => (sum * BigInt(place) + a) % ORDER, 0n));

/** Whether share·B = Σ place^j·C_j. */
export const shareFits = (share, place, points) => {
  const found = points.map(pointOf);
  if (!isScalar(share) || found.includes(null)) return false;
  const sum = found
    .reduceRight((total, point) => times(total, BigInt(place)).add(point), Point.ZERO);
  return times(Point.BASE, toInteger(share)).equals(sum);
};

/** Whether secret·B is the point that was committed to. */
export const secretFits = (secret, point) =>
  isScalar(secret) && equal(times(Point.BASE, toInteger(secret)).toBytes(), point);

/**
 * The secret from shares (Lagrange at 0).
 * @param {Array<[number, Uint8Array]>} shares places (different ones) and shares, t of them
 */
export const recover = (shares) => {
  let secret = 0n;
  for (const [i, share] of shares) {
    let factor = 1n;
    for (const [j] of shares) {
      if (j !== i) factor = (factor * BigInt(j) * inverse(BigInt(j - i))) % ORDER;
    }
    secret += toInteger(share) * factor;
  }
  return scalarBytes(((secret % ORDER) + ORDER) % ORDER);
};

const inverse = (n) => Point.Fn.inv(((n % ORDER) + ORDER) % ORDER);

// --- shares on their way to their holders ----------------------------------------------------

const sealing = async (shared, draw, attempt, dealer, holder, use) => {
  const info = concat(
    TAG("share"), draw, u32(attempt), nobleSha256(utf8(dealer)), nobleSha256(utf8(holder)),
  );
  const raw = hkdf(shared, info, 32);
  return globalThis.crypto.subtle.importKey("raw", raw, "AES-GCM", false, [use]);
};
// Every key seals one share and nothing else.
const ONCE = { name: "AES-GCM", iv: new Uint8Array(12) };

/**
 * @param {{share: Uint8Array, draw: Uint8Array, attempt: number, dealer: string, holder: string,
 *   box: string, secret: Uint8Array}} what box: the holder's public key, hex; secret: the dealer's
 *   ephemeral X25519 key
 * @returns {Promise<{holder: string, ephemeral: string, sealed: string}>}
 */
export const sealShare = async ({ share, draw, attempt, dealer, holder, box, secret }) => {
  const shared = x25519.getSharedSecret(secret, unhex(box, 32));
  const key = await sealing(shared, draw, attempt, dealer, holder, "encrypt");
  const sealed = await globalThis.crypto.subtle.encrypt(ONCE, key, share);
  return {
    holder,
    ephemeral: hex(x25519.getPublicKey(secret)),
    sealed: hex(new Uint8Array(sealed)),
  };
};

/**
 * @param {{entry: {ephemeral: string, sealed: string}, draw: Uint8Array, attempt: number,
 *   dealer: string, holder: string, box: Uint8Array}} what box: the holder's own X25519 key
 * @returns {Promise<Uint8Array|null>} the share, or null when it cannot be opened
 */
export const openShare = async ({ entry, draw, attempt, dealer, holder, box }) => {
  try {
    const shared = x25519.getSharedSecret(box, unhex(entry.ephemeral, 32));
    const key = await sealing(shared, draw, attempt, dealer, holder, "decrypt");
    const opened = await globalThis.crypto.subtle.decrypt(ONCE, key, unhex(entry.sealed, 48));
    return new Uint8Array(opened);
  } catch {
    return null;
  }
};

/** The ephemeral key for one holder: always the same, so a share sealed twice is the same bytes. */
export const ephemeralFor = (master, draw, attempt, holder) =>
  hkdf(master, concat(TAG("ephemeral"), draw, u32(attempt), nobleSha256(utf8(holder))), 32);

// --- public randomness -----------------------------------------------------------------------

/** @param {string} digits as rolled, 1 to 6 */
export const diceValue = (digits) => tagged("dice", utf8(digits));

/** S of an attempt; secrets and values in the order of the config. */
export const seedOf = (draw, attempt, secrets, values) =>
  tagged("seed", draw, u32(attempt), ...secrets, ...values);

/** When drand publishes a round, in seconds of Unix time. */
export const beaconTime = (drand, round) => drand.genesis_time + (round - 1) * drand.period;

const DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/**
 * Whether a beacon's signature is that of its round (scheme bls-unchained-g1-rfc9380: signatures on
 * G1, keys on G2, message SHA-256 of the round).
 * @param {number} round @param {Uint8Array} signature 48 bytes @param {Uint8Array} key 96 bytes
 */
export const verifyBeacon = (round, signature, key) => {
  if (signature.length !== 48 || key.length !== 96) return false;
  const { shortSignatures } = bls12_381;
  try {
    const message = shortSignatures.hash(nobleSha256(u64(round)), DST);
    return shortSignatures.verify(signature, message, key);
  } catch {
    return false;
  }
};
