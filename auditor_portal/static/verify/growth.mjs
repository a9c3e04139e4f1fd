/** That one checkpoint continues another: C2SP's consistency proof, one hash on each line, from the leaves up. */

import { fromBase64, same, sha256, textOf } from "./bytes.mjs";
import { refuse } from "./errors.mjs";
import { checkConsistency } from "./tree.mjs";

const HASH_SIZE = 32;
const MOST_HASHES = 63; // a tree of 2^63 leaves has no longer proofs

/** Return the hashes of a consistency proof. */
export function parseGrowth(data) {
  const lines = textOf(data, 2 ** 13).split("\n");
  const rest = lines.pop();
  refuse(rest !== "" || lines.length > MOST_HASHES, "not at most 63 hashes, each on a line");
  const hashes = lines.map(fromBase64);
  refuse(hashes.some((hash) => hash.length !== HASH_SIZE), "a hash has not 32 bytes");
  return hashes;
}

/** Refuse a proof that does not show that the tree of `later` continues the one of `earlier`. */
export async function checkGrowth(earlier, later, proof) {
  if (earlier.size > 0) {
    await checkConsistency(earlier.size, earlier.root, later.size, later.root, proof);
    return;
  }
  refuse(proof.length > 0, "a proof where none is needed");
  const empty = await sha256(new Uint8Array());
  const roots = same(earlier.root, empty) && (later.size > 0 || same(later.root, empty));
  refuse(!roots, "the empty tree has another root");
}
