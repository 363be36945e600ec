/** Checks 16 to 22: who was drawn, how the record ends, what was void, the audit, and the leaves. */
import { canonical } from "./canonical.js";
import { sha256 } from "./crypto.js";
import { concat, hex, unhex } from "./bytes.js";
import { Tree } from "./merkle.js";
import { auditKey, permutation, Selection } from "./selection.js";
import { sha256 as digest } from "../../vendor/noble/hashes/sha2.js";
import { say } from "./sentences.js";
import { Absent, Failed, need, Undecided } from "./verdicts.js";
import { at, only, partyOf } from "./verify-record.js";

const SHOWN = 200_000;
const attemptsOf = (draw) => [...draw.attempts.values()];

/** Every recorded stage beside the one computed from the recorded seed: [step, drawn]. */
const recomputed = (draw) => {
  if (draw.computed) return draw.computed;
  const pairs = [];
  for (const attempt of attemptsOf(draw)) {
    if (!attempt.results.length) continue;
    need(attempt.seed, say`attempt ${attempt.number} has results but no seed`);
    const selection = new Selection(draw.config, draw.list, unhex(attempt.seed.body.seed));
    for (const step of attempt.results) {
      need(selection.stage < draw.config.stages.length, say`${at(step)} is of a stage that there is not`);
      pairs.push([step, selection.draw()]);
    }
  }
  draw.computed = pairs;
  return pairs;
};

const differs = (recorded, drawn) => {
  if (recorded === null) return -1;
  const length = Math.max(recorded.length, drawn.length);
  for (let i = 0; i < length; i += 1) if (recorded[i] !== drawn[i]) return i;
  return -1;
};

const compare = (draw, name, count, each) => {
  const pairs = recomputed(draw);
  if (!pairs.length) throw new Absent();
  for (const [step, drawn] of pairs) {
    const { body } = step;
    const stage = say`stage ${body.stage}`;
    need(body[count] === drawn[name].length, say`${stage} has ${body[count]} ${name}, but ${drawn[name].length} were drawn`);
    const wrong = differs(body[name], drawn[name]);
    need(wrong < 0, say`${stage}: ${each} ${wrong + 1} is not the entry that was drawn (${drawn[name][wrong] ?? "nobody"})`);
    const many = drawn.winners.length + drawn.alternates.length > SHOWN;
    need((body[name] === null) === many, many ? say`${stage}: ${name} are too many to be listed` : say`${stage}: ${name} are not listed`);
  }
  return pairs;
};

/** 16 */
export const winners = (draw) => {
  for (const [step, drawn] of compare(draw, "winners", "winner_count", "winner")) {
    const { stage, places, unfilled } = step.body;
    need(places === drawn.places, say`stage ${stage} has ${drawn.places} places, not ${places}`);
    need(unfilled === drawn.unfilled, say`stage ${stage} leaves ${drawn.unfilled} places empty, not ${unfilled}`);
  }
};

/** 17 */
export const alternates = (draw) => {
  for (const [step, drawn] of compare(draw, "alternates", "alternate_count", "alternate")) {
    const same = step.body.positions_sha256 === drawn.positions_sha256;
    need(same, say`${say`stage ${step.body.stage}`}: the digest of the positions is not that of those drawn`);
  }
};

const resultsHash = (results) =>
  hex(sha256(concat(...results.map((step) => unhex(step.body.positions_sha256)))));

/** 18 */
export const final = (draw) => {
  for (const { final: step, seed, results } of attemptsOf(draw)) {
    if (!step) continue;
    need(seed && step.body.seed === seed.body.seed, say`${at(step)} names another seed`);
    need(step.body.stages === results.length && results.length === draw.config.stages.length, say`${at(step)} names another number of stages`);
    need(step.body.results_sha256 === resultsHash(results), say`${at(step)}: the digest is not that of the results`);
  }
  const last = draw.steps[draw.steps.length - 1];
  need(["final", "audit"].includes(last.type) || ended(draw, last), "the record breaks off before the draw was over");
};

/** A void after which no attempt follows ends the record. */
const ended = (draw, last) => last.type === "void"
  && (last.body.reason === "organiser_request" || draw.voids.length >= draw.config.attempts);

/** 19 */
export const voids = (draw) => {
  if (!draw.voids.length) throw new Absent();
  for (const step of draw.voids) {
    const { reason, note, head, results_sha256: claimed } = step.body;
    need(draw.config.void_reasons.includes(reason), say`${at(step)}: ${reason} is no reason of this draw`);
    need(head === step.prev, say`${at(step)} names another head than the step before it`);
    const signers = new Set(step.statements.filter(({ statement }) => statement.type === "void").map(({ party }) => party));
    const notary = [...signers].some((id) => partyOf(draw, id)?.role === "notary");
    need(signers.size === 2 && step.statements.length === 2 && notary, say`${at(step)} is not signed by the notary and another party`);
    for (const { party, statement: said } of step.statements) {
      need(said.reason === reason && said.note === note && said.head === head, say`${party} signed another void than ${at(step)}`);
    }
    const { results } = draw.attempts.get(step.attempt);
    const right = results.length ? resultsHash(results) : null;
    need(claimed === right, say`${at(step)}: the digest is not that of the voided results`);
  }
};

/** 20 */
export const attempts = (draw) => {
  let attempt = 1;
  let over = false;
  draw.steps.forEach((step, n) => {
    if (n < 2) return need(step.attempt === 0, say`${at(step)} is not of attempt 0`);
    need(!over, say`${at(step)} comes after the draw was over`);
    need(step.attempt === attempt, say`${at(step)} says attempt ${step.attempt} where ${attempt} is due`);
    need(attempt <= draw.config.attempts, say`${at(step)}: the rules allow ${draw.config.attempts} attempts`);
    if (step.type === "void") {
      attempt += 1;
      over = step.body.reason === "organiser_request" || attempt > draw.config.attempts;
    }
    return null;
  });
};

/** 21 */
export const audit = (draw) => {
  const { sample } = draw.config.audit;
  if (!sample) throw new Absent();
  const attempt = attemptsOf(draw).find((one) => one.final && !one.void);
  if (!attempt) throw new Absent();
  const { audit: step, seed, results } = attempt;
  if (!step) throw new Undecided("the entries of the sample have not been reported on yet");
  const { next } = permutation(auditKey(unhex(seed.body.seed)), draw.list.count);
  const drawn = Array.from({ length: Math.min(sample, draw.list.count) }, next);
  need(differs(step.body.positions, drawn) < 0, say`${at(step)} has other positions than were drawn for the sample`);
  need(differs(step.body.findings.map((one) => one.position), drawn) < 0, say`${at(step)} does not report on every position of the sample`);
  const said = only(step);
  need(partyOf(draw, said.party)?.role === "notary", say`${at(step)} is not signed by the notary`);
  need(said.results_sha256 === resultsHash(results), say`${at(step)} was signed for other results`);
  const findings = hex(sha256(canonical({ findings: step.body.findings })));
  need(said.findings_sha256 === findings, say`${at(step)} has other findings than the notary signed`);
};

const PIECE = 32 * 65_536;

/** 22 */
export const leaves = async (draw, { leaves: file, progress }) => {
  if (!file) throw new Absent();
  const { count, list_root: root, leaves_sha256: expected } = draw.list;
  need(file.size === 32 * count, say`the file of leaves has ${file.size} bytes, not ${32 * count}`);
  const tree = new Tree();
  const hasher = digest.create();
  for (let from = 0; from < file.size; from += PIECE) {
    const piece = await file.read(from, Math.min(from + PIECE, file.size));
    if (!piece.length) throw new Failed("the file of leaves could not be read");
    tree.add(piece);
    hasher.update(piece);
    progress(from + piece.length, file.size);
  }
  need(hex(hasher.digest()) === expected, "the leaves are not those whose digest the list names");
  need(hex(tree.root()) === root, "the leaves do not make the list's root");
};
