/**
 * A workpaper: its manifest, the log's word for it, every population, every proof, every sample. docs/reports.md.
 *
 * The steps are those of verify_workpaper.py, in its order, with its codes. Knows no place where members lie: a source
 * (`sources.mjs`) does.
 */

import { same, sha256Hex, textOf } from "./bytes.mjs";
import { UnusableError, demand } from "./errors.mjs";
import { parseJson } from "./json.mjs";
import { KeyHistory } from "./key_history.mjs";
import { MAX_MANIFEST, MAX_PROOF, MAX_RECORD } from "./limits.mjs";
import { checkPopulations, filesOf } from "./population.mjs";
import { idOf } from "./record.mjs";
import { MANIFEST, REPORT, checkWord, proofAt, wordIn } from "./word.mjs";
import { checkWork } from "./work.mjs";

const LINE = /^([0-9a-f]{64}) {2}([A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*)$/;
const LINE_ENDS = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/; // those of verify_workpaper.py
const PROOF_ENDING = ".tlog-proof";

/** Return whether files with these names are a workpaper. */
export function isWorkpaper(names) {
  return names.includes(MANIFEST);
}

/** Verify a workpaper: `told` is given each step that holds. Returns its report, and how many there are of each. */
export async function verifyWorkpaper(source, key, told, pace) {
  const names = new Set(source.names());
  const files = await checkManifest(source, names, pace);
  told("manifest", { files });
  await checkWord(source, names, key, told);
  const report = await readReport(source);
  const places = await filesOf(source);
  const populations = await checkPopulations(source, report, places, told, pace);
  const proofs = await checkProofs(source, names, key, pace);
  if (proofs > 0) told("proofs", { count: proofs });
  const samples = await checkWork(source, names, report, places, pace);
  if (samples > 0) told("work", { count: samples });
  return { report, files, populations, proofs, samples };
}

/** Check that the manifest has every file, and the hash of each; return how many there are. */
async function checkManifest(source, names, pace) {
  const lines = textOf(await source.read(MANIFEST, MAX_MANIFEST), MAX_MANIFEST).split(LINE_ENDS);
  if (lines.at(-1) === "") lines.pop();
  const matches = lines.map((line) => LINE.exec(line));
  demand(!matches.includes(null), "malformed-manifest", MANIFEST, "a line is no hash and name");
  const wanted = new Map(matches.map((match) => [match[2], match[1]]));
  const there = new Set(names);
  for (const name of [MANIFEST, wordIn(names)]) there.delete(name);
  const looked = [...there].filter((name) => !name.includes("__pycache__"));
  const order = [...new Set([...wanted.keys(), ...looked])].sort();
  pace.begin("files", order.length);
  for (const name of order) {
    demand(wanted.has(name), "unexpected-file", name, "is not in the manifest");
    demand(there.has(name), "missing-file", name, "is in the manifest and not there");
    const actual = await sha256Hex(await source.read(name));
    demand(actual === wanted.get(name), "wrong-file", name, "is not what the manifest names");
    await pace.turn(1);
  }
  return wanted.size;
}

async function readReport(source) {
  const report = parseJson(await source.read(REPORT));
  const formed = Array.isArray(report?.controls) && Array.isArray(report?.statements);
  if (!formed) throw new UnusableError(`${REPORT} is no report`);
  return report;
}

/** Check every proof, and that each record is the one that is proved; return how many there are. */
async function checkProofs(source, names, key, pace) {
  const keys = new KeyHistory(key);
  const proofs = [...names].filter((name) => /^proofs\/[^/]+$/.test(name) && name.endsWith(PROOF_ENDING)).sort();
  pace.begin("proofs", proofs.length);
  for (const where of proofs) {
    const id = where.slice("proofs/".length, -PROOF_ENDING.length);
    const beside = await source.read(`records/${id}.json`, MAX_RECORD);
    const proved = await proofAt(where, await source.read(where, MAX_PROOF), keys);
    const alike = same(proved.bytes, beside) && idOf(proved.record) === id;
    demand(alike, "wrong-record", where, "is of another record");
    await pace.turn(1);
  }
  return proofs.length;
}
