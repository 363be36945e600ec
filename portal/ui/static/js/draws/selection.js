/**
 * Who is drawn: LOT-1's stream of numbers, the sparse shuffle, and the stages of a draw.
 *
 * stageKey(seed, n), auditKey(seed), permutation(key, total): an object whose next() gives the next
 * ticket; Selection: the stages one after the other (draw() each), with who has won so far;
 * positionsHash(...lists): positions_sha256. All numbers are u32: >>> 0 keeps them so.
 */
import { tagged } from "./crypto.js";
import { hex, u32 } from "./bytes.js";
import { compress, IV, words } from "./sha256.js";
import { sha256 } from "../../vendor/noble/hashes/sha2.js";

const ALL = 0x1_0000_0000;
//: From so many tickets on an array of all is smaller than a map of those that moved.
const MANY = 1 << 20;
const ARRAY = 1 << 29;

/** Key of stage n; here stages count from 0. */
export const stageKey = (seed, n) => tagged("stage", seed, u32(n));

/** Key of the sample that is opened to the notary. */
export const auditKey = (seed) => tagged("audit", seed);

/** Blocks SHA-256(key ‖ u64 j), each eight u32: next() gives them one by one. */
const stream = (key) => {
  const block = new Int32Array(16);
  block.set(words(key));
  block[10] = 0x8000_0000 | 0;
  block[15] = 40 * 8;
  const state = new Int32Array(8);
  let j = 0;
  let left = 0;
  return () => {
    if (left === 0) {
      block[8] = Math.floor(j / ALL);
      block[9] = j | 0;
      state.set(IV);
      compress(state, block);
      j += 1;
      left = 8;
    }
    left -= 1;
    return state[7 - left] >>> 0;
  };
};

/**
 * A uniform permutation of 0 … total−1 (Fisher and Yates), ticket by ticket.
 * @param {Uint8Array} key 32 bytes @param {number} total below 2³²
 * @returns {{next: function(): number}} not to be asked more than `total` times
 */
export const permutation = (key, total) => {
  const word = stream(key);
  let moved = new Map();
  let array = null;
  let i = 0;

  const spread = () => {
    array = new Uint32Array(total);
    for (let n = i; n < total; n += 1) array[n] = n;
    for (const [n, ticket] of moved) array[n] = ticket;
    moved = null;
  };

  return {
    next() {
      const m = total - i;
      const limit = ALL - (ALL % m);
      let x = word();
      while (x >= limit) x = word();
      const r = i + (x % m);
      let ticket;
      if (array) {
        ticket = array[r];
        array[r] = array[i];
      } else {
        ticket = moved.get(r) ?? r;
        if (r !== i) moved.set(r, moved.get(i) ?? i);
        moved.delete(i);
        if (moved.size >= MANY && total <= ARRAY) {
          i += 1;
          spread();
          return ticket;
        }
      }
      i += 1;
      return ticket;
    },
  };
};

/** SHA-256 of the positions as u32 big-endian, list after list, hex. */
export const positionsHash = (...lists) => {
  const hasher = sha256.create();
  const piece = new Uint8Array(4 * 16_384);
  const view = new DataView(piece.buffer);
  for (const list of lists) {
    for (let from = 0; from < list.length; from += 16_384) {
      const count = Math.min(16_384, list.length - from);
      for (let n = 0; n < count; n += 1) view.setUint32(4 * n, list[from + n]);
      hasher.update(piece.subarray(0, 4 * count));
    }
  }
  return hex(hasher.digest());
};

/** Runs of tickets of a stage: [first ticket, first position, weight] by first ticket, and totals. */
const runsOf = (stage, list) => {
  const runs = [];
  let tickets = 0;
  let entries = 0;
  for (const id of stage.pools) {
    const pool = list.pools.find((one) => one.id === id);
    let position = pool.start;
    for (const [weight, count] of pool.weights) {
      if (count > 0) runs.push([tickets, position, weight]);
      tickets += weight * count;
      position += count;
      entries += count;
    }
  }
  return { runs, tickets, entries };
};

const holderOf = (runs, ticket) => {
  let low = 0;
  let high = runs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (runs[middle][0] <= ticket) low = middle;
    else high = middle - 1;
  }
  const [first, position, weight] = runs[low];
  return position + (weight === 1 ? ticket - first : Math.floor((ticket - first) / weight));
};

/** One bit for each position. */
class Marks {
  constructor(count) {
    this.bits = new Uint8Array(Math.ceil(count / 8));
    this.count = 0;
  }

  has(n) {
    return (this.bits[n >>> 3] >>> (n & 7)) & 1;
  }

  add(n) {
    this.bits[n >>> 3] |= 1 << (n & 7);
    this.count += 1;
  }
}

/** The stages of one attempt, drawn in order from its seed. */
export class Selection {
  /** @param {object} config @param {object} list @param {Uint8Array} seed 32 bytes */
  constructor(config, list, seed) {
    Object.assign(this, { config, list, seed, stage: 0, carried: 0 });
    this.won = new Marks(list.count);
  }

  /**
   * The next stage.
   * @returns {{stage: number, places: number, winners: Uint32Array, alternates: Uint32Array,
   *   unfilled: number, positions_sha256: string}}
   */
  draw() {
    const stage = this.config.stages[this.stage];
    const key = stageKey(this.seed, this.stage);
    this.stage += 1;
    const { runs, tickets, entries } = runsOf(stage, this.list);
    const eligible = entries - (stage.repeat ? 0 : this.#wonIn(stage));
    const places = stage.winners === "all" ? eligible : stage.winners + this.carried;
    const wanted = Math.min(places, eligible);
    const extra = Math.min(stage.alternates, eligible - wanted);
    const taken = this.#take(stage, key, runs, tickets, wanted + extra);
    const winners = taken.subarray(0, wanted);
    const alternates = taken.subarray(wanted);
    for (const position of winners) if (!this.won.has(position)) this.won.add(position);
    const unfilled = places - wanted;
    this.carried = stage.unfilled === "carry" ? unfilled : 0;
    const digest = positionsHash(winners, alternates);
    return { stage: this.stage, places, winners, alternates, unfilled, positions_sha256: digest };
  }

  #take(stage, key, runs, tickets, count) {
    const taken = new Uint32Array(count);
    if (!count) return taken;
    const seen = new Marks(this.list.count);
    const { next } = permutation(key, tickets);
    for (let n = 0; n < count;) {
      const position = holderOf(runs, next());
      const out = seen.has(position) || (!stage.repeat && this.won.has(position));
      if (!out) {
        seen.add(position);
        taken[n] = position;
        n += 1;
      }
    }
    return taken;
  }

  #wonIn(stage) {
    let count = 0;
    if (!this.won.count) return 0;
    for (const id of stage.pools) {
      const { start, end } = this.list.pools.find((pool) => pool.id === id);
      for (let n = start; n < end; n += 1) count += this.won.has(n);
    }
    return count;
  }
}
