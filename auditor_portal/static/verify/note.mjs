/** C2SP signed notes: a text and who vouches for it. docs/evidence-format.md, section 6. */

import { fromBase64, hex, same, textOf, utf8 } from "./bytes.mjs";
import { demand, refuse } from "./errors.mjs";
import { KEY_ID_SIZE, SIGNATURE_SIZE } from "./key.mjs";
import { MAX_NOTE } from "./limits.mjs";

const LINE = /^— ([^ +]+) ([^\n]+)$/;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;

/**
 * Return a note: its text, with the last newline, and name, key id and value of each signature, none of them checked.
 *
 * `lines` is how many signatures of Ed25519 it must have, or 0 where it may have any.
 */
export function parseNote(data, { lines = 1, most = MAX_NOTE } = {}) {
  const whole = textOf(data, most);
  const gap = whole.lastIndexOf("\n\n");
  refuse(CONTROL.test(whole) || gap < 1 || !whole.endsWith("\n"), "not a signed note");
  const signatures = whole.slice(gap + 2, -1).split("\n").map(parseSignature);
  const sizes = signatures.map((signature) => signature.value.length);
  const wanted = lines === 0 || (sizes.length === lines && sizes.every((size) => size === SIGNATURE_SIZE));
  refuse(!wanted, "not as many signatures of Ed25519 as it must have");
  return { text: whole.slice(0, gap + 1), signatures };
}

function parseSignature(line) {
  const match = LINE.exec(line);
  refuse(match === null, "not a signed note");
  const signed = fromBase64(match[2]);
  refuse(signed.length <= KEY_ID_SIZE, "a signature without key id or without signature");
  return { name: match[1], id: signed.slice(0, KEY_ID_SIZE), value: signed.slice(KEY_ID_SIZE) };
}

/** Return whether a signature names this key. */
export function isBy(signature, key) {
  return signature.name === key.origin && same(signature.id, key.id);
}

/** Demand one signature by this key that holds; those by other keys are ignored. */
export async function checkSignature(note, key, where) {
  const ours = note.signatures.filter((signature) => isBy(signature, key));
  const holds = ours.length === 1 && (await key.holds(ours[0].value, utf8(note.text)));
  const others = note.signatures.map(({ name, id }) => `${hex(id)} of ${name.slice(0, 128)}`).join(", ");
  const named = ours.length === 0 ? `; it says that it is by ${others}` : "";
  const wrong = `it has not one signature by the key ${key.name} of the log that holds${named}`;
  demand(holds, "bad-signature", where, wrong);
}
