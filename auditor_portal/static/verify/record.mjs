/** One record: docs/evidence-format.md, sections 2 and 4. Pure: bytes to members. */

import { fromBase64, textOf } from "./bytes.mjs";
import { parseCanonical } from "./canonical.mjs";
import { CHAIN, CLASS, HASH, MAX_INTEGER, SIZE, VERSION, checkMembers, integer, isTime, list } from "./form.mjs";
import { MAX_RECORD } from "./limits.mjs";

const MAX_BLOCKS = 8;
const MIN_CIPHERTEXT = 16 + 16; // salt and tag
const BLOCK = {
  alg: /^A256GCM$/,
  commit: HASH,
  ct: (value) => typeof value === "string" && fromBase64(value).length >= MIN_CIPHERTEXT,
  kid: /^k_[0-9a-f]{32}$/,
  nonce: /^[0-9a-f]{24}$/,
  subject: /^psn_[0-9a-f]{32}$/,
};
const RECORD = {
  v: VERSION,
  chain: CHAIN,
  epoch: integer(1, MAX_INTEGER),
  seq: SIZE,
  prev: HASH,
  time: isTime,
  type: /^(?=.{1,64}$)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/,
  class: CLASS,
  tenant: /^[a-z0-9][a-z0-9_-]{0,63}$/,
  body: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
  sealed: list(1, MAX_BLOCKS, BLOCK),
  orphan_of: { chain: CHAIN, leaf: HASH, seq: SIZE },
};

/** Return the members of a record. */
export function parseRecord(data) {
  return checkMembers(parseCanonical(textOf(data, MAX_RECORD)), RECORD, ["sealed", "orphan_of"]);
}

/** Return the decision id of a record. */
export function idOf(record) {
  return `${record.chain}-${record.seq}`;
}
