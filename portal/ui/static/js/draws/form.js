/**
 * What documents of a draw look like: names, types and bounds of everything in a transcript.
 *
 * transcriptProblem(value), configProblem(value), listProblem(value) → null, or a sentence that names the
 * place, such as `config.threshold: not a whole number from 2 to 8`. Which values belong together is for
 * the other checks.
 */

import { inEnglish, say } from "./sentences.js";

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{6}Z$/;
const LIMIT = 0xffff_ffff;
const REASONS = [
  "list_error", "late_reveal", "bad_shares", "equipment", "force_majeure", "organiser_request",
];

class Misshapen extends Error {
  constructor(place, reason) {
    const sentence = say`${place || "document"}: ${reason}`;
    super(inEnglish(sentence));
    this.sentence = sentence;
  }
}

// A shape is called with a value and its place in the document, and throws Misshapen.
const check = (right, reason) => (value, place) => {
  if (!right(value)) throw new Misshapen(place, reason);
};
const match = (pattern) => {
  const expression = new RegExp(`^(?:${pattern})$`);
  return check((v) => typeof v === "string" && expression.test(v), say`not of the form ${pattern}`);
};
const hexa = (size) => match(`[0-9a-f]{${2 * size}}`);
const whole = (least, most) =>
  check((v) => Number.isSafeInteger(v) && v >= least && v <= most, say`not a whole number from ${least} to ${most}`);
const one = (...values) => check((v) => values.includes(v), say`not one of ${values.join(", ")}`);
const CONTROL = /[\p{Cc}\p{Cs}]/u;
/** Characters are code points; line breaks only where `lines`. */
const text = (least, most, lines = false) => check((v) => {
  const length = typeof v === "string" ? [...v].length : -1;
  return length >= least && length <= most && !CONTROL.test(lines ? v.replaceAll("\n", "") : v);
}, say`not text of ${least} to ${most} characters`);
const list = (shape, least = 0, most = LIMIT) => (value, place) => {
  const right = Array.isArray(value) && value.length >= least && value.length <= most;
  if (!right) throw new Misshapen(place, say`not a list of ${least} to ${most}`);
  value.forEach((each, i) => shape(each, `${place}[${i}]`));
};
const either = (first, second) => (value, place) => {
  try {
    first(value, place);
  } catch {
    second(value, place);
  }
};
const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v);
/** Exactly these members; a name that ends in "?" may be missing. */
const object = (members) => {
  const known = new Map(Object.entries(members).map(([name, shape]) => [name.replace("?", ""), shape]));
  const needed = Object.keys(members).filter((name) => !name.endsWith("?"));
  return (value, place) => {
    if (!isObject(value)) throw new Misshapen(place, say`not an object`);
    const odd = Object.keys(value).filter((name) => !known.has(name))
      .concat(needed.filter((name) => !Object.hasOwn(value, name))).sort();
    if (odd.length) throw new Misshapen(place, say`'${odd[0].slice(0, 58)}' is unknown or missing`);
    for (const [name, item] of Object.entries(value)) known.get(name)(item, place ? `${place}.${name}` : name);
  };
};

/** Whether the text is a time of the calendar in the one spelling of draws. */
export const isTime = (value) => {
  if (!TIME.test(value) || value.startsWith("0000")) return false;
  const date = new Date(`${value.slice(0, 19)}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === value.slice(0, 19);
};

const yes = check((v) => typeof v === "boolean", say`not true or false`);
const time = check((v) => typeof v === "string" && isTime(v), say`not a time such as 2026-11-21T14:31:29.000000Z`);
const maybe = (shape) => either(check((v) => v === null, say`not null`), shape);
const hash = hexa(32);
const anything = check(isObject, say`not an object`);
const position = whole(0, LIMIT);
const party = match("[a-z0-9-]{1,32}");
const uuid = match("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

// --- config ---------------------------------------------------------------------------------
const languages = (most, lines) => object({ en: text(0, most, lines), zh: text(0, most, lines) });
const pool = match("[A-Za-z0-9_-]{1,16}");
const CONFIG = object({
  schema: one("notary/draw-config/v1"), algorithm: one("LOT-1"), draw: uuid, rehearsal: yes,
  title: languages(200), organiser: text(1, 200), rules: languages(20_000, true), columns: list(text(1, 100), 0, 8),
  pools: list(object({ id: pool, name: languages(200) }), 1, 64),
  stages: list(object({
    name: languages(200), pools: list(pool, 1, 64), winners: either(one("all"), whole(1, LIMIT)),
    alternates: whole(0, LIMIT), repeat: yes, unfilled: one("refuse", "leave", "carry"),
  }), 1, 64),
  max_weight: whole(1, 10_000),
  parties: list(object({
    id: party, role: one("organiser", "notary", "portal", "public"), name: text(1, 200), key: hash, box: hash,
  }), 3, 9),
  threshold: whole(2, 8),
  randomness: object({
    public: list(one("dice", "drand"), 1, 2),
    "dice?": object({ minimum: whole(50, 1000) }),
    "drand?": object({
      chain_hash: hash, public_key: hexa(96), genesis_time: whole(1, 2 ** 40), period: whole(1, 3600),
      scheme: one("bls-unchained-g1-rfc9380"), rounds: list(whole(1, 2 ** 40), 1, 2),
    }),
  }),
  schedule: object({ announced_at: time, draw_at: time }),
  void_reasons: list(one(...REASONS), 1, REASONS.length), attempts: whole(1, 2),
  audit: object({ sample: whole(0, 10_000) }),
});
const LIST = object({
  count: whole(1, LIMIT), list_root: hash, leaves_sha256: hash, file_sha256: hash,
  file_bytes: whole(1, 2 ** 50),
  columns: object({ id: text(1, 100), pool: maybe(text(1, 100)), weight: maybe(text(1, 100)), public: list(text(1, 100), 0, 8) }),
  id_kind: one("text", "prc-id"),
  pools: list(object({
    id: pool, start: position, end: position, weights: list(list(whole(1, LIMIT), 2, 2), 1, 10_000),
  }), 1, 64),
  tickets: whole(1, LIMIT),
  duplicates: object({ policy: one("refuse", "first"), found: whole(0, LIMIT) }),
  keys: object({ organiser: hash, notary: hash }),
});

// --- steps ----------------------------------------------------------------------------------
const nothing = object({});
const positions = maybe(list(position, 0, 200_000));
const BODIES = {
  config: object({ config: anything, config_hash: hash }),
  list: object({ list: anything, draw_hash: hash }),
  commit: nothing, shares: nothing, acknowledge: nothing, open: nothing, dice: nothing, reveal: nothing,
  recover: object({ dealer: party, secret: hash }),
  beacon: object({ round: whole(1, 2 ** 40), signature: hexa(48), randomness: hash }),
  seed: object({ seed: hash, public: match("([0-9a-f]{64}){1,2}") }),
  result: object({
    stage: whole(1, 64), places: whole(0, 2 ** 40), winners: positions, alternates: positions,
    winner_count: whole(0, LIMIT), alternate_count: whole(0, LIMIT), unfilled: whole(0, 2 ** 40),
    positions_sha256: hash,
  }),
  final: object({ seed: hash, stages: whole(1, 64), results_sha256: hash }),
  void: object({ reason: one(...REASONS), note: text(0, 2000, true), head: hash, results_sha256: maybe(hash) }),
  audit: object({
    positions: list(position, 0, 10_000),
    findings: list(object({
      position, finding: one("genuine", "ghost", "unclear"), note: text(0, 2000, true),
    }), 0, 10_000),
  }),
};
const head = {
  schema: one("notary/draw-statement/v1"), draw: uuid, attempt: whole(0, 2), party: party, at: time,
};
const drawn = { ...head, draw_hash: hash };
const STATEMENTS = {
  config: { ...head, config_hash: hash },
  list: { ...drawn, config_hash: hash, list_root: hash, list_sha256: hash, count: whole(1, LIMIT) },
  commit: { ...drawn, commitment: hash, points: list(hash, 2, 8) },
  shares: { ...drawn, shares: list(object({ holder: party, ephemeral: hash, sealed: hexa(48) }), 2, 8) },
  acknowledge: { ...drawn, dealers: list(party, 2, 8) },
  open: { ...drawn, present: list(text(1, 200), 1, 50) },
  dice: { ...drawn, dice: text(0, 10_000) },
  reveal: { ...drawn, secret: hash },
  share: { ...drawn, dealer: party, share: hash },
  void: { ...head, reason: one(...REASONS), note: text(0, 2000, true), head: hash },
  audit: { ...head, results_sha256: hash, findings_sha256: hash },
};
/** The statements that a step of each type carries: their type, how many at least and at most. */
const CARRIED = {
  list: ["list", 2, 2], recover: ["share", 2, 8], void: ["void", 2, 2],
  beacon: ["open", 0, 0], seed: ["open", 0, 0], result: ["open", 0, 0], final: ["open", 0, 0],
};
const signed = (type) => object({
  party, statement: object({ ...STATEMENTS[type], type: one(type) }), signature: hexa(64),
});
const STEPS = new Map(Object.keys(BODIES).map((type) => {
  const [carried, least, most] = CARRIED[type] || [type, 1, 1];
  return [type, object({
    schema: one("notary/draw-step/v1"), draw: uuid, n: whole(0, 10_000), attempt: whole(0, 2), type: one(type),
    at: time, prev: hash, body: BODIES[type], statements: list(signed(carried), least, most), signature: hexa(64),
  })];
}));
const step = (value, place) => {
  if (!isObject(value) || !STEPS.has(value.type)) throw new Misshapen(place, say`not a step of a known type`);
  STEPS.get(value.type)(value, place);
};
const TRANSCRIPT = object({ schema: one("notary/draw/v1"), steps: list(step, 1, 10_000) });

const problem = (shape, place) => (value) => {
  try {
    shape(value, place);
    return null;
  } catch (found) {
    if (found instanceof Misshapen) return found.sentence;
    throw found;
  }
};

/** @param {*} value of canonical.parse @returns {object|null} a sentence of sentences.js */
export const transcriptProblem = problem(TRANSCRIPT, "");
export const configProblem = problem(CONFIG, "config");
export const listProblem = problem(LIST, "list");
