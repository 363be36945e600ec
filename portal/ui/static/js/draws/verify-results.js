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

/** Every recorded stage beside what the recorded seed gives: [step, drawn]. */
const recomputed = (draw) => {
  if (!draw.drawn) {
    draw.drawn = [];
    for (const { number, seed, results } of attemptsOf(draw)) {
      if (!results.length) continue;
      need(seed, say`attempt ${number} has results but no seed`);
      const selection = new Selection(draw.config, draw.list, unhex(seed.body.seed));
      // More results than stages are for check 6.
      const stages = results.slice(0, draw.config.stages.length);
      draw.drawn.push(...stages.map((step) => [step, selection.draw()]));
    }
  }
  if (!draw.drawn.length) throw new Absent();
  return draw.drawn;
};

/** The positions of one kind, "winner" or "alternate", in all results. */
const checkPositions = (draw, kind) => {
  for (const [{ body }, stage] of recomputed(draw)) {
    const right = stage[`${kind}s`];
    const listed = body[`${kind}s`];
    const where = say`stage ${body.stage}`;
    const count = body[`${kind}_count`];
    need(count === right.length, say`${where} has ${count} ${kind}s, but ${right.length} were drawn`);
    const few = stage.winners.length + stage.alternates.length <= SHOWN;
    need((listed !== null) === few, say`${where} lists its ${kind}s, or not, against the rules`);
    const wrong = listed === null ? -1 : difference(listed, right);
    const drawn = wrong < right.length ? say`position ${right[wrong]}` : "nobody";
    need(wrong < 0, say`${kind} ${wrong + 1} of ${where} is not who was drawn, which is ${drawn}`);
  }
};

/** The first place at which two lists differ; −1 when they do not. */
const difference = (a, b) => {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i += 1) if (a[i] !== b[i]) return i;
  return -1;
};

/** 16 */
export const winners = (draw) => {
  checkPositions(draw, "winner");
  for (const [{ body }, stage] of recomputed(draw)) {
    const where = say`stage ${body.stage}`;
    need(body.places === stage.places, say`${where} has ${stage.places} places`);
    need(body.unfilled === stage.unfilled, say`${where} leaves ${stage.unfilled} places empty`);
  }
};

/** 17 */
export const alternates = (draw) => {
  checkPositions(draw, "alternate");
  for (const [{ body }, stage] of recomputed(draw)) {
    const same = body.positions_sha256 === stage.positions_sha256;
    need(same, say`positions_sha256 of ${say`stage ${body.stage}`} is not that of those drawn`);
  }
};

const resultsHash = (results) =>
  hex(sha256(concat(...results.map((step) => unhex(step.body.positions_sha256)))));

/** 18 */
export const final = (draw) => {
  for (const { final: step, seed, results } of attemptsOf(draw)) {
    if (!step) continue;
    const { body } = step;
    need(seed && body.seed === seed.body.seed, say`${at(step)} names another seed`);
    const whole = body.stages === results.length && results.length === draw.config.stages.length;
    need(whole, say`${at(step)} names another number of stages`);
    need(body.results_sha256 === resultsHash(results), say`${at(step)} names other results than the record`);
  }
  const last = draw.steps[draw.steps.length - 1];
  const over = last.type === "final" || last.type === "audit" || ends(draw, last);
  need(over, say`the record breaks off after ${at(last)}, before the draw was over`);
};

/** Whether this is a void after which no attempt follows. */
const ends = (draw, step) => step.type === "void"
  && (step.body.reason === "organiser_request" || step.attempt >= draw.config.attempts);

/** 19 */
export const voids = (draw) => {
  const voided = attemptsOf(draw).filter((attempt) => attempt.void);
  if (!voided.length) throw new Absent();
  for (const { void: step, results } of voided) {
    const { reason, note, head, results_sha256: claimed } = step.body;
    need(draw.config.void_reasons.includes(reason), say`${at(step)}: ${reason} is no reason that the rules allow`);
    need(head === step.prev, say`${at(step)} names another head`);
    const signers = new Set(step.statements.map(({ party }) => party));
    const notary = [...signers].some((id) => partyOf(draw, id)?.role === "notary");
    need(signers.size === 2 && notary, say`${at(step)} is not signed by the notary and another party`);
    for (const { party, statement: said } of step.statements) {
      const same = said.reason === reason && said.note === note && said.head === head;
      need(same, say`${party} signed another void than ${at(step)}`);
    }
    const right = results.length ? resultsHash(results) : null;
    need(claimed === right, say`${at(step)} does not embed the results that it voids`);
  }
};

/** 20 */
export const attempts = (draw) => {
  const { attempts: allowed } = draw.config;
  let due = 1;
  let over = false;
  draw.steps.forEach((step, n) => {
    if (n < 2) {
      need(step.attempt === 0, say`${at(step)} is not of attempt 0`);
      return;
    }
    need(!over, say`${at(step)} comes after the draw was over`);
    need(step.attempt === due, say`${at(step)} says attempt ${step.attempt} where ${due} is due`);
    need(due <= allowed, say`${at(step)} is of attempt ${due}, the rules allow ${allowed}`);
    if (step.type === "void") {
      due += 1;
      over = ends(draw, step);
    }
  });
};

/** 21 */
export const audit = (draw) => {
  const { sample } = draw.config.audit;
  const attempt = attemptsOf(draw).find((one) => one.final && !one.void);
  if (!sample || !attempt) throw new Absent();
  const { audit: step, seed, results } = attempt;
  if (!step) throw new Undecided(say`the entries of the sample have not been reported on (yet)`);
  const { next } = permutation(auditKey(unhex(seed.body.seed)), draw.list.count);
  const drawn = Array.from({ length: Math.min(sample, draw.list.count) }, () => next());
  const { positions, findings } = step.body;
  need(difference(positions, drawn) < 0, say`${at(step)} has other positions than were drawn for the sample`);
  const reported = findings.map((one) => one.position);
  need(difference(reported, drawn) < 0, say`${at(step)} does not report on each position of the sample`);
  const said = only(step);
  need(partyOf(draw, said.party)?.role === "notary", say`${at(step)} is not of the notary`);
  need(said.results_sha256 === resultsHash(results), say`${at(step)} was signed for other results`);
  const digest = hex(sha256(canonical({ findings })));
  need(said.findings_sha256 === digest, say`${at(step)} has other findings than the notary signed`);
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
    if (!piece.length) throw new Failed(say`the file of leaves could not be read`);
    tree.add(piece);
    hasher.update(piece);
    progress(from + piece.length, file.size);
  }
  need(hex(hasher.digest()) === expected, say`the leaves are not those whose digest the list names`);
  need(hex(tree.root()) === root, say`the leaves do not make the list's root`);
};
