/** Bytes as text, hex and base64, each in its one form, and their SHA-256: docs/evidence-format.md, section 1. */

import { refuse, MalformedError } from "./errors.mjs";

const ENCODER = new TextEncoder();
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PIECE = 0x8000; // as many arguments as a call may safely have

export const ZEROS = "0".repeat(64);

/** Return the UTF-8 of a text. */
export function utf8(text) {
  return ENCODER.encode(text);
}

/** Return UTF-8 of at most so many bytes as text; a byte order mark is a character like any other. */
export function textOf(data, most = Infinity) {
  refuse(data.length > most, `more than ${most} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new MalformedError("not UTF-8");
  }
}

/** Return lower-case hex. */
export function hex(data) {
  let text = "";
  for (const byte of data) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}

/** Return the bytes of hex that a pattern has accepted. */
export function fromHex(text) {
  const data = new Uint8Array(text.length / 2);
  for (let place = 0; place < data.length; place++) data[place] = parseInt(text.slice(2 * place, 2 * place + 2), 16);
  return data;
}

/** Return canonical base64 with padding (RFC 4648, section 4). */
export function base64(data) {
  let binary = "";
  for (let start = 0; start < data.length; start += PIECE) {
    binary += String.fromCharCode(...data.subarray(start, start + PIECE));
  }
  return btoa(binary);
}

/** Return the bytes of base64 in its one canonical form. */
export function fromBase64(text) {
  refuse(!BASE64.test(text), "not base64");
  const data = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  refuse(base64(data) !== text, "not the canonical base64 of its bytes");
  return data;
}

/** Return whether two runs of bytes are the same. */
export function same(one, other) {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

/** Return runs of bytes as one. */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

/** Return the lines of bytes without their ends; what stands behind the last end is the last of them. */
export function linesOf(data) {
  const lines = [];
  let start = 0;
  for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, start)) {
    lines.push(data.subarray(start, end));
    start = end + 1;
  }
  lines.push(data.subarray(start));
  return lines;
}

/** Return the SHA-256 of bytes. */
export async function sha256(data) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** Return the SHA-256 of bytes, in hex. */
export async function sha256Hex(data) {
  return hex(await sha256(data));
}
