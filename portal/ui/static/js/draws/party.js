/**
 * One party of one draw: everything it signs. The master secret stays in this object.
 *
 *   const party = new Party(master, draw, id);      // master: 32 bytes, see keeper.js
 *   party.key, party.box                            // public, hex: what `join` sends
 *   party.config(config)                            // organiser, before there is a record
 *   party.list(config, list)                        // organiser and notary
 *   await party.answer(type, record, fields)        // all later ones; record from record.js
 *       commit, shares, acknowledge, reveal: no fields
 *       open {present: [names]} · dice {dice: "3415…"} · share {dealer} · void {reason, note} ·
 *       audit {results_sha256, findings}
 * Each gives Signed {statement (object), text (canonical JSON), signature (hex)}; both go to the
 * server as they are. Throws PartyError(code, who): stranger, threshold, tooEarly, notMine,
 * badShare (who dealt it), lost (the master is not the one that committed), insecure.
 */
import { canonicalText, canonical } from "./canonical.js";
import {
  coefficients, commitmentOf, deriveKeys, drawHash, ephemeralFor, openShare, pointsOf,
  scalarBytes, sealShare, secure, sha256, shareFits, shareFor, sign,
} from "./crypto.js";
import { equal, hex, unhex } from "./bytes.js";
import { configHashOf, documentHash, statementMessage } from "./record.js";

/** Why a party does not sign; `code` chooses the page's sentence. */
export class PartyError extends Error {
  constructor(code, who = "") {
    super(who ? `${code}: ${who}` : code);
    this.name = "PartyError";
    this.code = code;
    this.who = who;
  }
}

/** Now, as documents of draws write it: microseconds, UTC. */
export const now = () => new Date().toISOString().replace(/Z$/, "000Z");

export class Party {
  #master;
  #keys;

  /** @param {Uint8Array} master 32 bytes @param {string} draw id of the draw @param {string} id */
  constructor(master, draw, id) {
    if (master.length !== 32) throw new TypeError("a master secret has 32 bytes");
    this.#master = master;
    this.#keys = deriveKeys(master, draw);
    this.draw = draw;
    this.id = id;
    this.key = this.#keys.key;
    this.box = this.#keys.boxKey;
  }

  /** The organiser fixes the rules. */
  config(config, at = now()) {
    this.#mine(config);
    return this.#signed("config", 0, { config_hash: configHashOf(config) }, at);
  }

  /** Organiser and notary fix the list. */
  list(config, list, at = now()) {
    this.#mine(config);
    const configHash = configHashOf(config);
    const fields = {
      config_hash: configHash,
      list_root: list.list_root,
      list_sha256: documentHash(list),
      count: list.count,
      draw_hash: hex(drawHash(configHash, list.list_root, list.count)),
    };
    return this.#signed("list", 0, fields, at);
  }

  /**
   * @param {string} type @param {object} record of readRecord @param {object} [fields]
   * @param {string} [at]
   */
  async answer(type, record, fields = {}, at = now()) {
    this.#mine(record.config);
    if (!record.drawHash) throw new PartyError("tooEarly");
    const make = this[`_${type}`];
    if (!make) throw new TypeError(`no statement ${type}`);
    const made = await make.call(this, record, fields);
    return this.#signed(type, record.attempt, made, at);
  }

  #mine(config) {
    const own = config.parties.find((party) => party.id === this.id);
    if (!own || config.draw !== this.draw) throw new PartyError("stranger", this.id);
    if (own.key !== this.key || own.box !== this.box) throw new PartyError("notMine", this.id);
    return own;
  }

  #signed(type, attempt, fields, at) {
    const statement = {
      schema: "notary/draw-statement/v1", draw: this.draw, attempt, party: this.id, type, at, ...fields,
    };
    const signature = hex(sign(statementMessage(statement), this.#keys.sign));
    return { statement, text: canonicalText(statement), signature };
  }

  #polynomial({ config, drawHash: draw, attempt }) {
    return coefficients(this.#master, draw, attempt, config.threshold);
  }

  _commit(record) {
    const numbers = this.#polynomial(record);
    const commitment = commitmentOf(record.drawHash, record.attempt, this.id, scalarBytes(numbers[0]));
    return {
      draw_hash: hex(record.drawHash),
      commitment: hex(commitment),
      points: pointsOf(numbers).map(hex),
    };
  }

  async _shares(record) {
    if (!secure()) throw new PartyError("insecure");
    const { config, drawHash: draw, attempt } = record;
    everybody(config, record.commits);
    this.#committed(record);
    const numbers = this.#polynomial(record);
    const shares = [];
    for (const [i, holder] of config.parties.entries()) {
      if (holder.id === this.id) continue;
      shares.push(await sealShare({
        share: shareFor(numbers, i + 1), draw, attempt, dealer: this.id, holder: holder.id,
        box: holder.box, secret: ephemeralFor(this.#master, draw, attempt, holder.id),
      }));
    }
    return { draw_hash: hex(draw), shares };
  }

  /** Opens every share dealt to this party and signs only when all of them fit. */
  async _acknowledge(record) {
    if (!secure()) throw new PartyError("insecure");
    everybody(record.config, record.dealt);
    const dealers = record.config.parties.map((party) => party.id).filter((id) => id !== this.id);
    for (const dealer of dealers) await this.#opened(record, dealer);
    return { draw_hash: hex(record.drawHash), dealers };
  }

  _open(record, { present }) {
    everybody(record.config, record.acknowledged);
    return { draw_hash: hex(record.drawHash), present };
  }

  _dice(record, { dice }) {
    if (!record.opened || record.revealed.size) throw new PartyError("tooEarly");
    return { draw_hash: hex(record.drawHash), dice };
  }

  /** Only after everybody has committed, dealt and acknowledged, the notary attends and the dice lie. */
  _reveal(record) {
    this.#revealing(record);
    this.#committed(record);
    return { draw_hash: hex(record.drawHash), secret: hex(scalarBytes(this.#polynomial(record)[0])) };
  }

  /** The share of a dealer who does not reveal. */
  async _share(record, { dealer }) {
    if (!secure()) throw new PartyError("insecure");
    this.#revealing(record);
    const share = await this.#opened(record, dealer);
    return { draw_hash: hex(record.drawHash), dealer, share: hex(share) };
  }

  _void(record, { reason, note }) {
    if (!record.config.void_reasons.includes(reason)) throw new TypeError(`no reason ${reason}`);
    // On this record and no other: a signature kept back cannot void what comes later.
    return { reason, note, head: record.head };
  }

  _audit(record, { results_sha256: results, findings }) {
    return { results_sha256: results, findings_sha256: hex(sha256(canonical({ findings }))) };
  }

  #revealing(record) {
    everybody(record.config, record.commits);
    everybody(record.config, record.acknowledged);
    const dice = record.config.randomness.public.includes("dice");
    if (!record.opened || (dice && record.dice === null)) throw new PartyError("tooEarly");
  }

  /** The record's commitment is what this master secret makes. */
  #committed(record) {
    const own = record.commits.get(this.id);
    if (!own) throw new PartyError("tooEarly");
    const made = this._commit(record);
    if (own.commitment !== made.commitment || canonicalText(own.points) !== canonicalText(made.points)) {
      throw new PartyError("lost");
    }
  }

  async #opened(record, dealer) {
    const { config, drawHash: draw, attempt } = record;
    const place = config.parties.findIndex((party) => party.id === this.id) + 1;
    const commit = record.commits.get(dealer);
    const entry = (record.dealt.get(dealer) || []).find((one) => one.holder === this.id);
    if (!commit || !entry || commit.points.length !== config.threshold) {
      throw new PartyError("badShare", dealer);
    }
    const points = commit.points.map((point) => unhex(point, 32));
    const share = await openShare({
      entry, draw, attempt, dealer, holder: this.id, box: this.#keys.box,
    });
    if (!share || !shareFits(share, place, points)) {
      throw new PartyError("badShare", dealer);
    }
    return share;
  }
}

const everybody = (config, known) => {
  if (config.parties.some((party) => !known.has(party.id))) throw new PartyError("tooEarly");
};

/** Whether a master secret (32 bytes) makes the public keys the config has for a party. */
export const fits = (master, draw, { key, box }) => {
  const keys = deriveKeys(master, draw);
  return equal(unhex(keys.key), unhex(key)) && keys.boxKey === box;
};
