/**
 * The form of a time stamp (RFC 3161): which SHA-256 it is over, and when it says it was made. Section 6.
 *
 * A reader of DER for these few fields alone. Who signed it is not looked at: the offline verifier does that.
 */

import { fromHex, same } from "./bytes.mjs";
import { refuse } from "./errors.mjs";
import { isTime } from "./form.mjs";
import { MAX_TIMESTAMP } from "./limits.mjs";

const [INTEGER, OCTETS, OID, GENERALIZED_TIME, SEQUENCE, SET, EXPLICIT] = [2, 4, 6, 24, 48, 49, 160];
const SIGNED_DATA = fromHex("2a864886f70d010702");
const TST_INFO = fromHex("2a864886f70d0109100104");
const SHA256 = fromHex("608648016503040201");
const STAMPED = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]{1,9}))?Z$/;
const HASH_SIZE = 32;
const [ONE_BYTE, TWO_BYTES] = [0x81, 0x82]; // of a length that does not fit into seven bits

/** Return the SHA-256 that a TimeStampResp is over, and its time (section 2.4.2 of the RFC). */
export function parseTimestamp(data) {
  refuse(data.length > MAX_TIMESTAMP, `more than ${MAX_TIMESTAMP} bytes`);
  const [status, token] = take(whole(data, SEQUENCE), SEQUENCE);
  refuse(!same(take(status, INTEGER)[0], [0]), "no time stamp was granted");
  const [kind, content] = take(whole(token, SEQUENCE), OID);
  const behindVersion = take(whole(content, EXPLICIT, SEQUENCE), INTEGER)[1];
  const [infoKind, info] = take(take(take(behindVersion, SET)[1], SEQUENCE)[0], OID);
  refuse(!same(kind, SIGNED_DATA) || !same(infoKind, TST_INFO), "not signed data of a time stamp");
  return parseInfo(whole(info, EXPLICIT, OCTETS, SEQUENCE));
}

/** Return imprint and time of a TSTInfo. */
function parseInfo(data) {
  const [version, behindVersion] = take(data, INTEGER);
  const [hashed, rest] = take(take(behindVersion, OID)[1], SEQUENCE);
  const [algorithm, octets] = take(hashed, SEQUENCE);
  const imprint = whole(octets, OCTETS);
  const match = STAMPED.exec(String.fromCharCode(...take(take(rest, INTEGER)[1], GENERALIZED_TIME)[0]));
  const asItMust = same(version, [1]) && same(take(algorithm, OID)[0], SHA256) && imprint.length === HASH_SIZE;
  refuse(match === null || !asItMust, "not a time stamp of version 1 over a SHA-256");
  const [year, month, day, hour, minute, second, fraction = ""] = match.slice(1);
  const time = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 6).padEnd(6, "0")}Z`;
  refuse(!isTime(time), "not a real date and time");
  return { imprint, time };
}

/** Return the content of the element at the beginning, which has this tag, and what follows it. */
function take(data, tag) {
  refuse(data.length <= 1 || data[0] !== tag, "an element of a time stamp is missing");
  let [start, length] = [2, data[1]];
  if (length === ONE_BYTE || length === TWO_BYTES) {
    start += length - 0x80;
    length = data.subarray(2, start).reduce((number, byte) => number * 0x100 + byte, 0);
    refuse(length < (start === 3 ? 0x80 : 0x100), "a length is not in its shortest form");
  } else {
    refuse(length >= 0x80, "a length is longer than a time stamp");
  }
  refuse(data.length < start + length, "an element of a time stamp is cut off");
  return [data.subarray(start, start + length), data.subarray(start + length)];
}

/** Return the content of the one element that this is, inside of which is one, and so on. */
function whole(data, ...tags) {
  let content = data;
  for (const tag of tags) {
    const [inner, rest] = take(content, tag);
    refuse(rest.length > 0, "something stands behind an element of a time stamp");
    content = inner;
  }
  return content;
}
