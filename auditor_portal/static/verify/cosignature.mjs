/** Cosignatures of witnesses: C2SP tlog-cosignature, the Ed25519 kind. docs/evidence-format.md, section 6. */

import { fromBase64, hex, same, textOf, utf8 } from "./bytes.mjs";
import { refuse } from "./errors.mjs";
import { KEY_ID_SIZE, SIGNATURE_SIZE } from "./key.mjs";
import { MAX_COSIGNATURE } from "./limits.mjs";

const LINE = /^— ([!-*,-~]{1,128}) ([^ \n]+)\n$/;
const TIME_SIZE = 8;
const LAST_SECOND = 253_402_300_799n; // of the year 9999

/** Return name, key id, seconds since 1970 and signature of a cosignature, unchecked. */
export function parseCosignature(data) {
  const match = LINE.exec(textOf(data, MAX_COSIGNATURE));
  refuse(match === null, "not a cosignature line");
  const signed = fromBase64(match[2]);
  const size = KEY_ID_SIZE + TIME_SIZE + SIGNATURE_SIZE;
  refuse(signed.length !== size, "not the length of a cosignature of Ed25519");
  return cosignatureOf(match[1], signed.slice(0, KEY_ID_SIZE), signed.slice(KEY_ID_SIZE));
}

/** Return a cosignature from what stands in a signature line: name, key id, and time with signature. */
export function cosignatureOf(name, id, value) {
  refuse(value.length !== TIME_SIZE + SIGNATURE_SIZE, "not the length of a cosignature of Ed25519");
  const seconds = BigInt(`0x${hex(value.slice(0, TIME_SIZE))}`);
  refuse(seconds > LAST_SECOND, "its time is after the year 9999");
  return { name, id, seconds: Number(seconds), signature: value.slice(TIME_SIZE) };
}

/** Return whether a witness's key made a cosignature over the text of a checkpoint. */
export function cosigned(found, key, text) {
  return key.holds(found.signature, utf8(`cosignature/v1\ntime ${found.seconds}\n${text}`));
}

/** Return whether a cosignature names this key. */
export function isByWitness(found, key) {
  return found.name === key.origin && same(found.id, key.id);
}

/** Return seconds since 1970 as a time. */
export function timeOf(seconds) {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.000000Z`;
}
