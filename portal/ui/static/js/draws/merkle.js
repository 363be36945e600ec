/**
 * The tree of a list (RFC 6962 §2.1) whose leaves are already hashed.
 *
 * rootOfPath(leaf, position, count, path): the root an inclusion proof leads to (bytes | null when the
 * path has the wrong length); Tree: add(bytes of whole leaves) again and again, then root().
 */
import { concat } from "./bytes.js";
import { sha256 } from "./crypto.js";
import { bytesOf, compress, IV } from "./sha256.js";

const NODE = new Uint8Array([1]);

/**
 * RFC 9162 §2.1.3.2.
 * @param {Uint8Array} leaf @param {number} position @param {number} count @param {Uint8Array[]} path
 */
export const rootOfPath = (leaf, position, count, path) => {
  if (!(position >= 0 && position < count)) return null;
  let index = position;
  let last = count - 1;
  let root = leaf;
  for (const other of path) {
    if (last === 0 || other.length !== 32) return null;
    if (index % 2 === 1 || index === last) {
      root = sha256(concat(NODE, other, root));
      while (index % 2 === 0 && index !== 0) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = sha256(concat(NODE, root, other));
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : null;
};

/** Root of a file of leaves read piece by piece; keeps one node for each level. */
export class Tree {
  #levels = [];
  #block = new Int32Array(16);
  count = 0;

  /** @param {Uint8Array} bytes whole leaves of 32 bytes */
  add(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += 32) {
      let node = new Int32Array(8);
      for (let i = 0; i < 8; i += 1) node[i] = view.getInt32(at + 4 * i);
      let level = 0;
      // Each set bit of the count is a whole subtree that waits for its right-hand sibling.
      for (let n = this.count; n % 2 === 1; n = (n - 1) / 2) {
        node = this.#join(this.#levels[level], node);
        level += 1;
      }
      this.#levels[level] = node;
      this.count += 1;
    }
  }

  /** @returns {Uint8Array|null} null of nothing */
  root() {
    let root = null;
    let level = 0;
    for (let n = this.count; n > 0; n = Math.floor(n / 2)) {
      if (n % 2 === 1) root = root ? this.#join(this.#levels[level], root) : this.#levels[level];
      level += 1;
    }
    return root && bytesOf(root);
  }

  // SHA-256 of 0x01 ‖ left ‖ right: 65 bytes, everything one byte later than the words lie
  #join(left, right) {
    const block = this.#block;
    const node = Int32Array.from(IV);
    let before = 0x01;
    for (let i = 0; i < 8; i += 1) {
      block[i] = (before << 24) | (left[i] >>> 8);
      before = left[i] & 0xff;
    }
    for (let i = 0; i < 8; i += 1) {
      block[8 + i] = (before << 24) | (right[i] >>> 8);
      before = right[i] & 0xff;
    }
    compress(node, block);
    block.fill(0);
    block[0] = (before << 24) | 0x80_0000;
    block[15] = 65 * 8;
    compress(node, block);
    return node;
  }
}
