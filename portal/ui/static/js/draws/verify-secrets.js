/** Checks 7 to 15: secrets and their shares, public randomness, and the seed made of them. */
import { beaconTime, boxProblem, commitmentOf, diceValue, isScalar, pointProblem, recover, secretFits, seedOf, sha256, shareFits, verifyBeacon } from "./crypto.js";
import { equal, hex, unhex } from "./bytes.js";
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

/** Each statement of the step is about these rules and this list. */
const bound = (draw, step) => {
  need(draw.listed, say`the record has no list`);
  for (const { statement } of step.statements) {
    const same = statement.draw_hash === draw.listed.body.draw_hash;
    need(same, say`${at(step)} was made for another config or list`);
  }
};
const ids = (draw) => draw.config.parties.map((party) => party.id);
const others = (draw, id) => ids(draw).filter((one) => one !== id);
const roleOf = (draw, step) => partyOf(draw, only(step).party)?.role;
const attemptsOf = (draw) => [...draw.attempts.values()];
/** Attempts that got as far as `member`; Absent when none did. */
const reached = (draw, member) => {
  const found = attemptsOf(draw).filter((attempt) => attempt[member] && attempt[member].size !== 0);
  if (!found.length) throw new Absent();
  return found;
};
/** The rules of a public source; Absent when the draw does without. */
const uses = (draw, source) => {
  const rules = draw.config.randomness[source];
  if (!rules) throw new Absent();
  return rules;
};

/** 7 */
export const commitments = (draw) => {
  const seen = new Set();
  for (const { commits } of reached(draw, "commits")) {
    for (const [party, step] of commits) {
      bound(draw, step);
      const { commitment, points } = only(step);
      need(points.length === draw.config.threshold, say`${party} bound itself with ${points.length} points (${at(step)})`);
      for (const point of points) {
        const problem = pointProblem(unhex(point));
        need(!problem, say`a point of ${party} in ${at(step)} is ${problem}`);
      }
      const fresh = !seen.has(commitment) && !seen.has(points[0]);
      need(fresh, say`${at(step)} of ${party} repeats what was committed before`);
      seen.add(commitment).add(points[0]);
    }
  }
};

/** 8 */
export const shares = (draw) => {
  reached(draw, "shares");
  for (const attempt of attemptsOf(draw)) {
    for (const [party, step] of attempt.shares) checkDealt(draw, party, step);
    for (const [party, step] of attempt.acknowledged) {
      bound(draw, step);
      const whole = only(step).dealers.join() === others(draw, party).join();
      need(whole, say`${party} did not acknowledge the shares of all others (${at(step)})`);
    }
    if (attempt.open) checkOpening(draw, attempt);
  }
};

const checkDealt = (draw, party, step) => {
  bound(draw, step);
  const { shares: dealt } = only(step);
  const holders = dealt.map((one) => one.holder).join();
  need(holders === others(draw, party).join(), say`${party} did not deal one share to each other party (${at(step)})`);
  for (const { ephemeral } of dealt) {
    const problem = boxProblem(unhex(ephemeral));
    need(!problem, say`a key of ${party} in ${at(step)} is ${problem}`);
  }
};

const checkOpening = (draw, { number, open, shares: dealt, acknowledged }) => {
  bound(draw, open);
  need(roleOf(draw, open) === "notary", say`${at(open)} is not of the notary`);
  for (const id of ids(draw)) {
    need(dealt.has(id), say`${id} dealt no shares in attempt ${number}`);
    const done = acknowledged.has(id) && acknowledged.get(id).n < open.n;
    need(done, say`${id} did not acknowledge its shares before the draw was opened`);
  }
};

/** 9 */
export const dice = (draw) => {
  const { minimum } = uses(draw, "dice");
  for (const { dice: step, reveals: known } of reached(draw, "dice")) {
    bound(draw, step);
    const { dice: digits } = only(step);
    need(roleOf(draw, step) === "notary", say`${at(step)} is not of the notary`);
    need(/^[1-6]*$/.test(digits), say`${at(step)} shows what is not on a die`);
    need(digits.length >= minimum, say`${at(step)} has fewer than ${minimum} dice`);
    for (const reveal of known.values()) need(reveal.n > step.n, say`${at(reveal)} comes before the dice`);
  }
};

const secretOf = (attempt, party) => {
  const step = attempt.reveals.get(party);
  need(step, say`the secret of ${party} is not known`);
  return unhex(step.type === "recover" ? step.body.secret : only(step).secret);
};
const committed = (attempt, party) => {
  const step = attempt.commits.get(party);
  need(step, say`${party} never committed in attempt ${attempt.number}`);
  return only(step);
};
const fitsCommitment = (draw, attempt, party) => {
  const made = commitmentOf(unhex(draw.listed.body.draw_hash), attempt.number, party, secretOf(attempt, party));
  return hex(made) === committed(attempt, party).commitment;
};
const fitsPoint = (attempt, party) => {
  const secret = secretOf(attempt, party);
  need(isScalar(secret), say`${say`the secret of ${party}`} is not a number of the group`);
  return secretFits(secret, unhex(committed(attempt, party).points[0]));
};

/** 10 */
export const reveals = (draw) => {
  for (const attempt of reached(draw, "reveals")) {
    for (const [party, step] of attempt.reveals) {
      if (step.type !== "reveal") continue;
      bound(draw, step);
      need(fitsCommitment(draw, attempt, party), say`the secret of ${party} in ${at(step)} is not the one committed to`);
      need(fitsPoint(attempt, party), say`the secret of ${party} in ${at(step)} is not the one dealt in shares`);
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
      checkRecovery(draw, attempt, dealer, step);
      if (!fitsCommitment(draw, attempt, dealer)) lies.push(dealer);
    }
  }
  if (!found) throw new Absent();
  return lies.length ? say`${lies.join(", ")} committed to another value than was dealt; the one dealt counts` : "";
};

const checkRecovery = (draw, attempt, dealer, step) => {
  bound(draw, step);
  const holders = step.statements.map(({ party }) => party);
  const ordered = others(draw, dealer).filter((id) => holders.includes(id));
  const enough = holders.join() === ordered.join() && holders.length >= draw.config.threshold;
  need(enough, say`${at(step)} does not hold the shares of enough different holders`);
  const points = committed(attempt, dealer).points.map((point) => unhex(point));
  const dealt = step.statements.map(({ party, statement }) => {
    const whose = say`the share of ${party} in ${at(step)}`;
    need(statement.dealer === dealer, say`${whose} is not one of the secret of ${dealer}`);
    const share = unhex(statement.share);
    need(isScalar(share), say`${whose} is not a number of the group`);
    const place = ids(draw).indexOf(party) + 1;
    need(shareFits(share, place, points), say`${whose} does not fit what ${dealer} bound`);
    return [place, share];
  });
  const right = equal(recover(dealt), secretOf(attempt, dealer));
  need(right, say`the shares in ${at(step)} give another secret`);
  need(fitsPoint(attempt, dealer), say`the secret in ${at(step)} is not what ${dealer} bound`);
};

/** 12 */
export const deadline = (draw) => {
  const drand = uses(draw, "drand");
  for (const attempt of reached(draw, "reveals")) {
    const last = appears(drand, drand.rounds[attempt.number - 1], -60);
    for (const [party, step] of attempt.reveals) {
      need(step.at <= last, say`the secret of ${party} in ${at(step)} came less than 60 s before the beacon`);
    }
  }
};

/** When the beacon of a round appears, and `more` seconds, as documents write times. */
const appears = (drand, round, more = 0) =>
  new Date((beaconTime(drand, round) + more) * 1000).toISOString().replace(/Z$/, "000Z");

/** 13 */
export const beacon = (draw, { chain = QUICKNET }) => {
  const drand = uses(draw, "drand");
  for (const name of Object.keys(QUICKNET)) {
    need(drand[name] === chain[name], say`the config's beacon is not the pinned chain: ${name} differs`);
  }
  for (const { number, beacon: step, reveals: known } of reached(draw, "beacon")) {
    const { round, signature, randomness } = step.body;
    const due = drand.rounds[number - 1];
    need(round === due, say`${at(step)} is of round ${round} instead of ${due}`);
    const right = hex(sha256(unhex(signature))) === randomness;
    need(right, say`the randomness in ${at(step)} is not that of the signature`);
    need(step.at >= appears(drand, round), say`${at(step)} is earlier than its round appeared`);
    for (const reveal of known.values()) need(reveal.n < step.n, say`${at(reveal)} comes after the beacon`);
  }
};

/** 14 */
export const beaconSignature = (draw) => {
  const key = unhex(uses(draw, "drand").public_key);
  for (const { beacon: step } of reached(draw, "beacon")) {
    const { round, signature } = step.body;
    const right = verifyBeacon(round, unhex(signature), key);
    need(right, say`the signature in ${at(step)} is not the chain's for round ${round}`);
  }
};

/** 15 */
export const seed = (draw) => {
  for (const attempt of reached(draw, "seed")) {
    const { seed: step } = attempt;
    const values = draw.config.randomness.public.map((source) => publicValue(attempt, source));
    const same = values.map(hex).join("") === step.body.public;
    need(same, say`${at(step)} names other public randomness than was recorded`);
    const known = ids(draw).map((id) => secretOf(attempt, id));
    const made = seedOf(unhex(draw.listed.body.draw_hash), attempt.number, known, values);
    need(hex(made) === step.body.seed, say`${at(step)} is not the seed that secrets and public randomness make`);
  }
};

const publicValue = (attempt, source) => {
  const kind = source === "drand" ? "beacon" : "dice";
  const step = attempt[kind];
  need(step, say`attempt ${attempt.number} has no ${kind}`);
  return kind === "dice" ? diceValue(only(step).dice) : sha256(unhex(step.body.signature));
};
