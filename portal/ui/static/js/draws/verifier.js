/**
 * The verification of a draw's transcript, check by check, as lottery/verifier.py does it.
 *
 * verify(bytes, options) → {outcome, rehearsal, title, head, checks: [{number, key, outcome, detail,
 *   sentence}]}
 *   options.leaves   {size, read(from, to) → Promise<Uint8Array>}: the published file of leaves
 *   options.chain    a drand chain to be trusted instead of quicknet
 *   options.head     hex: SHA-256 of the last step, from a letter
 *   options.tell     called with each check when it is decided, and with {number, key, done, total}
 *                    while a long one runs
 * outcome of a check: "passed" | "failed" | "undecided" | "absent"; of all: "verified" | "refused" |
 * "undecided". `detail` is one English sentence that names the step, party, stage or position;
 * `sentence` is the same for sentences.js, which says it in Chinese, too.
 */
import { canonical, parse } from "./canonical.js";
import { sha256 } from "./crypto.js";
import { hex } from "./bytes.js";
import { inEnglish, say } from "./sentences.js";
import { shapeProblem } from "./form.js";
import * as record from "./verify-record.js";
import * as secrets from "./verify-secrets.js";
import * as results from "./verify-results.js";
import { Absent, Failed, Undecided } from "./verdicts.js";

/** Number, key and act of every check, in order. */
const ACTS = [
  ["form", null],
  ["chain", record.chain],
  ["step_signatures", record.signatures],
  ["config", record.config],
  ["list", record.list],
  ["order", record.order],
  ["commitments", secrets.commitments],
  ["shares", secrets.shares],
  ["dice", secrets.dice],
  ["reveals", secrets.reveals],
  ["recoveries", secrets.recoveries],
  ["deadline", secrets.deadline],
  ["beacon", secrets.beacon],
  ["beacon_signature", secrets.beaconSignature],
  ["seed", secrets.seed],
  ["winners", results.winners],
  ["alternates", results.alternates],
  ["final", results.final],
  ["voids", results.voids],
  ["attempts", results.attempts],
  ["audit", results.audit],
  ["leaves", results.leaves],
];
/** [{number, key}] of all checks. */
export const CHECKS = ACTS.map(([key], i) => ({ number: i + 1, key }));

/** @param {Uint8Array} bytes @param {object} [options] */
export const verify = async (bytes, options = {}) => {
  const tell = options.tell || (() => {});
  const checks = [];
  const decided = (index, outcome, sentence = "") => {
    const check = { ...CHECKS[index], outcome, sentence, detail: inEnglish(sentence) };
    checks.push(check);
    tell(check);
  };
  const { draw, problem } = read(bytes);
  decided(0, problem ? "failed" : "passed", problem);
  for (let i = 1; i < ACTS.length; i += 1) {
    const progress = (done, total) => tell({ ...CHECKS[i], done, total });
    const broken = checks.some((check) => check.outcome === "failed");
    decided(i, ...(await judged(ACTS[i][1], draw, { ...options, progress }, broken)));
  }
  return { ...summary(draw), outcome: overall(checks), checks };
};

const judged = async (act, draw, options, broken) => {
  if (!draw) return ["undecided", "the document cannot be read"];
  try {
    return ["passed", (await act(draw, options)) || ""];
  } catch (reason) {
    if (reason instanceof Failed) return ["failed", reason.sentence];
    if (reason instanceof Undecided) return ["undecided", reason.sentence];
    if (reason instanceof Absent) return ["absent", ""];
    // What an earlier check refused may stand in the way of a later one; nothing else may.
    if (broken) return ["undecided", "cannot be decided after what failed before"];
    return ["failed", say`could not be checked: ${reason.message}`];
  }
};

const overall = (checks) => {
  const outcomes = new Set(checks.map((check) => check.outcome));
  if (outcomes.has("failed")) return "refused";
  return outcomes.has("undecided") ? "undecided" : "verified";
};

const read = (bytes) => {
  let document;
  try {
    document = parse(bytes);
  } catch {
    return { draw: null, problem: "the document is not RFC 8785 JSON of itself" };
  }
  const problem = shapeProblem(document);
  if (problem) return { draw: null, problem };
  if (document.steps[0].type !== "config") return { draw: null, problem: "the first step is not the config" };
  return { draw: gathered(document.steps), problem: "" };
};

/** The steps by attempt and type; of what stands there twice the first counts (order says so). */
const gathered = (steps) => {
  const draw = { steps, config: steps[0].body.config, list: null, attempts: new Map(), voids: [] };
  draw.hashes = steps.map((step) => hex(sha256(canonical(step))));
  draw.listed = steps.find((step) => step.type === "list");
  if (draw.listed) draw.list = draw.listed.body.list;
  for (const step of steps) {
    if (step.type === "config" || step.type === "list") continue;
    if (!draw.attempts.has(step.attempt)) draw.attempts.set(step.attempt, blank(step.attempt));
    place(draw, draw.attempts.get(step.attempt), step);
  }
  return draw;
};

const blank = (number) => ({
  number, commits: new Map(), shares: new Map(), acknowledged: new Map(), reveals: new Map(),
  results: [], open: null, dice: null, beacon: null, seed: null, final: null, audit: null, void: null,
});

const EACH = { commit: "commits", shares: "shares", acknowledge: "acknowledged", reveal: "reveals", recover: "reveals" };
const place = (draw, attempt, step) => {
  const { type } = step;
  if (type === "result") attempt.results.push(step);
  else if (EACH[type]) {
    const who = type === "recover" ? step.body.dealer : step.statements[0]?.party;
    if (who && !attempt[EACH[type]].has(who)) attempt[EACH[type]].set(who, step);
  } else {
    if (!attempt[type]) attempt[type] = step;
    if (type === "void") draw.voids.push(step);
  }
};

const summary = (draw) => {
  if (!draw) return { rehearsal: false, title: null, head: null };
  const { rehearsal = false, title = null } = draw.config;
  return { rehearsal: rehearsal === true, title, head: draw.hashes[draw.hashes.length - 1] };
};
