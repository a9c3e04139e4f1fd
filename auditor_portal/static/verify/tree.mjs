/** RFC 6962: leaf and node hashes, roots, inclusion and consistency. Hashes are 32 bytes. */

import { joined, same, sha256 } from "./bytes.mjs";
import { refuse } from "./errors.mjs";

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

/** Return the leaf hash of bytes (section 2.1). */
export function leafHash(data) {
  return sha256(joined(LEAF, data));
}

/** Return the hash of an inner node (section 2.1). */
export function nodeHash(left, right) {
  return sha256(joined(NODE, left, right));
}

/** Return the root over leaf hashes, level by level: a node without a sibling moves up as it is. */
export async function rootOf(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array());
  let level = leaves;
  while (level.length > 1) {
    const above = [];
    for (let place = 0; place < level.length; place += 2) {
      above.push(place + 1 < level.length ? nodeHash(level[place], level[place + 1]) : level[place]);
    }
    level = await Promise.all(above);
  }
  return level[0];
}

/** The tree over the leaf hashes added so far: the roots of its full subtrees, the largest first. */
export class Tree {
  constructor() {
    this.size = 0;
    this.full = [];
  }

  /** Add a leaf on the right: as often as the size is odd, the two last subtrees are of one size and join. */
  async add(leaf) {
    let node = leaf;
    for (let rest = this.size; rest % 2 === 1; rest = (rest - 1) / 2) node = await nodeHash(this.full.pop(), node);
    this.full.push(node);
    this.size += 1;
  }

  /** Return the root: the full subtrees joined from the right. */
  async root() {
    if (this.size === 0) return sha256(new Uint8Array());
    let root = this.full.at(-1);
    for (const left of this.full.slice(0, -1).reverse()) root = await nodeHash(left, root);
    return root;
  }
}

/** Return the root to which an inclusion proof leads (section 2.1.1, read from the root downwards). */
export async function rootByProof(leaf, index, size, proof) {
  refuse(index < 0 || index >= size, `there is no leaf ${index} in a tree of ${size} leaves`);
  refuse(proof.length > 0 !== size > 1, "the inclusion proof has not the length that its tree asks for");
  if (size === 1) return leaf;
  let left = 1; // leaves in the left subtree: the largest power of two below the size
  while (left * 2 < size) left *= 2;
  const [rest, last] = [proof.slice(0, -1), proof.at(-1)];
  if (index < left) return nodeHash(await rootByProof(leaf, index, left, rest), last);
  return nodeHash(last, await rootByProof(leaf, index - left, size - left, rest));
}

/** Refuse a proof that does not lead from the root of `oldSize` leaves to that of `size` (RFC 9162, 2.1.4.2). */
export async function checkConsistency(oldSize, oldRoot, size, root, proof) {
  refuse(oldSize < 1 || oldSize > size, `no tree of ${oldSize} in one of ${size}`);
  if (oldSize === size) {
    refuse(proof.length > 0 || !same(oldRoot, root), "one size with two roots, or a proof where none is needed");
    return;
  }
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : [...proof];
  refuse(path.length === 0, "the consistency proof is too short");
  let [index, last] = [oldSize - 1, size - 1];
  const up = () => ([index, last] = [Math.floor(index / 2), Math.floor(last / 2)]);
  while (index % 2 === 1) up();
  let [oldNode, node] = [path[0], path[0]];
  for (const sibling of path.slice(1)) {
    refuse(last === 0, "the consistency proof is too long");
    if (index % 2 === 1 || index === last) {
      [oldNode, node] = await Promise.all([nodeHash(sibling, oldNode), nodeHash(sibling, node)]);
      while (index % 2 === 0 && index > 0) up();
    } else {
      node = await nodeHash(node, sibling);
    }
    up();
  }
  refuse(last !== 0 || !same(oldNode, oldRoot) || !same(node, root), "the proof does not lead to the two roots");
}

function isPowerOfTwo(size) {
  let power = 1;
  while (power < size) power *= 2;
  return power === size;
}
