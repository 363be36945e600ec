/** Checks 2 to 6: the chain of steps, who signed them, the rules, the list, and what follows what. */
import { configHashOf, statementMessage, stepMessage } from "./record.js";
import { drawHash, verifySignature } from "./crypto.js";
import { hex, unhex } from "./bytes.js";
import { configProblem, listProblem } from "./rules.js";
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
  need(!head || head === hashes[hashes.length - 1], "the last step is not the one that was expected");
};

/** The one statement of a step, which is of the step's type; else the check fails. */
const only = (step, type = step.type) => {
  const right = step.statements.length === 1 && step.statements[0].statement.type === type;
  need(right, say`${at(step)} does not hold one statement of its kind and no other`);
  return step.statements[0].statement;
};
const NONE_SIGNS = new Set(["beacon", "seed", "result", "final"]);

const partyOf = (draw, id) => draw.config.parties.find((party) => party.id === id);
const holding = (draw, role) => draw.config.parties.find((party) => party.role === role);

/** 3 */
export const signatures = (draw) => {
  const portal = holding(draw, "portal");
  need(portal, "the config names no portal");
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
  const problem = configProblem(draw.config);
  need(!problem, say`the config is not right: ${problem}`);
  const hash = configHashOf(draw.config);
  need(step.body.config_hash === hash, "the config's digest is not the one recorded");
  const said = only(step);
  need(said.party === holding(draw, "organiser").id && said.config_hash === hash,
    "the organiser did not sign this config");
};

/** 5 */
export const list = (draw) => {
  const step = draw.listed;
  need(step, "the record has no list");
  const problem = listProblem(draw.list, draw.config);
  need(!problem, say`the list is not right: ${problem}`);
  const configHash = configHashOf(draw.config);
  const hash = hex(drawHash(configHash, draw.list.list_root, draw.list.count));
  need(step.body.draw_hash === hash, "the list's draw_hash is not the one recorded");
  const signers = step.statements.map(({ party }) => partyOf(draw, party)?.role);
  need(signers.join() === "organiser,notary", "organiser and notary have to sign the list");
  for (const { party, statement: said } of step.statements) {
    const same = said.type === "list" && said.config_hash === configHash && said.list_root === draw.list.list_root
      && said.count === draw.list.count && said.draw_hash === hash;
    need(same, say`${party} signed another list`);
  }
};

// --- 6 ---------------------------------------------------------------------------------------

/** What has to come next in an attempt: [type, who (or how many)] in order. */
const agenda = (draw) => {
  const { parties, randomness, stages, audit } = draw.config;
  const everybody = () => new Set(parties.map((party) => party.id));
  const todo = [
    ["commit", everybody()], ["shares", everybody()], ["acknowledge", everybody()], ["open", null],
  ];
  if (randomness.public.includes("dice")) todo.push(["dice", null]);
  todo.push(["reveal", everybody()]);
  if (randomness.public.includes("drand")) todo.push(["beacon", null]);
  todo.push(["seed", null]);
  stages.forEach((_, n) => todo.push(["result", n + 1]));
  todo.push(["final", null]);
  if (audit.sample) todo.push(["audit", null]);
  return todo;
};

/** Takes the step off the agenda, or says why it cannot stand here. */
const tick = (todo, step) => {
  const [type, who] = todo[0] || ["nothing", null];
  const kind = step.type === "recover" ? "reveal" : step.type;
  need(!NONE_SIGNS.has(step.type) || !step.statements.length, say`${at(step)} holds statements that do not belong there`);
  need(kind === type, say`${at(step)} stands where ${type} has to come`);
  if (type === "result") need(step.body.stage === who, say`${at(step)} is not of stage ${who}`);
  if (!(who instanceof Set)) return todo.shift();
  const party = step.type === "recover" ? step.body.dealer : only(step).party;
  need(who.delete(party), say`${at(step)} is of ${party}, which is not awaited there`);
  return who.size ? null : todo.shift();
};

/** 6 */
export const order = (draw) => {
  let todo = null;
  draw.steps.forEach((step, n) => {
    if (n < 2) {
      need(step.type === ["config", "list"][n], say`${at(step)} stands where ${["config", "list"][n]} has to come`);
      return;
    }
    if (step.type === "void") {
      need(draw.steps[n - 1].type !== "audit", say`${at(step)} comes after the end of the draw`);
      todo = null;
      return;
    }
    if (!todo) todo = agenda(draw);
    tick(todo, step);
  });
};

export { at, holding, only, partyOf };
