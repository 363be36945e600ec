/**
 * A draw's record as far as it has come, read by a party's browser before it signs anything: the
 * server's word is not enough for that.
 *
 * readRecord(steps) → {draw, config, configHash, list, drawHash (bytes|null), attempt, head, count,
 *   commits: Map(party → {commitment, points}), dealt: Map(dealer → [{holder, ephemeral, sealed}]),
 *   acknowledged: Set, opened: boolean, dice: string|null, revealed: Map(party → hex),
 *   voided, last: type of the newest step}
 * Throws RecordError(code, step): form, chain, signature, config, list, order.
 * The full verification of a finished draw is verifier.js.
 */
import { canonical } from "./canonical.js";
import { drawHash, sha256, verifySignature } from "./crypto.js";
import { concat, hex, unhex, utf8 } from "./bytes.js";

const STEP = utf8("lottery/step/v1\n");
const STATEMENT = utf8("lottery/statement/v1\n");

/** Why a record may not be relied upon; `code` chooses the page's sentence, `step` is its number. */
export class RecordError extends Error {
  constructor(code, step = 0) {
    super(`${code} at step ${step}`);
    this.name = "RecordError";
    this.code = code;
    this.step = step;
  }
}

/** What a party's signature is made over. */
export const statementMessage = (statement) => concat(STATEMENT, canonical(statement));

/** What the portal's signature under a step is made over. */
export const stepMessage = (step) => {
  const { signature, ...rest } = step;
  return concat(STEP, canonical(rest));
};

/** SHA-256 of a document's canonical form, hex. */
export const documentHash = (document) => hex(sha256(canonical(document)));
export const configHashOf = documentHash;

/** @param {Array<object>} steps all steps so far, the first one included */
export const readRecord = (steps) => {
  if (!Array.isArray(steps) || !steps.length) throw new RecordError("form");
  const record = begin(steps[0]);
  let head = "0".repeat(64);
  steps.forEach((step, n) => {
    if (step.n !== n || step.prev !== head || step.draw !== record.draw) {
      throw new RecordError("chain", n);
    }
    if (!signed(stepMessage(step), step.signature, record.portal)) throw new RecordError("signature", n);
    for (const each of step.statements) checkStatement(record, step, each);
    (READERS[step.type] || ignore)(record, step);
    record.last = step.type;
    head = hex(sha256(canonical(step)));
  });
  return Object.assign(record, { head, count: steps.length });
};

const begin = (first) => {
  const config = first.type === "config" && first.body && first.body.config;
  if (!config) throw new RecordError("form");
  const portal = config.parties.find((party) => party.role === "portal");
  if (!portal) throw new RecordError("config");
  return {
    draw: config.draw, config, configHash: configHashOf(config), portal: portal.key,
    list: null, drawHash: null, voided: null, ...fresh(0),
  };
};

const fresh = (attempt) => ({
  attempt, commits: new Map(), dealt: new Map(), acknowledged: new Set(), opened: false,
  dice: null, revealed: new Map(),
});

const signed = (message, signature, key) => {
  try {
    return verifySignature(message, unhex(signature, 64), unhex(key, 32));
  } catch {
    return false;
  }
};

const checkStatement = (record, step, { party, statement, signature }) => {
  const known = record.config.parties.find((one) => one.id === party);
  const right = known && statement.party === party && statement.draw === record.draw
    && statement.attempt === step.attempt && signed(statementMessage(statement), signature, known.key);
  if (!right) throw new RecordError("signature", step.n);
  if (record.drawHash && "draw_hash" in statement && statement.draw_hash !== hex(record.drawHash)) {
    throw new RecordError("list", step.n);
  }
};

const ignore = () => {};
const once = (map, name, value, step) => {
  if (map.has(name)) throw new RecordError("order", step.n);
  map.set(name, value);
};
const by = (record, step) => {
  const [only, more] = step.statements;
  if (!only || more) throw new RecordError("form", step.n);
  if (step.attempt !== record.attempt) throw new RecordError("order", step.n);
  return only;
};

const READERS = {
  config(record, step) {
    if (step.body.config_hash !== record.configHash) throw new RecordError("config", step.n);
  },
  list(record, step) {
    const { list, draw_hash: claimed } = step.body;
    record.list = list;
    record.drawHash = drawHash(record.configHash, list.list_root, list.count);
    const same = step.statements.every(({ statement }) => statement.list_sha256 === documentHash(list));
    if (hex(record.drawHash) !== claimed || !same) throw new RecordError("list", step.n);
    record.attempt = 1;
  },
  commit(record, step) {
    const { party, statement } = by(record, step);
    const { commitment, points } = statement;
    once(record.commits, party, { commitment, points }, step);
  },
  shares(record, step) {
    if (record.commits.size < record.config.parties.length) throw new RecordError("order", step.n);
    const { party, statement } = by(record, step);
    once(record.dealt, party, statement.shares, step);
  },
  acknowledge(record, step) {
    if (record.dealt.size < record.config.parties.length) throw new RecordError("order", step.n);
    record.acknowledged.add(by(record, step).party);
  },
  open(record, step) {
    by(record, step);
    if (record.acknowledged.size < record.config.parties.length) throw new RecordError("order", step.n);
    record.opened = true;
  },
  dice(record, step) {
    if (record.dice !== null || record.revealed.size) throw new RecordError("order", step.n);
    record.dice = by(record, step).statement.dice;
  },
  reveal(record, step) {
    const { party, statement } = by(record, step);
    once(record.revealed, party, statement.secret, step);
  },
  recover(record, step) {
    once(record.revealed, step.body.dealer, step.body.secret, step);
  },
  void(record, step) {
    record.voided = step.body.reason;
    if (step.attempt < record.config.attempts) Object.assign(record, fresh(step.attempt + 1));
  },
};
