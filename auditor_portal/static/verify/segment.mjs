/** A segment and its seal: docs/evidence-format.md, section 6, and section 8, step 6. */

import { hex, linesOf, sha256Hex } from "./bytes.mjs";
import { parseCanonical } from "./canonical.mjs";
import { demand, parsing, refuse } from "./errors.mjs";
import { CHAIN, CLASS, HASH, MAX_INTEGER, ORIGIN, SIZE, VERSION, checkMembers, integer, isTime } from "./form.mjs";
import { MAX_SEGMENT } from "./limits.mjs";
import { idOf, parseRecord } from "./record.mjs";
import { leafHash, rootOf } from "./tree.mjs";

const MOST_RECORDS = 5_000;
const NO_BYTES = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; // SHA-256 of nothing
const TIME_OR_NONE = (value) => value === null || isTime(value);
const SEAL = {
  v: VERSION,
  log: ORIGIN,
  chain: CHAIN,
  class: CLASS,
  segment: integer(0, 10 ** 12 - 1),
  previous: HASH,
  first_seq: SIZE,
  count: integer(0, MOST_RECORDS),
  first_prev: HASH,
  head: HASH,
  root: HASH,
  sha256: HASH,
  bytes: integer(0, MAX_SEGMENT),
  min_time: TIME_OR_NONE,
  max_time: TIME_OR_NONE,
  sealed_at: isTime,
  retain_until: isTime,
  checkpoint: HASH,
};

/** Return the members of a seal from the text of its note. */
export function parseSeal(text) {
  const seal = checkMembers(parseCanonical(text.slice(0, -1)), SEAL);
  const times = [seal.min_time, seal.max_time];
  if (seal.count > 0) {
    refuse(times.includes(null) || seal.bytes === 0, "the times or bytes of its records are missing");
  } else {
    const none = seal.head === seal.first_prev && seal.root === NO_BYTES && seal.sha256 === NO_BYTES;
    refuse(!none || seal.bytes !== 0 || times.some((time) => time !== null), "a heartbeat has no records");
  }
  return seal;
}

/** Return the key of the object that a seal names. */
export function segmentKey(seal) {
  return `chains/${seal.chain}/segments/${numbered(seal.segment)}-${seal.sha256}.jsonl`;
}

/** Return a number as it stands in keys. */
export function numbered(number) {
  return String(number).padStart(12, "0");
}

/** What the epoch of the record before can be, where nothing is known of it. */
export const ANY_EPOCH = Object.freeze([0, MAX_INTEGER]);

/** What the epoch before the first record of a chain is. */
export const NO_EPOCH = Object.freeze([0, 0]);

/**
 * Check the bytes of a segment against its seal, and its records in turn.
 *
 * `where` is the place of the segment, `sealedBy` that of the seal, `epochs` the least and the greatest that the epoch
 * before can be, and `see` is told each record with its leaf hash. Returns the epoch of the last record.
 */
export async function checkSegment(data, seal, { where, sealedBy, epochs, see, pace }) {
  const asSealed = data.length === seal.bytes && (await sha256Hex(data)) === seal.sha256;
  demand(asSealed, "wrong-segment", where, "its length or hash is not as sealed");
  const lines = linesOf(data);
  const rest = lines.pop();
  const leaves = await Promise.all(lines.slice(0, seal.count).map(leafHash));
  let [prev, before, least, greatest] = [seal.first_prev, epochs, null, null];
  for (let place = 0; place < seal.count; place++) {
    const expected = { chain: seal.chain, seq: seal.first_seq + place, class: seal.class };
    const at = idOf(expected);
    demand(place < lines.length, "wrong-count", at, "the segment ends before this record");
    const record = await checkRecord(lines[place], at, expected, prev, before);
    prev = hex(leaves[place]);
    before = [record.epoch, record.epoch];
    least = least === null || record.time < least ? record.time : least;
    greatest = greatest === null || record.time > greatest ? record.time : greatest;
    see(record, prev);
    await pace.turn();
  }
  const end = `${seal.chain}-${seal.first_seq + seal.count}`;
  const ends = lines.length === seal.count && rest.length === 0;
  demand(ends, "wrong-count", end, "the segment goes on after its records");
  const agrees = hex(await rootOf(leaves)) === seal.root && prev === seal.head;
  const times = least === seal.min_time && greatest === seal.max_time;
  demand(agrees && times, "wrong-root", sealedBy, "root, head or times are not its records'");
  return before;
}

/** Return the members of one record of a segment, if it follows the record before it. */
async function checkRecord(line, where, expected, prev, [least, greatest]) {
  const record = await parsing("malformed-record", where, () => parseRecord(line));
  const placed = Object.entries(expected).every(([name, value]) => record[name] === value);
  demand(placed, "misplaced-record", where, "its chain, number or class is another's");
  demand(record.prev === prev, "broken-chain", where, "it does not name the record before it");
  const epoch = record.epoch - Number(record.type === "chain.opened");
  demand(epoch >= least && epoch <= greatest, "wrong-epoch", where, "its epoch does not follow from the one before");
  return record;
}
