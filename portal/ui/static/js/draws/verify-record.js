/** Checks 2 to 6: the chain of steps, who signed them, the rules, the list, and what follows what. */
import { documentHash, statementMessage, stepMessage } from "./record.js";
import { drawHash, verifySignature } from "./crypto.js";
import { hex, unhex } from "./bytes.js";
import { checkConfig, checkList } from "./rules.js";
import { say } from "./sentences.js";
import { need } from "./verdicts.js";

const at = (step) => say`step ${step.n} (${step.type})`;
const NONE = "0".repeat(64);

/** 2 */
export const chain = (draw, { head }) => {
  const { steps, hashes } = draw;
  steps.forEach((step, n) => {
    need(step.n === n, say`step ${n} says that it is number ${step.n}`);
    need(step.prev === (n ? hashes[n - 1] : NONE), say`${at(step)} does not follow the step before it`);
    need(step.draw === draw.config.draw, say`${at(step)} belongs to another draw`);
    need(!n || step.at >= steps[n - 1].at, say`${at(step)} is earlier than the step before it`);
  });
  need(!head || head === hashes[hashes.length - 1], say`the last step is not the one that was expected`);
};

/** The statement of a step that carries one. */
const only = (step) => step.statements[0].statement;

const partyOf = (draw, id) => draw.config.parties.find((party) => party.id === id);
const holding = (draw, role) => {
  const found = draw.config.parties.find((party) => party.role === role);
  need(found, say`the rules name no ${role}`);
  return found;
};

/** 3 */
export const signatures = (draw) => {
  const portal = holding(draw, "portal");
  for (const step of draw.steps) {
    const signed = verifySignature(stepMessage(step), unhex(step.signature), unhex(portal.key));
    need(signed, say`the portal's signature on ${at(step)} is wrong`);
    for (const { party, statement, signature } of step.statements) {
      const known = partyOf(draw, party);
      need(known, say`${at(step)} holds a statement of ${party}, who is no party of the draw`);
      const right = statement.party === party
        && verifySignature(statementMessage(statement), unhex(signature), unhex(known.key));
      need(right, say`the signature of ${party} on ${at(step)} is wrong`);
      need(statement.draw === step.draw && statement.attempt === step.attempt,
        say`the statement of ${party} in ${at(step)} was made for another draw or attempt`);
    }
  }
};

/** 4 */
export const config = (draw) => {
  const [step] = draw.steps;
  checkConfig(draw.config);
  const hash = documentHash(draw.config);
  need(step.body.config_hash === hash, say`the config's digest is not the one recorded`);
  const { party, config_hash: signed } = only(step);
  need(party === holding(draw, "organiser").id && signed === hash, say`the organiser did not sign this config`);
};

/** 5 */
export const list = (draw) => {
  const step = draw.listed;
  need(step, say`the record has no list`);
  checkList(draw.config, draw.list);
  const configHash = documentHash(draw.config);
  const hash = hex(drawHash(configHash, draw.list.list_root, draw.list.count));
  need(step.body.draw_hash === hash, say`the list's draw_hash is not the one recorded`);
  const signers = step.statements.map(({ party }) => partyOf(draw, party)?.role);
  need(signers.join() === "organiser,notary", say`the list is not signed by organiser and notary`);
  for (const { party, statement: said } of step.statements) {
    const same = said.config_hash === configHash && said.list_root === draw.list.list_root
      && said.list_sha256 === documentHash(draw.list) && said.count === draw.list.count && said.draw_hash === hash;
    need(same, say`${party} signed another list`);
  }
};

/** What an attempt consists of: types in order, and whose step or which stage is awaited. */
const agenda = ({ parties, randomness, stages, audit }) => {
  const everybody = () => parties.map((party) => party.id);
  return [
    ["commit", everybody()],
    ["shares", everybody()],
    ["acknowledge", everybody()],
    ["open", []],
    ...(randomness.public.includes("dice") ? [["dice", []]] : []),
    ["reveal", everybody()],
    ...(randomness.public.includes("drand") ? [["beacon", []]] : []),
    ["seed", []],
    ...stages.map((_, n) => ["result", [String(n + 1)]]),
    ["final", []],
    ...(audit.sample ? [["audit", []]] : []),
  ];
};

/** 6 */
export const order = (draw) => {
  let todo = [];
  draw.steps.forEach((step, n) => {
    const before = n ? draw.steps[n - 1].type : "";
    if (n < 2) {
      const due = ["config", "list"][n];
      need(step.type === due, say`${at(step)} stands where ${due} has to come`);
    } else if (step.type === "void") {
      need(before !== "audit", say`${at(step)} comes after the end of the draw`);
      todo = [];
    } else {
      if (before === "list" || before === "void") todo = agenda(draw.config);
      takeTurn(todo, step);
    }
  });
};

const takeTurn = (todo, step) => {
  const [due, awaited] = todo[0] || ["nothing", []];
  const kind = step.type === "recover" ? "reveal" : step.type;
  need(kind === due, say`${at(step)} stands where ${due} has to come`);
  if (awaited.length) {
    const who = kind === "result" ? String(step.body.stage) : step.body.dealer || only(step).party;
    need(awaited.includes(who), say`${at(step)} is of ${who}, which is not awaited there`);
    awaited.splice(awaited.indexOf(who), 1);
  }
  if (!awaited.length) todo.shift();
};

export { at, only, partyOf };
