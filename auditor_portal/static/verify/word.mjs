/**
 * The log's word for a workpaper: a note by its key, or the proof of a record that names the manifest. docs/reports.md.
 *
 * The second is what the auditor portal has, which is without a key of the log.
 */

import { sha256Hex, utf8 } from "./bytes.mjs";
import { FindingError, UnusableError, demand } from "./errors.mjs";
import { parseJson } from "./json.mjs";
import { KeyHistory } from "./key_history.mjs";
import { MAX_NOTE, MAX_PROOF } from "./limits.mjs";
import { checkSignature, parseNote } from "./note.mjs";
import { checkProof } from "./proof.mjs";
import { idOf } from "./record.mjs";

export const MANIFEST = "MANIFEST.sha256";
export const REPORT = "report.json";

const SIGNATURE = "MANIFEST.note";
const PROOF = "MANIFEST.tlog-proof";
const EXPORT = "auditor_portal.export";
const OBLIGATION = "workpaper";

/** Return the name of the file that has the log's word, of these names. */
export function wordIn(names) {
  return names.has(SIGNATURE) || !names.has(PROOF) ? SIGNATURE : PROOF;
}

/** Check the log's word for the manifest and the report; `told` is given what it is. */
export async function checkWord(source, names, key, told) {
  if (wordIn(names) === SIGNATURE) {
    await checkNote(source, key);
    told("manifest-signature", { key: key.name, log: key.origin });
  } else {
    const id = await checkExport(source, key);
    told("manifest-record", { id, key: key.name, log: key.origin });
  }
}

async function checkNote(source, key) {
  const note = parseNote(await source.read(SIGNATURE, MAX_NOTE));
  await checkSignature(note, key, SIGNATURE);
  const said = parseJson(utf8(note.text));
  demand(said?.type === "workpaper", "malformed-note", SIGNATURE, "is no word about a workpaper");
  await checkNamed(source, said, "is not what was signed");
}

/** Check that a record of the log permits the export of this manifest and this report; return its id. */
async function checkExport(source, key) {
  const { record } = await proofAt(PROOF, await source.read(PROOF, MAX_PROOF), new KeyHistory(key));
  const { action, result } = record.type === "decision" ? record.body : {};
  if (action === EXPORT && !Array.isArray(result?.obligations)) throw new UnusableError("a decision without result");
  const allowed = action === EXPORT && result.allow === true;
  demand(allowed, "wrong-record", PROOF, "is of a record that permits no export");
  const named = result.obligations.find((each) => each?.id === OBLIGATION) ?? {};
  await checkNamed(source, named, "is not what the record names");
  return idOf(record);
}

async function checkNamed(source, said, wrong) {
  for (const [name, where] of [["manifest", MANIFEST], ["report", REPORT]]) {
    demand(said[name] === (await sha256Hex(await source.read(where))), "wrong-file", where, wrong);
  }
}

/** Return what a proof in a workpaper proves. */
export async function proofAt(where, data, keys) {
  try {
    return await checkProof(data, keys);
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
    const why = `does not lead to a checkpoint of the log: ${error.code} at ${error.where}, ${error.detail}`;
    throw new FindingError("bad-proof", where, why);
  }
}
