/** Receipts: the log's signed word that records were taken in. docs/evidence-format.md, section 6. */

import { linesOf, textOf, utf8 } from "./bytes.mjs";
import { parseCanonical } from "./canonical.mjs";
import { demand, parsing, refuse, UnusableError } from "./errors.mjs";
import { CHAIN, HASH, ORIGIN, SIZE, VERSION, checkMembers, isTime, list } from "./form.mjs";
import { MAX_RECEIPT, MAX_RECEIPTS } from "./limits.mjs";
import { parseNote } from "./note.mjs";

const MOST_RECORDS = 256;
const QUOTE = 0x22;
const RECEIPT = {
  v: VERSION,
  log: ORIGIN,
  type: /^receipt$/,
  issued_at: isTime,
  records: list(1, MOST_RECORDS, { chain: CHAIN, seq: SIZE, leaf: HASH }),
};

/** Return the members of a receipt, and its note. */
export function parseReceipt(data) {
  const note = parseNote(data, { most: MAX_RECEIPT });
  return { members: checkMembers(parseCanonical(note.text.slice(0, -1)), RECEIPT), note };
}

/** Return a receipt that a key of the log signed, and that key. */
export async function checkReceipt(data, keys, where) {
  const { members, note } = await parsing("malformed-receipt", where, () => parseReceipt(data));
  demand(members.log === keys.origin, "bad-signature", where, "its log is not that of the pinned key");
  return { members, key: await keys.checkAnySignature(note, where) };
}

/** Return a name for what a receipt says of a record: chain, number and leaf hash. */
export function nameOf({ chain, seq, leaf }) {
  return `${chain}-${seq} ${leaf}`;
}

/** Return the receipts in a file: one as it is, or JSON Lines, each line a string that holds one. */
export function splitReceipts(data) {
  refuse(data.length > MAX_RECEIPTS, `more than ${MAX_RECEIPTS} bytes of receipts`);
  if (data[0] !== QUOTE) return [data];
  const lines = linesOf(data);
  if (lines.at(-1).length === 0) lines.pop();
  return lines.map((line) => utf8(quoted(line)));
}

function quoted(line) {
  try {
    const text = JSON.parse(textOf(line));
    if (typeof text === "string") return text;
  } catch {
    // said below
  }
  throw new UnusableError("a line of receipts is no JSON string");
}
