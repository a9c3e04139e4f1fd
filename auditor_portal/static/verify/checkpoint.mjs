/** Checkpoints, the heads of the tree over all seals, and the leaves between them: section 6. */

import { fromBase64, fromHex, textOf } from "./bytes.mjs";
import { demand, parsing, refuse } from "./errors.mjs";
import { DECIMAL, MAX_INTEGER } from "./form.mjs";
import { MAX_LEAVES } from "./limits.mjs";
import { checkSignature, parseNote } from "./note.mjs";

const TEXT = new RegExp(`^([!-*,-~]{1,128})\n${DECIMAL}\n([^\n]+)\n$`);
const LEAF = /^([0-9a-f]{20}) (0|[1-9][0-9]{0,11}) ([0-9a-f]{64})$/;
const HASH_SIZE = 32;

/** Return origin, size and root of the text of a checkpoint. */
export function parseCheckpoint(text) {
  const match = TEXT.exec(text);
  refuse(match === null, "not three lines: origin, number of leaves, root");
  const root = fromBase64(match[3]);
  refuse(root.length !== HASH_SIZE || Number(match[2]) > MAX_INTEGER, "its root has not 32 bytes, or it is too large");
  return { origin: match[1], size: Number(match[2]), root };
}

/** Return text, size and root of a checkpoint, signed by the key of its last leaf. */
export async function checkCheckpoint(data, keys, where, { stored }) {
  const [note, found] = await parsing("malformed-checkpoint", where, () => {
    const parsed = parseNote(data, { lines: stored ? 1 : 0 });
    return [parsed, parseCheckpoint(parsed.text)];
  });
  demand(found.origin === keys.origin, "bad-signature", where, "its origin is not that of the pinned key");
  await checkSignature(note, keys.at(found.size - 1), where);
  return { ...found, text: note.text, signatures: note.signatures };
}

/** Return chain, segment and seal hash of each line of a batch of leaves. */
export function parseLeaves(data) {
  const lines = textOf(data, MAX_LEAVES).split("\n");
  const rest = lines.pop();
  const matches = lines.map((line) => LEAF.exec(line));
  const formed = rest === "" && matches.length > 0 && !matches.includes(null);
  refuse(!formed, "not lines of a chain, a segment and a seal hash");
  return matches.map((match) => ({ chain: match[1], segment: Number(match[2]), leaf: fromHex(match[3]) }));
}
