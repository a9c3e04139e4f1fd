/**
 * A verifier key, of a log or of a witness, and Ed25519 in WebCrypto: docs/evidence-format.md, section 6.
 *
 * WebCrypto does not say whether 32 bytes are the encoding of a point, so that is worked out here (RFC 8032, section
 * 5.1.3); nothing of it is secret. What signs itself with a point of small order, WebCrypto may refuse where others
 * accept: no key generator makes such keys.
 */

import { base64, fromBase64, hex, joined, sha256, textOf, utf8 } from "./bytes.mjs";
import { refuse } from "./errors.mjs";
import { MAX_NOTE } from "./limits.mjs";

export const KEY_ID_SIZE = 4;
export const SIGNATURE_SIZE = 64;
export const LOG = 1;
export const WITNESS = 4;

const PUBLIC_SIZE = 32;
const LINE = /^([!-*,-~]{1,128})\+([0-9a-f]{8})\+([^\n]+)$/;
const P = 2n ** 255n - 19n;
const D = modulo(-121665n * power(121666n, P - 2n));

/** A public key: its name, the kind of what it signs, 4 bytes that name it in a signature, and 32 bytes. */
export class VerifierKey {
  constructor(origin, kind, id, bytes) {
    Object.assign(this, { origin, kind, id, bytes, imported: null });
    this.name = hex(id);
  }

  /** Return the key as one line, in its one form. */
  get line() {
    return `${this.origin}+${this.name}+${base64(joined(new Uint8Array([this.kind]), this.bytes))}`;
  }

  /** Return whether this key made this signature over these bytes (RFC 8032, section 5.1.7). */
  async holds(signature, data) {
    if (signature.length !== SIGNATURE_SIZE) return false;
    this.imported ??= crypto.subtle.importKey("raw", this.bytes, "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", await this.imported, signature, data);
  }
}

/** Return a key from one line `<origin>+<key id>+<base64(kind || public key)>`; white space around it is ignored. */
export async function parseKey(data, kind = LOG) {
  const match = LINE.exec(textOf(data, MAX_NOTE).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""));
  refuse(match === null, "not `<origin>+<key id>+<base64>`");
  const encoded = fromBase64(match[3]);
  refuse(encoded.length !== 1 + PUBLIC_SIZE || encoded[0] !== kind, "not an Ed25519 key, or not of this kind");
  const id = (await sha256(joined(utf8(`${match[1]}\n`), encoded))).slice(0, KEY_ID_SIZE);
  refuse(hex(id) !== match[2], "its key id is not that of its origin and key");
  refuse(!isPoint(encoded.subarray(1)), "not the encoding of a point of the curve");
  return new VerifierKey(match[1], kind, id, encoded.slice(1));
}

/** Return a log's key from the one form of its line. */
export async function parseExactKey(text) {
  const key = await parseKey(utf8(text));
  refuse(key.line !== text, "a key is not in its one form");
  return key;
}

/** Return whether 32 bytes are the canonical encoding of a point of edwards25519. */
function isPoint(data) {
  const number = BigInt(`0x${hex(data.slice().reverse())}`);
  const [sign, y] = [number >> 255n, number & (2n ** 255n - 1n)];
  if (y >= P) return false;
  const square = modulo((y * y - 1n) * power(modulo(D * y * y + 1n), P - 2n)); // x², if there is such an x
  return square === 0n ? sign === 0n : power(square, (P - 1n) / 2n) === 1n;
}

function modulo(number) {
  return ((number % P) + P) % P;
}

function power(base, exponent) {
  let [result, factor] = [1n, base % P];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % P;
    factor = (factor * factor) % P;
  }
  return result;
}
