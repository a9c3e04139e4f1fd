/** Proof that one record is in the log: a C2SP tlog-proof. docs/evidence-format.md, section 7. */

import { base64, fromBase64, fromHex, hex, same, textOf, utf8 } from "./bytes.mjs";
import { parseCanonical } from "./canonical.mjs";
import { checkCheckpoint } from "./checkpoint.mjs";
import { demand, parsing, refuse } from "./errors.mjs";
import { DECIMAL, HASH, VERSION, checkMembers, list } from "./form.mjs";
import { MAX_PROOF } from "./limits.mjs";
import { idOf, parseRecord } from "./record.mjs";
import { parseSeal } from "./segment.mjs";
import { leafHash, rootByProof } from "./tree.mjs";

const HEAD = new RegExp(`^c2sp\\.org/tlog-proof@v1\nextra ([^\n]+)\nindex ${DECIMAL}((?:\n[^\n]+)*)$`);
const HASH_SIZE = 32;
const TEXT = (value) => typeof value === "string";
const EXTRA = { v: VERSION, proof: list(0, Infinity, HASH), record: TEXT, seal: TEXT };

/** Return the extra object, the seal's index and inclusion proof, and the bytes of the checkpoint. */
export function parseProof(data) {
  const text = textOf(data, MAX_PROOF);
  const gap = text.indexOf("\n\n");
  const match = HEAD.exec(gap < 0 ? text : text.slice(0, gap));
  refuse(match === null, "not a tlog-proof with an extra line");
  const path = match[3].split("\n").slice(1).map(fromBase64);
  refuse(path.some((node) => node.length !== HASH_SIZE), "a hash has not 32 bytes");
  const extra = checkMembers(parseCanonical(textOf(fromBase64(match[1]), MAX_PROOF)), EXTRA);
  return { extra, index: Number(match[2]), path, checkpoint: utf8(gap < 0 ? "" : text.slice(gap + 2)) };
}

/**
 * Follow the proof of one record from its bytes to a checkpoint by a key of the log.
 *
 * `told` is given each step that holds. Returns the record, its bytes and leaf hash, the seal, and the checkpoint.
 */
export async function checkProof(data, keys, told = () => undefined) {
  const { extra, index, path, checkpoint } = await parsing("malformed-proof", "proof", () => parseProof(data));
  const bytes = utf8(extra.record);
  const record = await parsing("malformed-record", "record", () => parseRecord(bytes));
  const seal = await parsing("malformed-seal", "seal", () => {
    refuse(!extra.seal.endsWith("\n"), "the text of a note ends in a newline");
    return parseSeal(extra.seal);
  });
  demand(seal.log === keys.origin, "misplaced-seal", "seal", "its log is not that of the pinned key");
  const placed = record.chain === seal.chain && record.class === seal.class;
  demand(placed, "misplaced-record", "record", "its chain or class is not that of the seal");
  const leaf = await leafHash(bytes);
  told("record", { id: idOf(record), leaf: hex(leaf) });
  const ownRoot = await parsing("wrong-proof", "record", () =>
    rootByProof(leaf, record.seq - seal.first_seq, seal.count, extra.proof.map(fromHex)),
  );
  demand(hex(ownRoot) === seal.root, "wrong-proof", "record", "its proof does not lead to the root in the seal");
  told("path-to-seal", { hashes: extra.proof.length, count: seal.count, root: seal.root, segment: seal.segment });
  const head = await checkCheckpoint(checkpoint, keys, "checkpoint", { stored: false });
  told("checkpoint-signature", { size: head.size, key: keys.at(head.size - 1).name, log: keys.origin });
  const sealHash = await leafHash(utf8(extra.seal));
  const root = await parsing("wrong-proof", "seal", () => rootByProof(sealHash, index, head.size, path));
  demand(same(root, head.root), "wrong-proof", "seal", "its proof does not lead to the root in the checkpoint");
  told("path-to-checkpoint", { hashes: path.length, size: head.size, root: base64(root), index });
  return { record, bytes, leaf: hex(leaf), seal, head };
}
