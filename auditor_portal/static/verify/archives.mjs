/** A workpaper or a copy of a whole log, as a zip or as a folder. */

import { FindingError, UnusableError } from "./errors.mjs";
import { of } from "./given.mjs";
import { MAX_NOTE, MAX_RECEIPTS } from "./limits.mjs";
import { verifyLog } from "./log.mjs";
import { splitReceipts } from "./receipt.mjs";
import { Folder, opened } from "./sources.mjs";
import { MANIFEST } from "./word.mjs";
import { isWorkpaper, verifyWorkpaper } from "./workpaper.mjs";
import { openZip } from "./zip.mjs";

const isLog = (names) => names.some((name) => /^(chains|log)\//.test(name));

/** Check a zip or a folder, whichever of the two kinds it is. */
export async function checkArchive(one, table) {
  const found = one.kind === "folder" ? new Folder(one.blob) : await openZip(one.blob);
  const source = opened(found, (names) => isWorkpaper(names) || isLog(names));
  const names = [...source.names()];
  if (isWorkpaper(names)) return checkWorkpaper(one, source, table);
  if (isLog(names)) return checkLog(one, source, table);
  throw new UnusableError(`neither a workpaper, which has ${MANIFEST}, nor a copy of a log, which has chains/`);
}

async function checkWorkpaper(one, source, { key, pace }) {
  one.kind = "workpaper";
  const told = (name, facts) => one.told(name, facts);
  const { files, populations, proofs, report } = await verifyWorkpaper(source, key, told, pace);
  one.facts = { files, populations, proofs, framework: report.framework?.id, engagement: report.engagement };
  one.facts.auditor = report.watermark?.auditor;
}

async function checkLog(one, source, table) {
  one.kind = "log";
  const asked = { at: table.at, witnesses: table.witnesses, receipts: [], earlier: [] };
  for (const given of of(table, "receipts")) asked.receipts.push(...splitReceipts(await given.bytes(MAX_RECEIPTS)));
  for (const given of of(table, "checkpoint")) asked.earlier.push(await given.bytes(MAX_NOTE));
  const report = await verifyLog(source, table.key, asked, table.pace);
  one.told("log", { ...report.checked, expired: report.expired });
  if (asked.earlier.length > 0 && report.ok) one.told("earlier", { count: asked.earlier.length });
  if (asked.receipts.length > 0 && report.ok) one.told("receipts-in-log", report.receipts);
  const { up_to: upTo, timestamped, cosigned } = report;
  one.facts = { log: report.log, size: upTo.tree_size, root: upTo.root, to: upTo.max_time };
  one.facts.beyond = report.uncheckpointed_seals;
  one.facts.timestamped = timestamped?.time;
  one.facts.cosigned = cosigned?.witnesses.join(", ");
  if (report.finding === null) return;
  const { code, where, detail } = report.finding;
  throw new FindingError(code, where, detail);
}
