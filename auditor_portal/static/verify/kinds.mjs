/** What a file seems to be, by how it begins and, where that says nothing, by its name. Parsers decide later. */

import { fromBase64, textOf } from "./bytes.mjs";
import { LOG, WITNESS } from "./key.mjs";

const LOOK = 4096; // bytes
const ZIP = [0x50, 0x4b];
const SEQUENCE = 0x30;
const KEY = /^\s*[!-*,-~]{1,128}\+[0-9a-f]{8}\+([A-Za-z0-9+/=]+)\s*$/;
const COSIGNATURE = /^— \S+ \S+\n?$/;
const GROWTH = /^(?:[A-Za-z0-9+/]{43}=\n)+$/;
const CHECKPOINT = /^[^\n{]+\n[0-9]+\n[^\n]+\n/;
const BY_NAME = [
  [/\.tlog-proof$/i, "proof"],
  [/\.zip$/i, "zip"],
  [/\.vkey$/i, "key"],
  [/\.tsr$/i, "timestamp"],
  [/\.jsonl$/i, "segment"],
  [/receipts?[^/]*$/i, "receipts"],
  [/checkpoint[^/]*$/i, "checkpoint"],
  [/\.json$/i, "record"],
];

/** Return the kind of a file, `unknown` if nothing fits. */
export async function kindOf(name, blob) {
  const start = new Uint8Array(await blob.slice(0, LOOK).arrayBuffer());
  if (start[0] === ZIP[0] && start[1] === ZIP[1]) return "zip";
  return ofText(textAtStart(start), blob.size) ?? (start[0] === SEQUENCE && start[1] > 0x7f ? "timestamp" : null) ??
    BY_NAME.find(([form]) => form.test(name))?.[1] ?? "unknown";
}

function textAtStart(data) {
  try {
    return textOf(data);
  } catch {
    return new TextDecoder().decode(data); // cut within a character, or no text
  }
}

function ofText(text, size) {
  if (text.startsWith("c2sp.org/tlog-proof@")) return "proof";
  if (KEY.test(text)) return keyKind(KEY.exec(text)[1]);
  if (COSIGNATURE.test(text)) return "cosignature";
  if (size <= LOOK && GROWTH.test(text)) return "growth";
  if (text.startsWith('"')) return "receipts";
  if (text.startsWith("{")) return ofJson(text, size);
  return text.includes("\n\n— ") && CHECKPOINT.test(text) ? "checkpoint" : null;
}

function keyKind(encoded) {
  try {
    return { [LOG]: "log-key", [WITNESS]: "witness-key" }[fromBase64(encoded)[0]] ?? "key";
  } catch {
    return "key";
  }
}

/** Notes have an empty line behind their one line of text; a segment has an end behind each record, a record none. */
function ofJson(text, size) {
  if (text.includes('"type":"receipt"') && !text.includes('"body":')) return "receipts";
  if (text.includes('"previous_key":')) return "statement";
  if (text.includes('"retain_until":')) return "seal";
  if (text.includes('"type":"workpaper"') && text.includes('"manifest":')) return "manifest-note";
  return text.includes("\n") || size > 65_536 ? "segment" : "record";
}
