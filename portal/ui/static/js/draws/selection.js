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

/** Which ticket lies in places that were moved: open addressing, places kept as place + 1. */
class Moved {
  constructor(bits = 12) {
    this.size = 0;
    this.bits = bits;
    this.places = new Uint32Array(1 << bits);
    this.tickets = new Uint32Array(1 << bits);
  }

  #slot(place) {
    const mask = this.places.length - 1;
    let slot = Math.imul(place, 0x9e37_79b1) >>> (32 - this.bits);
    while (this.places[slot] !== 0 && this.places[slot] !== place + 1) slot = (slot + 1) & mask;
    return slot;
  }

  get(place) {
    const slot = this.#slot(place);
    return this.places[slot] === 0 ? place : this.tickets[slot];
  }

  /** Puts `ticket` into `place` and gives what lay there. */
  swap(place, ticket) {
    const slot = this.#slot(place);
    const before = this.places[slot] === 0 ? place : this.tickets[slot];
    this.tickets[slot] = ticket;
    if (this.places[slot] === 0) {
      this.places[slot] = place + 1;
      this.size += 1;
      if (2 * this.size > this.places.length) this.#grow();
    }
    return before;
  }

  #grow() {
    const { places, tickets } = this;
    Object.assign(this, new Moved(this.bits + 1));
    places.forEach((place, i) => {
      if (place) this.swap(place - 1, tickets[i]);
    });
  }

  /** All tickets in their places, from `first` on. */
  laidOut(total, first) {
    const all = new Uint32Array(total);
    for (let n = first; n < total; n += 1) all[n] = n;
    this.places.forEach((place, i) => {
      if (place) all[place - 1] = this.tickets[i];
    });
    return all;
  }
}

/**
 * A uniform permutation of 0 … total−1 (Fisher and Yates), ticket by ticket.
 * @param {Uint8Array} key 32 bytes @param {number} total below 2³²
 * @returns {{next: function(): number}} not to be asked more than `total` times
 */
export const permutation = (key, total) => {
  const word = stream(key);
  let moved = new Moved();
  let array = null;
  let i = 0;

  const exchanged = (r) => {
    if (!array) return moved.swap(r, moved.get(i));
    const ticket = array[r];
    array[r] = array[i];
    return ticket;
  };

  return {
    next() {
      const m = total - i;
      let x = word();
      // Words from the last, incomplete multiple of m on are left out; most lie far below.
      if (x > ALL - m) {
        const limit = ALL - (ALL % m);
        while (x >= limit) x = word();
      }
      // The remainder by division: exact below 2³², and quicker than % on such numbers.
      const ticket = exchanged(i + x - m * Math.floor(x / m));
      i += 1;
      if (!array && moved.size >= MANY && total <= ARRAY) {
        array = moved.laidOut(total, i);
        moved = null;
      }
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
  }

  has(n) {
    return (this.bits[n >>> 3] >>> (n & 7)) & 1;
  }

  add(n) {
    this.bits[n >>> 3] |= 1 << (n & 7);
  }

  /** How many of the positions start … end − 1 are marked. */
  within(start, end) {
    let count = 0;
    let n = start;
    for (; n < end && n & 7; n += 1) count += this.has(n);
    for (; n + 8 <= end; n += 8) count += ONES[this.bits[n >>> 3]];
    for (; n < end; n += 1) count += this.has(n);
    return count;
  }
}
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

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
    for (const position of winners) this.won.add(position);
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
    return stage.pools.reduce((sum, id) => {
      const { start, end } = this.list.pools.find((pool) => pool.id === id);
      return sum + this.won.within(start, end);
    }, 0);
  }
}
