/**
 * Canonical JSON: RFC 8785 under the profile of docs/evidence-format.md, section 1.
 *
 * The text is parsed, encoded again, and refused unless the two are the same: so a name that stands twice, white
 * space, `1.0`, `-0`, another escape or an integer that JavaScript cannot hold are all one case.
 */

import { refuse, MalformedError } from "./errors.mjs";

const MAX_NESTING = 32;
const SURROGATE = /\p{Surrogate}/u; // matches none that has its other half
const ASCII = /^[\x00-\x7f]*$/;

/** Return the value of canonical JSON. */
export function parseCanonical(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedError("not JSON");
  }
  refuse(encoded(value, MAX_NESTING) !== text, "JSON, but not in its canonical form");
  return value;
}

/** Return the canonical text of a value that came out of JSON; `nesting` is how much of it is left. */
function encoded(value, nesting) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return integer(value);
  if (typeof value === "string") return quoted(value);
  refuse(nesting === 0, "nested too deep");
  if (Array.isArray(value)) return `[${value.map((child) => encoded(child, nesting - 1)).join(",")}]`;
  return `{${Object.keys(value)
    .sort()
    .map((name) => `${named(name)}:${encoded(value[name], nesting - 1)}`)
    .join(",")}}`;
}

function integer(value) {
  refuse(!Number.isInteger(value), "a number is not an integer");
  refuse(!Number.isSafeInteger(value), "an integer is too large");
  return String(value);
}

function quoted(text) {
  refuse(SURROGATE.test(text), "half a surrogate pair");
  return JSON.stringify(text);
}

function named(name) {
  refuse(!ASCII.test(name), "an object name is not ASCII");
  return JSON.stringify(name);
}
