/**
 * What documents of a draw look like: names, types and bounds of everything in a transcript.
 *
 * shapeProblem(transcript), configShapeProblem(config), listShapeProblem(list) → "" or one clause that
 * names the place, such as `steps[4].statements[0].statement.points[1]: not 32 bytes in lower-case
 * hexadecimal`. Which values belong together is for the other checks.
 */

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{6}Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LIMIT = 0xffff_ffff;
export const TYPES = [
  "config", "list", "commit", "shares", "acknowledge", "open", "dice", "reveal", "recover", "beacon",
  "seed", "result", "final", "void", "audit",
];
export const REASONS = [
  "list_error", "late_reveal", "bad_shares", "equipment", "force_majeure", "organiser_request",
];

class Misshapen extends Error {
  constructor(place, text) {
    super(`${place || "document"}: ${text}`);
  }
}

const check = (right, text) => (value, place) => {
  if (!right(value)) throw new Misshapen(place, text);
};
const match = (pattern) => check((v) => typeof v === "string" && pattern.test(v), `not of the form ${pattern.source}`);
const CONTROL = /[\p{Cc}\p{Cs}]/u;
/** Characters are code points; line breaks only where `lines`. */
const text = (least, most, lines = false) => (value, place) => {
  const length = typeof value === "string" ? [...value].length : -1;
  if (length < least || length > most) throw new Misshapen(place, `not text of ${least} to ${most} characters`);
  if (CONTROL.test(lines ? value.replaceAll("\n", "") : value)) throw new Misshapen(place, "holds control characters");
};
const hexa = (bytes) => check(
  (v) => typeof v === "string" && v.length === 2 * bytes && /^[0-9a-f]*$/.test(v),
  `not ${bytes} bytes in lower-case hexadecimal`,
);
const whole = (least, greatest) =>
  check((v) => Number.isSafeInteger(v) && v >= least && v <= greatest, `not a whole number from ${least} to ${greatest}`);
const one = (...values) => check((v) => values.includes(v), `not one of ${values.join(", ")}`);
const yes = check((v) => typeof v === "boolean", "not true or false");
const time = check((v) => typeof v === "string" && isTime(v), "not a time such as 2026-11-21T14:31:29.000000Z");
const maybe = (shape) => (value, place) => { if (value !== null) shape(value, place); };
const either = (first, second) => (value, place) => {
  try {
    first(value, place);
  } catch {
    second(value, place);
  }
};
const list = (shape, least = 0, most = LIMIT) => (value, place) => {
  if (!Array.isArray(value)) throw new Misshapen(place, "not a list");
  if (value.length < least || value.length > most) throw new Misshapen(place, `not ${least} to ${most} items`);
  value.forEach((each, i) => shape(each, `${place}[${i}]`));
};
/** Exactly these members; names that end in "?" may be missing. */
const object = (members) => {
  const names = Object.keys(members).map((name) => [name.replace("?", ""), name.endsWith("?"), members[name]]);
  return (value, place) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Misshapen(place, "not an object");
    const known = new Set(names.map(([name]) => name));
    for (const name of Object.keys(value)) {
      if (!known.has(name)) throw new Misshapen(place, `has an unknown member ${JSON.stringify(name)}`);
    }
    for (const [name, optional, shape] of names) {
      if (Object.hasOwn(value, name)) shape(value[name], place ? `${place}.${name}` : name);
      else if (!optional) throw new Misshapen(place, `has no member "${name}"`);
    }
  };
};

/** Whether the text is a time of the calendar in the one spelling of draws. */
export const isTime = (value) => {
  const parts = TIME.exec(value);
  if (!parts) return false;
  const date = new Date(`${value.slice(0, 19)}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === value.slice(0, 19);
};

const position = whole(0, LIMIT);
const party = match(/^[a-z0-9-]{1,32}$/);
const uuid = match(UUID);
const anything = check((v) => v !== null && typeof v === "object" && !Array.isArray(v), "not an object");

// --- config ---------------------------------------------------------------------------------
const languages = (most, lines) => object({ en: text(0, most, lines), zh: text(0, most, lines) });
const pool = match(/^[A-Za-z0-9_-]{1,16}$/);
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
    id: party, role: one("organiser", "notary", "portal", "public"), name: text(1, 200), key: hexa(32), box: hexa(32),
  }), 3, 9),
  threshold: whole(2, 8),
  randomness: object({
    public: list(one("dice", "drand"), 1, 2),
    "dice?": object({ minimum: whole(50, 1000) }),
    "drand?": object({
      chain_hash: hexa(32), public_key: hexa(96), genesis_time: whole(1, 2 ** 40), period: whole(1, 3600),
      scheme: one("bls-unchained-g1-rfc9380"), rounds: list(whole(1, 2 ** 40), 1, 2),
    }),
  }),
  schedule: object({ announced_at: time, draw_at: time }),
  void_reasons: list(one(...REASONS), 1, REASONS.length), attempts: whole(1, 2),
  audit: object({ sample: whole(0, 10_000) }),
});
const LIST = object({
  count: whole(1, LIMIT), list_root: hexa(32), leaves_sha256: hexa(32), file_sha256: hexa(32),
  file_bytes: whole(1, 2 ** 50),
  columns: object({ id: text(1, 100), pool: maybe(text(1, 100)), weight: maybe(text(1, 100)), public: list(text(1, 100), 0, 8) }),
  id_kind: one("text", "prc-id"),
  pools: list(object({
    id: pool, start: position, end: position, weights: list(list(whole(1, LIMIT), 2, 2), 1, 10_000),
  }), 1, 64),
  tickets: whole(1, LIMIT),
  duplicates: object({ policy: one("refuse", "first"), found: whole(0, LIMIT) }),
  keys: object({ organiser: hexa(32), notary: hexa(32) }),
});

// --- steps ----------------------------------------------------------------------------------
const nothing = object({});
const positions = maybe(list(position, 0, 200_000));
const BODIES = {
  config: object({ config: anything, config_hash: hexa(32) }),
  list: object({ list: anything, draw_hash: hexa(32) }),
  commit: nothing, shares: nothing, acknowledge: nothing, open: nothing, dice: nothing, reveal: nothing,
  recover: object({ dealer: party, secret: hexa(32) }),
  beacon: object({ round: whole(1, 2 ** 40), signature: hexa(48), randomness: hexa(32) }),
  seed: object({ seed: hexa(32), public: match(/^(?:[0-9a-f]{64}){1,2}$/) }),
  result: object({
    stage: whole(1, 64), places: whole(0, 2 ** 40), winners: positions, alternates: positions,
    winner_count: whole(0, LIMIT), alternate_count: whole(0, LIMIT), unfilled: whole(0, 2 ** 40),
    positions_sha256: hexa(32),
  }),
  final: object({ seed: hexa(32), stages: whole(1, 64), results_sha256: hexa(32) }),
  void: object({ reason: one(...REASONS), note: text(0, 2000, true), head: hexa(32), results_sha256: maybe(hexa(32)) }),
  audit: object({
    positions: list(position, 0, 100_000),
    findings: list(object({
      position, finding: one("genuine", "ghost", "unclear"), note: text(0, 2000, true),
    }), 0, 100_000),
  }),
};
const head = {
  schema: one("notary/draw-statement/v1"), draw: uuid, attempt: whole(0, 2), party: party, at: time,
};
const drawn = { ...head, draw_hash: hexa(32) };
const STATEMENTS = {
  config: { ...head, config_hash: hexa(32) },
  list: { ...drawn, config_hash: hexa(32), list_root: hexa(32), count: whole(1, LIMIT) },
  commit: { ...drawn, commitment: hexa(32), points: list(hexa(32), 2, 8) },
  shares: { ...drawn, shares: list(object({ holder: party, ephemeral: hexa(32), sealed: hexa(48) }), 2, 8) },
  acknowledge: { ...drawn, dealers: list(party, 2, 8) },
  open: { ...drawn, present: list(text(1, 200), 1, 50) },
  dice: { ...drawn, dice: text(0, 10_000) },
  reveal: { ...drawn, secret: hexa(32) },
  share: { ...drawn, dealer: party, share: hexa(32) },
  void: { ...head, reason: one(...REASONS), note: text(0, 2000, true), head: hexa(32) },
  audit: { ...head, results_sha256: hexa(32), findings_sha256: hexa(32) },
};
/** Which statements belong to which step is for the other checks. */
const said = (value, place) => {
  const known = value !== null && typeof value === "object" && Object.hasOwn(STATEMENTS, String(value.type));
  if (!known) throw new Misshapen(place, "not a statement of a known type");
  object({ ...STATEMENTS[value.type], type: one(value.type) })(value, place);
};
const signed = object({ party, signature: hexa(64), statement: said });
const STEPS = Object.fromEntries(TYPES.map((type) => [type, object({
  schema: one("notary/draw-step/v1"), draw: uuid, n: whole(0, 10_000), attempt: whole(0, 2), type: one(type),
  at: time, prev: hexa(32), body: BODIES[type], statements: list(signed, 0, 9), signature: hexa(64),
})]));
const step = (value, place) => {
  const known = value !== null && typeof value === "object" && Object.hasOwn(STEPS, String(value.type));
  if (!known) throw new Misshapen(place, "not a step of a known type");
  STEPS[value.type](value, place);
};
const transcript = object({ schema: one("notary/draw/v1"), steps: list(step, 1, 10_000) });

const problem = (shape) => (value) => {
  try {
    shape(value, "");
    return "";
  } catch (found) {
    if (found instanceof Misshapen) return found.message;
    throw found;
  }
};

/** @param {*} value of canonical.parse @returns {string} empty when all is as it should be */
export const shapeProblem = problem(transcript);
export const configShapeProblem = problem(CONFIG);
export const listShapeProblem = problem(LIST);
