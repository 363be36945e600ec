/** Checks 7 to 15: secrets and their shares, public randomness, and the seed made of them. */
import { beaconTime, commitmentOf, diceValue, isBox, isPoint, recover, secretFits, seedOf, sha256, shareFits, verifyBeacon } from "./crypto.js";
import { hex, unhex } from "./bytes.js";
import { Absent, need } from "./verdicts.js";
import { say } from "./sentences.js";
import { at, only, partyOf } from "./verify-record.js";

/** The chain that configs may name without further ado (drand quicknet). */
export const QUICKNET = Object.freeze({
  chain_hash: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  public_key: "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  genesis_time: 1692803367,
  period: 3,
  scheme: "bls-unchained-g1-rfc9380",
});

const bound = (draw, step, said = only(step)) =>
  need(said.draw_hash === draw.listed.body.draw_hash, say`${at(step)} was made for another config or list`);
const ids = (draw) => draw.config.parties.map((party) => party.id);
const others = (draw, id) => ids(draw).filter((one) => one !== id);
const placeOf = (draw, id) => ids(draw).indexOf(id) + 1;
const attemptsOf = (draw) => [...draw.attempts.values()];
/** Attempts that got as far as `member`; Absent when none did. */
const reached = (draw, member) => {
  const found = attemptsOf(draw).filter((attempt) => attempt[member] && attempt[member].size !== 0);
  if (!found.length) throw new Absent();
  return found;
};

/** 7 */
export const commitments = (draw) => {
  const seen = new Set();
  const fresh = (value, step) => {
    need(!seen.has(value), say`${at(step)} repeats what was committed before`);
    seen.add(value);
  };
  for (const { commits } of reached(draw, "commits")) {
    for (const [party, step] of commits) {
      bound(draw, step);
      const { commitment, points } = only(step);
      need(points.length === draw.config.threshold, say`${party} committed to another number of points than ${draw.config.threshold}`);
      need(points.every((point) => isPoint(unhex(point))), say`${party} committed to what is not a point of the group`);
      fresh(commitment, step);
      fresh(points[0], step);
    }
  }
};

/** 8 */
export const shares = (draw) => {
  for (const attempt of reached(draw, "shares")) {
    for (const [party, step] of attempt.shares) {
      bound(draw, step);
      const { shares: dealt } = only(step);
      need(dealt.map((one) => one.holder).join() === others(draw, party).join(), say`${party} did not deal one share to each other party`);
      need(dealt.every((one) => isBox(unhex(one.ephemeral))), say`${party} sealed a share with a key of small order`);
    }
    for (const [party, step] of attempt.acknowledged) {
      bound(draw, step);
      need(only(step).dealers.join() === others(draw, party).join(), say`${party} did not acknowledge the shares of all others`);
    }
    if (attempt.open) acknowledgedBefore(draw, attempt);
  }
};

const acknowledgedBefore = (draw, { open, shares: dealt, acknowledged }) => {
  bound(draw, open);
  need(partyOf(draw, only(open).party)?.role === "notary", say`${at(open)} is not of the notary`);
  for (const id of ids(draw)) {
    need(dealt.has(id), say`${id} dealt no shares`);
    need(acknowledged.has(id) && acknowledged.get(id).n < open.n, say`${id} did not acknowledge its shares before the draw was opened`);
  }
};

/** 9 */
export const dice = (draw) => {
  if (!draw.config.randomness.public.includes("dice")) throw new Absent();
  for (const { dice: step, reveals: known } of reached(draw, "dice")) {
    bound(draw, step);
    const { dice: digits } = only(step);
    const { minimum } = draw.config.randomness.dice;
    need(partyOf(draw, only(step).party)?.role === "notary", say`${at(step)} is not of the notary`);
    need(/^[1-6]*$/.test(digits), say`${at(step)} shows what is not on a die`);
    need(digits.length >= minimum, say`${at(step)} has fewer than ${minimum} dice`);
    for (const reveal of known.values()) need(reveal.n > step.n, say`${at(reveal)} comes before the dice`);
  }
};

const secretOf = (step) => (step.type === "recover" ? step.body.secret : only(step).secret);
const committedBy = (attempt, party) => {
  const step = attempt.commits.get(party);
  need(step, say`${party} never committed`);
  return only(step);
};
const opens = (draw, attempt, party, secret) => {
  const { commitment } = committedBy(attempt, party);
  const made = commitmentOf(unhex(draw.listed.body.draw_hash), attempt.number, party, secret);
  return hex(made) === commitment;
};
const fitsPoint = (attempt, party, secret) => secretFits(secret, unhex(committedBy(attempt, party).points[0]));

/** 10 */
export const reveals = (draw) => {
  for (const attempt of reached(draw, "reveals")) {
    for (const [party, step] of attempt.reveals) {
      if (step.type !== "reveal") continue;
      bound(draw, step);
      const secret = unhex(secretOf(step));
      need(opens(draw, attempt, party, secret), say`the secret of ${party} is not the one it committed to`);
      need(fitsPoint(attempt, party, secret), say`the secret of ${party} is not the one it dealt shares of`);
    }
  }
};

/** 11; says which dealer's commitment was a lie from the start. */
export const recoveries = (draw) => {
  const lies = [];
  let found = false;
  for (const attempt of attemptsOf(draw)) {
    for (const [dealer, step] of attempt.reveals) {
      if (step.type !== "recover") continue;
      found = true;
      recovered(draw, attempt, dealer, step);
      if (!opens(draw, attempt, dealer, unhex(secretOf(step)))) lies.push(dealer);
    }
  }
  if (!found) throw new Absent();
  return lies.length ? say`${lies.join(", ")} committed to another value than was shared; the shared one counts` : "";
};

const recovered = (draw, attempt, dealer, step) => {
  const points = committedBy(attempt, dealer).points.map((point) => unhex(point));
  const holders = new Map();
  const order = others(draw, dealer).filter((id) => step.statements.some((one) => one.party === id));
  need(order.join() === step.statements.map((one) => one.party).join(), say`${at(step)} does not hold shares of different holders in their order`);
  for (const { party, statement } of step.statements) {
    bound(draw, step, statement);
    need(statement.type === "share" && statement.dealer === dealer && party !== dealer && !holders.has(party), say`${at(step)} holds what is not a share of the secret of ${dealer}`);
    const place = placeOf(draw, party);
    need(shareFits(unhex(statement.share), place, points), say`the share that ${party} holds of the secret of ${dealer} is wrong`);
    holders.set(party, [place, unhex(statement.share)]);
  }
  const { threshold } = draw.config;
  need(holders.size >= threshold, say`${at(step)} has fewer than ${threshold} shares`);
  const secret = recover([...holders.values()].slice(0, threshold));
  need(hex(secret) === step.body.secret, say`${at(step)}: the shares make another secret`);
  need(fitsPoint(attempt, dealer, secret), say`${at(step)}: the secret is not the one shared`);
};

/** 12 */
export const deadline = (draw) => {
  const { drand } = draw.config.randomness;
  if (!drand) throw new Absent();
  for (const attempt of reached(draw, "reveals")) {
    const last = new Date((beaconTime(drand, drand.rounds[attempt.number - 1]) - 60) * 1000);
    const limit = last.toISOString().replace(/Z$/, "000Z");
    for (const step of attempt.reveals.values()) {
      need(step.at <= limit, say`${at(step)} came after ${limit}, less than 60 seconds before the beacon`);
    }
  }
};

/** 13 */
export const beacon = (draw, { chain = QUICKNET }) => {
  const { drand } = draw.config.randomness;
  if (!drand) throw new Absent();
  for (const name of Object.keys(QUICKNET)) {
    need(drand[name] === chain[name], say`the config's beacon is not the pinned chain: ${name} differs`);
  }
  for (const { number, beacon: step, reveals: known } of reached(draw, "beacon")) {
    const { round, signature, randomness } = step.body;
    need(round === drand.rounds[number - 1], say`${at(step)} is of round ${round} instead of ${drand.rounds[number - 1]}`);
    need(hex(sha256(unhex(signature))) === randomness, say`${at(step)}: the randomness is not the signature's digest`);
    const appeared = new Date(beaconTime(drand, round) * 1000).toISOString().replace(/Z$/, "000Z");
    need(step.at >= appeared, say`${at(step)} is earlier than ${appeared}, when the round appeared`);
    for (const reveal of known.values()) need(reveal.n < step.n, say`${at(reveal)} comes after the beacon`);
  }
};

/** 14 */
export const beaconSignature = (draw) => {
  const { drand } = draw.config.randomness;
  if (!drand) throw new Absent();
  for (const { beacon: step } of reached(draw, "beacon")) {
    const { round, signature } = step.body;
    need(verifyBeacon(round, unhex(signature), unhex(drand.public_key)), say`${at(step)}: the signature is not that of round ${round}`);
  }
};

/** 15 */
export const seed = (draw) => {
  for (const attempt of reached(draw, "seed")) {
    const { seed: step } = attempt;
    const values = publicValues(draw, attempt);
    need(values.map(hex).join("") === step.body.public, say`${at(step)} names other public randomness than was recorded`);
    need(seedFor(draw, attempt, values) === step.body.seed, say`${at(step)} is not the seed that the secrets and the public randomness make`);
  }
};

const publicValues = (draw, attempt) => draw.config.randomness.public.map((source) => {
  const step = attempt[source === "drand" ? "beacon" : "dice"];
  need(step, say`the record has no ${source}`);
  return source === "drand" ? sha256(unhex(step.body.signature)) : diceValue(only(step).dice);
});

const seedFor = (draw, attempt, values) => {
  const known = ids(draw).map((id) => {
    const step = attempt.reveals.get(id);
    need(step, say`the secret of ${id} is not known`);
    return unhex(secretOf(step));
  });
  return hex(seedOf(unhex(draw.listed.body.draw_hash), attempt.number, known, values));
};
