/** Proofs, receipts, seals with segments, and records that were given: what each shows, and what others say of it. */

import { hex, linesOf } from "./bytes.mjs";
import { MalformedError, parsing } from "./errors.mjs";
import { of } from "./given.mjs";
import { MAX_NOTE, MAX_PROOF, MAX_RECEIPTS, MAX_RECORD, MAX_SEGMENT } from "./limits.mjs";
import { parseNote } from "./note.mjs";
import { checkProof } from "./proof.mjs";
import { checkReceipt, nameOf, splitReceipts } from "./receipt.mjs";
import { idOf, parseRecord } from "./record.mjs";
import { ANY_EPOCH, checkSegment, parseSeal } from "./segment.mjs";
import { leafHash } from "./tree.mjs";

/** Check proofs and seals first: they say which records are in the log. Then what asks for such records. */
export async function checkPieces(table) {
  table.shown = new Map(); // name of a record -> the file that shows that the log has it
  if (table.history !== null) {
    for (const one of of(table, "proof")) await one.judge(() => checkOneProof(one, table));
    await checkSeals(table);
  }
  for (const one of of(table, "record")) await one.judge(() => checkOneRecord(one, table));
  if (table.history !== null) for (const one of of(table, "receipts")) await one.judge(() => checkReceipts(one, table));
}

async function checkOneProof(one, { history, shown }) {
  const found = await checkProof(await one.bytes(MAX_PROOF), history, (name, facts) => one.told(name, facts));
  one.facts = { ...factsOf(found.record, found.leaf), size: found.head.size, log: history.origin };
  shown.set(nameOf({ ...found.record, leaf: found.leaf }), one.name);
}

function factsOf(record, leaf) {
  const { type, time, tenant, class: kept } = record;
  const { action, result } = record.type === "decision" ? record.body : {};
  const decided = typeof result?.allow === "boolean" ? { action, allowed: result.allow } : {};
  return { id: idOf(record), type, time, tenant, class: kept, ...decided, leaf };
}

async function checkOneRecord(one, { shown, history }) {
  const data = await one.bytes(MAX_RECORD);
  const record = await parsing("malformed-record", one.name, () => parseRecord(data));
  const leaf = hex(await leafHash(data));
  one.told("record", { id: idOf(record), leaf });
  one.facts = factsOf(record, leaf);
  const by = shown.get(nameOf({ ...record, leaf }));
  if (history === null || by === undefined) return "open";
  one.told("shown-by", { name: by });
  return "holds";
}

async function checkReceipts(one, { history, shown }) {
  const counts = { receipts: 0, records: 0, found: 0 };
  for (const data of splitReceipts(await one.bytes(MAX_RECEIPTS))) {
    const { members } = await checkReceipt(data, history, "receipt");
    counts.receipts += 1;
    counts.records += members.records.length;
    counts.found += members.records.filter((entry) => shown.has(nameOf(entry))).length;
    one.facts = { log: members.log, issued_at: members.issued_at, first: idOf(members.records[0]) };
  }
  one.told("receipts", { ...counts, log: history.origin });
}

/** Check each seal with the segment that belongs to it; what belongs to nothing stays open. */
async function checkSeals(table) {
  const segments = new Map();
  for (const one of of(table, "segment")) segments.set(one, await startOf(one));
  for (const one of of(table, "seal")) {
    await one.judge(async () => {
      const { seal, place } = await checkOneSeal(one, table.history);
      const segment = [...segments].find(([, start]) => belongs(start, seal)) ?? only(segments, of(table, "seal"));
      if (seal.count === 0) return "holds";
      if (segment === undefined) return "open";
      segments.delete(segment[0]);
      await segment[0].judge(() => checkOneSegment(segment[0], seal, place, table));
      return segment[0].verdict === "holds" ? "holds" : "open";
    });
  }
  for (const one of segments.keys()) await one.judge(() => checkAlone(one));
}

/** Return chain and number of the first record of a segment, or null where that cannot be read. */
async function startOf(one) {
  try {
    return parseRecord(linesOf(await one.bytes(MAX_SEGMENT))[0]);
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

function belongs(start, seal) {
  return start?.chain === seal.chain && start.seq >= seal.first_seq && start.seq < seal.first_seq + seal.count;
}

function only(segments, seals) {
  return segments.size === 1 && seals.length === 1 ? [...segments][0] : undefined;
}

async function checkOneSeal(one, history) {
  const data = await one.bytes(MAX_NOTE);
  const [note, seal] = await parsing("malformed-seal", "seal", () => {
    const parsed = parseNote(data);
    return [parsed, parseSeal(parsed.text)];
  });
  const key = await history.checkAnySignature(note, "seal");
  one.told("seal-signature", { key: key.name, log: seal.log, chain: seal.chain, segment: seal.segment });
  one.facts = { log: seal.log, chain: seal.chain, segment: seal.segment, count: seal.count, sealed_at: seal.sealed_at };
  return { seal, place: "seal" };
}

async function checkOneSegment(one, seal, sealedBy, { shown, pace }) {
  const data = await one.bytes(MAX_SEGMENT);
  const see = (record, leaf) => shown.set(nameOf({ ...record, leaf }), one.name);
  pace.begin("records", seal.count);
  await checkSegment(data, seal, { where: "segment", sealedBy, epochs: ANY_EPOCH, see, pace });
  one.told("segment", { count: seal.count, first: seal.first_seq, chain: seal.chain, bytes: seal.bytes });
  one.told("segment-root", { root: seal.root });
  one.facts = { chain: seal.chain, from: seal.min_time, to: seal.max_time };
}

/** A segment without its seal: its records have their form. Nobody vouches for it. */
async function checkAlone(one) {
  const lines = linesOf(await one.bytes(MAX_SEGMENT));
  if (lines.at(-1).length === 0) lines.pop();
  for (const [place, line] of lines.entries()) {
    await parsing("malformed-record", `line ${place + 1}`, () => parseRecord(line));
  }
  one.told("records-alone", { count: lines.length });
  return "open";
}
