/**
 * The verification of a draw's transcript, check by check, as lottery/verifier.py does it.
 *
 * verify(bytes, options) → {outcome, rehearsal, draw, title, head, config_hash, draw_hash,
 *   checks: [{number, key, title, outcome, detail, sentence}]}
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
import { transcriptProblem } from "./form.js";
import * as record from "./verify-record.js";
import * as secrets from "./verify-secrets.js";
import * as results from "./verify-results.js";
import { Absent, Failed, Undecided } from "./verdicts.js";

/** Key, title and act of every check, in order. */
const ACTS = [
  ["form", "The transcript has the form it should have", null],
  ["chain", "Every step names the one before it", record.chain],
  ["step_signatures", "Every step and statement is signed", record.signatures],
  ["config", "The rules are the ones that were signed", record.config],
  ["list", "Organiser and notary signed the list", record.list],
  ["order", "The steps come in the order of the protocol", record.order],
  ["commitments", "Every party committed to its secret, freshly", secrets.commitments],
  ["shares", "Shares were dealt and acknowledged before the draw was opened", secrets.shares],
  ["dice", "The dice came before any secret was revealed", secrets.dice],
  ["reveals", "Every revealed secret is the one committed to", secrets.reveals],
  ["recoveries", "Withheld secrets were recovered from their shares", secrets.recoveries],
  ["deadline", "Every secret was known a minute before the beacon", secrets.deadline],
  ["beacon", "The beacon is of the chain and the round agreed on", secrets.beacon],
  ["beacon_signature", "The beacon's signature holds", secrets.beaconSignature],
  ["seed", "The seed of the draw follows from all of them", secrets.seed],
  ["winners", "The winners follow from the seed", results.winners],
  ["alternates", "The alternates follow from the seed", results.alternates],
  ["final", "The record ends with these results", results.final],
  ["voids", "Voided attempts have their reason and two signatures", results.voids],
  ["attempts", "There were no more attempts than allowed, and none is hidden", results.attempts],
  ["audit", "The audited sample follows from the seed", results.audit],
  ["leaves", "The published hashes of all entries make the list's root", results.leaves],
];
/** [{number, key, title}] of all checks. */
export const CHECKS = ACTS.map(([key, title], i) => ({ number: i + 1, key, title }));

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
  decided(0, problem ? "failed" : "passed", problem || "");
  for (let i = 1; i < ACTS.length; i += 1) {
    const progress = (done, total) => tell({ ...CHECKS[i], done, total });
    const broken = checks.some((check) => check.outcome === "failed");
    decided(i, ...(await judged(ACTS[i][2], draw, { ...options, progress }, broken)));
  }
  return { ...summary(draw), outcome: overall(checks), checks };
};

const judged = async (act, draw, options, broken) => {
  if (!draw) return ["undecided", say`the document cannot be read`];
  try {
    return ["passed", (await act(draw, options)) || ""];
  } catch (reason) {
    if (reason instanceof Failed) return ["failed", reason.sentence];
    if (reason instanceof Undecided) return ["undecided", reason.sentence];
    if (reason instanceof Absent) return ["absent", ""];
    // What an earlier check refused may stand in the way of a later one; nothing else may.
    if (broken) return ["undecided", say`cannot be decided after what failed before`];
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
    return { draw: null, problem: say`the document is not RFC 8785 JSON of itself` };
  }
  const problem = transcriptProblem(document);
  if (problem) return { draw: null, problem };
  if (document.steps[0].type !== "config") {
    return { draw: null, problem: say`steps[0]: the first step is not the config` };
  }
  return { draw: gathered(document.steps), problem: null };
};

/** The steps by attempt and type; of what stands there twice the first counts (order says so). */
const gathered = (steps) => {
  const draw = { steps, config: steps[0].body.config, list: null, attempts: new Map(), drawn: null };
  draw.hashes = steps.map((step) => hex(sha256(canonical(step))));
  draw.listed = steps.find((step) => step.type === "list");
  if (draw.listed) draw.list = draw.listed.body.list;
  for (const step of steps) {
    if (step.type === "config" || step.type === "list") continue;
    if (!draw.attempts.has(step.attempt)) draw.attempts.set(step.attempt, blank(step.attempt));
    place(draw.attempts.get(step.attempt), step);
  }
  return draw;
};

const blank = (number) => ({
  number, commits: new Map(), shares: new Map(), acknowledged: new Map(), reveals: new Map(),
  results: [], open: null, dice: null, beacon: null, seed: null, final: null, audit: null, void: null,
});

const EACH = { commit: "commits", shares: "shares", acknowledge: "acknowledged", reveal: "reveals", recover: "reveals" };
const place = (attempt, step) => {
  const { type } = step;
  const each = EACH[type];
  const who = each && (type === "recover" ? step.body.dealer : step.statements[0].statement.party);
  if (type === "result") attempt.results.push(step);
  else if (!each) attempt[type] ||= step;
  else if (!attempt[each].has(who)) attempt[each].set(who, step);
};

const summary = (draw) => {
  if (!draw) return { rehearsal: false, draw: "", title: "", head: "", config_hash: "", draw_hash: "" };
  const { steps: [first], config, hashes, listed } = draw;
  const { en, zh } = config.title || {};
  return {
    // What does not say clearly that it is a real draw is none.
    rehearsal: config.rehearsal !== false,
    draw: first.draw,
    title: [en, zh].find((one) => typeof one === "string" && one) || "",
    head: hashes[hashes.length - 1],
    config_hash: first.body.config_hash,
    draw_hash: listed ? listed.body.draw_hash : "",
  };
};
