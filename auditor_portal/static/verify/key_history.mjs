/** The keys of a log in their order, and the statements that lead from each to the next: section 6. */

import { ZEROS, sha256Hex, utf8 } from "./bytes.mjs";
import { parseCanonical } from "./canonical.mjs";
import { demand, parsing, refuse } from "./errors.mjs";
import { HASH, MAX_INTEGER, ORIGIN, SIZE, VERSION, checkMembers, integer, isTime } from "./form.mjs";
import { parseExactKey } from "./key.mjs";
import { checkSignature, isBy, parseNote } from "./note.mjs";

const TEXT = (value) => typeof value === "string";
const STATEMENT = {
  v: VERSION,
  log: ORIGIN,
  number: integer(1, MAX_INTEGER),
  previous: HASH,
  previous_key: TEXT,
  key: TEXT,
  size: SIZE,
  root: HASH,
  reason: /^(rotated|compromised)$/,
  time: isTime,
};

/** Return note, members and the two keys of a key statement. */
async function parseStatement(data) {
  const note = parseNote(data, { lines: 2 });
  const members = checkMembers(parseCanonical(note.text.slice(0, -1)), STATEMENT);
  const [before, after] = [await parseExactKey(members.previous_key), await parseExactKey(members.key)];
  refuse(before.origin !== members.log || after.origin !== members.log, "its keys are not of its log");
  return { note, members, before, after };
}

/** What is known of a log's keys; with no statement, the pinned key alone. */
export class KeyHistory {
  constructor(pinned) {
    Object.assign(this, { pinned, origin: pinned.origin, keys: [pinned], statements: [], last: ZEROS });
  }

  /** Return the key that signs the seal at this place of the tree; -1 is before the first. */
  at(leaf) {
    return this.keys[this.statements.filter((statement) => statement.size <= leaf).length];
  }

  /** Take in the next statement, signed by the key before it and by the key it brings. */
  async take(data, where) {
    const { note, members, before, after } = await parsing("malformed-statement", where, () => parseStatement(data));
    if (this.statements.length === 0) this.keys = [before]; // whatever was pinned: it may be a later one
    this.checkFollows(members, after, where);
    demand(members.log === this.pinned.origin, "bad-signature", where, "its log is not that of the pinned key");
    for (const [place, key] of [before, after].entries()) {
      const signature = note.signatures[place];
      const holds = isBy(signature, key) && (await key.holds(signature.value, utf8(note.text)));
      demand(holds, "bad-signature", where, `it is not signed by the key ${key.name} in its place`);
    }
    this.keys.push(after);
    this.statements.push(members);
    this.last = await sha256Hex(utf8(note.text));
  }

  checkFollows(members, after, where) {
    const known = this.statements.at(-1);
    const follows = members.number === this.statements.length + 1 && members.previous === this.last;
    const continues = follows && members.previous_key === this.keys.at(-1).line;
    const grows = known === undefined || members.size >= known.size;
    demand(continues && grows, "broken-key-history", where, "it does not continue the statement before it");
    const fresh = this.keys.every((key) => key.name !== after.name);
    demand(fresh, "broken-key-history", where, "it brings back a key that was there before");
  }

  /** Demand that the pinned key is one of the history's. */
  checkPinned(where) {
    const there = this.keys.some((key) => key.line === this.pinned.line);
    demand(there, "bad-signature", where, "the statements do not speak of the pinned key");
  }

  /** Demand a signature by any one key of the log, and return that key. */
  async checkAnySignature(note, where) {
    const ours = this.keys.filter((key) => note.signatures.some((signature) => isBy(signature, key)));
    demand(ours.length === 1, "bad-signature", where, "it has not one signature by a key of the log");
    await checkSignature(note, ours[0], where);
    return ours[0];
  }
}
