// A whole draw made by the browser's modules alone: parties, portal and all steps. The beacon is the
// real round 123 of drand quicknet, so the draw is dated some minutes before it.
import { canonical, canonicalText } from "../../../portal/ui/static/js/draws/canonical.js";
import * as crypto from "../../../portal/ui/static/js/draws/crypto.js";
import { Party } from "../../../portal/ui/static/js/draws/party.js";
import { configHashOf, readRecord, stepMessage } from "../../../portal/ui/static/js/draws/record.js";
import { auditKey, permutation, Selection } from "../../../portal/ui/static/js/draws/selection.js";
import { QUICKNET } from "../../../portal/ui/static/js/draws/verify-secrets.js";
import { concat, hex, unhex, utf8 } from "../../../portal/ui/static/js/draws/bytes.js";
import { Tree } from "../../../portal/ui/static/js/draws/merkle.js";

export const DRAW = "0b7c7a52-6a7e-4f0e-9d8e-3f1a2b4c5d6e";
export const SIGNATURE = "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92";
const ROUND = 123;
const BEACON = QUICKNET.genesis_time + (ROUND - 1) * QUICKNET.period;
const START = (BEACON - 600) * 1000;

const word = (en) => ({ en, zh: en });
const ROLES = [["organiser", "organiser"], ["notary", "notary"], ["portal", "portal"], ["public", "public"]];

export const masterOf = (id) => crypto.sha256(utf8(`master of ${id}`));

export const configOf = (changes = {}) => ({
  schema: "notary/draw-config/v1", algorithm: "LOT-1", draw: DRAW, rehearsal: false,
  title: word("Flats"), organiser: "Housing office", rules: word("One flat each."), columns: ["No."],
  pools: [{ id: "A", name: word("Priority") }, { id: "B", name: word("General") }],
  stages: [
    { name: word("First"), pools: ["A"], winners: 2, alternates: 1, repeat: false, unfilled: "carry" },
    { name: word("Second"), pools: ["B", "A"], winners: 4, alternates: 2, repeat: false, unfilled: "leave" },
  ],
  max_weight: 3,
  parties: ROLES.map(([id, role]) => {
    const party = new Party(masterOf(id), DRAW, id);
    return { id, role, name: id, key: party.key, box: party.box };
  }),
  threshold: 3,
  randomness: { public: ["dice", "drand"], dice: { minimum: 50 }, drand: { ...QUICKNET, rounds: [ROUND, ROUND + 1000] } },
  schedule: { announced_at: time(0), draw_at: time(60) },
  void_reasons: ["equipment", "organiser_request"], attempts: 2, audit: { sample: 3 },
  ...changes,
});

const time = (seconds) => new Date(START + seconds * 1000).toISOString().replace(/Z$/, "000Z");

export const leavesOf = (count) => concat(...Array.from({ length: count }, (_, i) => crypto.sha256(utf8(`leaf ${i}`))));

export const listOf = (weights = [[[1, 5], [3, 2]], [[1, 10], [2, 3]]]) => {
  const sizes = weights.map((runs) => runs.reduce((sum, [, n]) => sum + n, 0));
  const count = sizes.reduce((sum, n) => sum + n, 0);
  const leaves = leavesOf(Math.min(count, 1000));
  const tree = new Tree();
  tree.add(leaves);
  return {
    count, list_root: hex(tree.root()), leaves_sha256: hex(crypto.sha256(leaves)), file_sha256: "ab".repeat(32), file_bytes: 1234,
    columns: { id: "id", pool: "pool", weight: "weight", public: ["No."] }, id_kind: "text",
    pools: weights.map((runs, i) => {
      const start = sizes.slice(0, i).reduce((sum, n) => sum + n, 0);
      return { id: "AB"[i], start, end: start + sizes[i], weights: runs };
    }),
    tickets: weights.flat().reduce((sum, [weight, n]) => sum + weight * n, 0),
    duplicates: { policy: "refuse", found: 0 }, keys: { organiser: "01".repeat(32), notary: "02".repeat(32) },
  };
};

/** Makes steps one after the other; what tests bend is handed in as `bend(type, body, statements)`. */
export class Portal {
  constructor(config, list, bend = () => {}) {
    Object.assign(this, { config, list, bend, steps: [], clock: 0 });
    this.parties = Object.fromEntries(config.parties.map(({ id }) => [id, new Party(masterOf(id), config.draw, id)]));
    this.portal = crypto.deriveKeys(masterOf("portal"), config.draw);
  }

  get record() {
    return readRecord(this.steps);
  }

  add(type, attempt, body = {}, signed = []) {
    this.clock += 1;
    const statements = signed.map(({ statement, signature }) => ({ party: statement.party, statement, signature }));
    const last = this.steps[this.steps.length - 1];
    const step = {
      schema: "notary/draw-step/v1", draw: this.config.draw, n: this.steps.length, attempt, type, at: time(this.clock),
      prev: last ? hex(crypto.sha256(canonical(last))) : "0".repeat(64), body, statements, signature: "",
    };
    this.bend(step, this);
    this.steps.push(this.sealed(step));
  }

  sealed(step) {
    return { ...step, signature: hex(crypto.sign(stepMessage(step), this.portal.sign)) };
  }

  begin() {
    const { organiser, notary } = this.parties;
    const at = time(this.clock);
    this.add("config", 0, { config: this.config, config_hash: configHashOf(this.config) }, [organiser.config(this.config, at)]);
    const signed = [organiser.list(this.config, this.list, at), notary.list(this.config, this.list, at)];
    this.add("list", 0, { list: this.list, draw_hash: signed[0].statement.draw_hash }, signed);
    return this;
  }

  async say(type, id, fields) {
    const { record } = this;
    this.add(type, record.attempt, {}, [await this.parties[id].answer(type, record, fields, time(this.clock))]);
  }

  async prepare() {
    for (const type of ["commit", "shares", "acknowledge"]) {
      for (const { id } of this.config.parties) await this.say(type, id);
    }
    return this;
  }

  async open(dice = "123456".repeat(9)) {
    await this.say("open", "notary", { present: ["Li", "Wang"] });
    if (this.config.randomness.public.includes("dice")) await this.say("dice", "notary", { dice });
    return this;
  }

  async reveal(withheld = []) {
    for (const { id } of this.config.parties) if (!withheld.includes(id)) await this.say("reveal", id);
    for (const dealer of withheld) await this.recover(dealer);
    return this;
  }

  async recover(dealer) {
    const { record } = this;
    const holders = this.config.parties.map((one) => one.id).filter((id) => id !== dealer).slice(0, this.config.threshold);
    const signed = await Promise.all(holders.map((id) => this.parties[id].answer("share", record, { dealer }, time(this.clock))));
    const secret = crypto.recover(signed.map(({ statement }) => [
      this.config.parties.findIndex((one) => one.id === statement.party) + 1, unhex(statement.share),
    ]));
    this.add("recover", record.attempt, { dealer, secret: hex(secret) }, signed);
  }

  draw() {
    const { record } = this;
    const { attempt } = record;
    const sources = this.config.randomness.public;
    if (sources.includes("drand")) {
      this.clock += 600;
      const randomness = hex(crypto.sha256(unhex(SIGNATURE)));
      this.add("beacon", attempt, { round: ROUND, signature: SIGNATURE, randomness });
    }
    const values = sources.map((source) => (source === "dice" ? crypto.diceValue(record.dice) : crypto.sha256(unhex(SIGNATURE))));
    const secrets = this.config.parties.map(({ id }) => unhex(record.revealed.get(id)));
    const seed = crypto.seedOf(record.drawHash, attempt, secrets, values);
    this.add("seed", attempt, { seed: hex(seed), public: values.map(hex).join("") });
    this.results = this.stages(seed).map((result) => {
      this.add("result", attempt, result);
      return result.positions_sha256;
    });
    this.results = hex(crypto.sha256(concat(...this.results.map((one) => unhex(one)))));
    this.add("final", attempt, { seed: hex(seed), stages: this.config.stages.length, results_sha256: this.results });
    this.seed = seed;
    return this;
  }

  stages(seed) {
    const selection = new Selection(this.config, this.list, seed);
    return this.config.stages.map(() => {
      const { winners, alternates, ...rest } = selection.draw();
      const listed = winners.length + alternates.length <= 200_000;
      return {
        ...rest, winners: listed ? [...winners] : null, alternates: listed ? [...alternates] : null,
        winner_count: winners.length, alternate_count: alternates.length,
      };
    });
  }

  async audit() {
    const { next } = permutation(auditKey(this.seed), this.list.count);
    const positions = Array.from({ length: Math.min(this.config.audit.sample, this.list.count) }, next);
    const findings = positions.map((position) => ({ position, finding: "genuine", note: "" }));
    const { record } = this;
    const signed = await this.parties.notary.answer("audit", record, { results_sha256: this.results, findings }, time(this.clock));
    this.add("audit", record.attempt, { positions, findings }, [signed]);
    return this;
  }

  async void(reason = "equipment", note = "The camera failed.") {
    const { record } = this;
    const at = time(this.clock);
    const signed = await Promise.all(["organiser", "notary"].map((id) => this.parties[id].answer("void", record, { reason, note }, at)));
    const results = this.steps.filter((step) => step.type === "result" && step.attempt === record.attempt);
    const digest = results.length ? hex(crypto.sha256(concat(...results.map((step) => unhex(step.body.positions_sha256))))) : null;
    this.add("void", record.attempt, { reason, note, head: record.head, results_sha256: digest }, signed);
    return this;
  }

  /** Signs and chains all steps anew after `change(steps)`: what a portal that cheats could do. */
  forged(change) {
    const steps = JSON.parse(JSON.stringify(this.steps));
    change(steps);
    let prev = "0".repeat(64);
    this.steps = steps.map((step, n) => {
      const whole = this.sealed({ ...step, n, prev });
      prev = hex(crypto.sha256(canonical(whole)));
      return whole;
    });
    return this;
  }

  get transcript() {
    return utf8(canonicalText({ schema: "notary/draw/v1", steps: this.steps }));
  }
}

export const whole = async (config = configOf(), list = listOf(), { withheld = [] } = {}) => {
  const portal = new Portal(config, list).begin();
  await portal.prepare();
  await portal.open();
  await portal.reveal(withheld);
  portal.draw();
  if (config.audit.sample) await portal.audit();
  return portal;
};
