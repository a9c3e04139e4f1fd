/**
 * A whole log: the eight steps of docs/evidence-format.md, section 8, over a copy of its objects.
 *
 * Knows no place where objects lie: a source has `names()` and `read(name, limit)`. The report has the members of the
 * other verifiers' reports. Certificates of time-stamp authorities are theirs to check.
 */

import { ZEROS, base64, fromHex, hex, same, sha256, sha256Hex, utf8 } from "./bytes.mjs";
import { checkChain } from "./chain.mjs";
import { checkCheckpoint, parseLeaves } from "./checkpoint.mjs";
import { cosigned, isByWitness, parseCosignature, timeOf } from "./cosignature.mjs";
import { FindingError, MalformedError, demand, parsing, refuse } from "./errors.mjs";
import { KeyHistory } from "./key_history.mjs";
import { MAX_COSIGNATURE, MAX_LEAVES, MAX_NOTE, MAX_SEGMENT, MAX_TIMESTAMP } from "./limits.mjs";
import { parseNote } from "./note.mjs";
import { checkReceipt, nameOf, parseReceipt } from "./receipt.mjs";
import { idOf } from "./record.mjs";
import { numbered } from "./segment.mjs";
import { parseTimestamp } from "./timestamp.mjs";
import { Tree, rootOf } from "./tree.mjs";

const KEYS = {
  segment: /^chains\/([0-9a-f]{20})\/segments\/([0-9]{12})-([0-9a-f]{64})\.jsonl$/,
  seal: /^chains\/([0-9a-f]{20})\/seals\/([0-9]{12})\.note$/,
  leaves: /^log\/(leaves)\/([0-9]{12})\.txt$/,
  checkpoint: /^log\/(checkpoints)\/([0-9]{12})\.note$/,
  statement: /^log\/(keys)\/([0-9]{12})\.note$/,
  timestamp: /^log\/(timestamps)\/([0-9]{12})\.tsr$/,
  cosignature: /^log\/(cosignatures)\/([0-9]{12})-([0-9a-f]{8})\.txt$/,
};

/**
 * Verify a log and return the report, with `finding` null if all of it holds.
 *
 * `asked` is what an auditor brings along: `earlier` (checkpoints kept from before), `at` (time of the verification;
 * null: nothing has expired), `witnesses` (keys) and `receipts`, each from elsewhere than the log.
 */
export async function verifyLog(source, key, asked, pace) {
  const verification = new Verification(source, key, asked, pace);
  const { report } = verification;
  try {
    await verification.run();
  } catch (error) {
    if (!(error instanceof FindingError)) throw error;
    report.finding = { code: error.code, where: error.where, detail: error.detail };
  }
  report.ok = report.finding === null;
  return report;
}

function emptyReport(key) {
  return {
    ok: false,
    log: key.origin,
    checked: { chains: 0, seals: 0, segments: 0, records: 0, checkpoints: 0 },
    up_to: { tree_size: 0, root: null, max_time: null },
    keys: [],
    timestamped: null,
    cosigned: null,
    receipts: { records: 0, carried: 0, expired: 0 },
    expired: 0,
    orphans: 0,
    uncheckpointed_seals: 0,
    stray_segments: 0,
    finding: null,
  };
}

/** The steps in their order; the first thing that is wrong is thrown as `FindingError`. */
class Verification {
  constructor(source, key, { earlier = [], at = null, witnesses = [], receipts = [] }, pace) {
    Object.assign(this, { source, pinned: key, earlier, at, witnesses, receipts, pace });
    this.history = new KeyHistory(key);
    this.report = emptyReport(key);
    this.present = Object.fromEntries(Object.keys(KEYS).map((kind) => [kind, new Set()]));
    this.last = new Map(); // chain -> the highest number of a seal or leaf; -1 if there is none
    this.leaves = []; // of the tree, in order
    this.leavesOf = new Map(); // chain -> places in the tree, from seal 0
    this.known = new Set([ZEROS]); // what a seal may name as its checkpoint
    this.sizes = new Map(); // leaves under each checkpoint
    this.wanted = new Set(receipts.flatMap(namesIn));
    this.seen = { records: new Set(), carried: new Set() }; // of what is wanted
    this.expired = []; // [chain, first, behind the last]
  }

  async run() {
    this.checkKeys();
    await this.checkHistory();
    await this.checkCheckpoints();
    await this.checkStatements();
    for (const data of this.earlier) await this.checkEarlier(data);
    await this.checkAnchors();
    this.pace.begin("seals", this.present.seal.size);
    for (const chain of [...this.last.keys()].sort()) await checkChain(this, chain);
    this.report.uncheckpointed_seals = this.report.checked.seals - this.report.up_to.tree_size;
    await this.checkStrays();
    for (const data of this.receipts) await this.checkReceipt(data);
  }

  /** Step 1: every key has one of the forms, and there is a seal. */
  checkKeys() {
    for (const name of [...this.source.names()].sort()) {
      if (name.startsWith("probe/")) continue; // what a probe of the store leaves is no part of the log
      const kind = Object.keys(KEYS).find((each) => KEYS[each].test(name));
      demand(kind !== undefined, "unexpected-object", name, "the log has no object with such a key");
      this.present[kind].add(name);
      const [, chain, number] = KEYS[kind].exec(name);
      if (kind === "seal") this.raise(chain, Number(number));
      if (kind === "segment") this.raise(chain, -1);
    }
    demand(this.present.seal.size > 0, "empty-log", "chains/", "there is no seal");
  }

  raise(chain, number) {
    this.last.set(chain, Math.max(number, this.last.get(chain) ?? -1));
  }

  /** Step 2: key statements from 1 without gap, each by the key before it; the pinned key is among their keys. */
  async checkHistory() {
    const { history, report } = this;
    const highest = highestOf(this.present.statement, 0);
    for (let number = 1; number <= highest; number++) {
      const where = `log/keys/${numbered(number)}.note`;
      demand(this.present.statement.has(where), "key-gap", where, "it is missing");
      await history.take(await this.source.read(where, MAX_NOTE), where);
    }
    history.checkPinned(`log/keys/${numbered(1)}.note`);
    for (const [place, key] of history.keys.entries()) {
      const statement = history.statements[place - 1] ?? { size: 0, reason: null };
      report.keys.push({ id: key.name, from_leaf: statement.size, reason: statement.reason });
    }
  }

  /** Step 3: leaves and checkpoints from 0 without gap; each checkpoint is signed, and of the leaves so far. */
  async checkCheckpoints() {
    const { present, source, report } = this;
    const tree = new Tree();
    const last = highestOf([...present.leaves, ...present.checkpoint], -1);
    this.pace.begin("checkpoints", last + 1);
    for (let number = 0; number <= last; number++) {
      const [batch, where] = [`log/leaves/${numbered(number)}.txt`, `log/checkpoints/${numbered(number)}.note`];
      demand(present.leaves.has(batch), "checkpoint-gap", batch, "it is missing");
      const there = present.checkpoint.has(where);
      demand(there || number === last, "checkpoint-gap", where, "it is missing, and later ones are there");
      await this.takeLeaves(batch, tree);
      if (there) {
        const data = await source.read(where, MAX_NOTE);
        const { text, size, root } = await checkCheckpoint(data, this.history, where, { stored: true });
        const agrees = size === tree.size && same(root, await tree.root());
        demand(agrees, "wrong-root", where, "its size or root is not that of the leaves up to it");
        this.known.add(await sha256Hex(utf8(text)));
        this.sizes.set(number, size);
        report.checked.checkpoints += 1;
        Object.assign(report.up_to, { tree_size: size, root: base64(root) });
      }
      await this.pace.turn(1);
    }
  }

  async takeLeaves(batch, tree) {
    const data = await this.source.read(batch, MAX_LEAVES);
    const added = await parsing("malformed-leaves", batch, () => parseLeaves(data));
    for (const { chain, segment, leaf } of added) {
      if (!this.leavesOf.has(chain)) this.leavesOf.set(chain, []);
      const places = this.leavesOf.get(chain);
      const next = segment === places.length;
      demand(next, "malformed-leaves", batch, `\`${chain} ${segment}\` is not the next of its chain`);
      places.push(this.leaves.length);
      this.leaves.push(leaf);
      await tree.add(leaf);
      this.raise(chain, segment);
    }
  }

  /** Step 3, in the end: the trees that key statements speak of. */
  async checkStatements() {
    for (const { number, size, root } of this.history.statements) {
      const where = `log/keys/${numbered(number)}.note`;
      const agrees = size <= this.leaves.length && same(await rootOf(this.leaves.slice(0, size)), fromHex(root));
      demand(agrees, "wrong-root", where, "its size or root is not that of the leaves there are");
    }
  }

  /** Step 4: the tree of the checkpoint kept from earlier is the beginning of this one. */
  async checkEarlier(data) {
    const where = "--checkpoint";
    const { size, root } = await checkCheckpoint(data, this.history, where, { stored: false });
    demand(size <= this.report.up_to.tree_size, "rollback", where, "the log had more leaves than it has now");
    const now = await rootOf(this.leaves.slice(0, size));
    demand(same(now, root), "rollback", where, "the log had other leaves than it has now");
  }

  /** Step 5: what others say of checkpoints; without trust in anybody their form, and what they are over. */
  async checkAnchors() {
    for (const name of [...this.present.cosignature, ...this.present.timestamp].sort()) {
      const number = numberOf(name);
      demand(this.sizes.has(number), "unexpected-object", name, "there is no such checkpoint");
      const over = await this.source.read(`log/checkpoints/${numbered(number)}.note`, MAX_NOTE);
      const newest = { checkpoint: number, tree_size: this.sizes.get(number) };
      if (this.present.timestamp.has(name)) await this.checkTimestamp(name, over, newest);
      else await this.checkCosignature(name, over, newest);
    }
  }

  async checkTimestamp(name, over, newest) {
    const data = await this.source.read(name, MAX_TIMESTAMP);
    const { imprint, time } = await parsing("malformed-anchor", name, () => parseTimestamp(data));
    demand(same(imprint, await sha256(over)), "bad-anchor", name, "it is not over the checkpoint");
    this.report.timestamped = { ...newest, time, verified: false };
  }

  async checkCosignature(name, over, newest) {
    const data = await this.source.read(name, MAX_COSIGNATURE);
    const found = await parsing("malformed-anchor", name, () => {
      const parsed = parseCosignature(data);
      refuse(hex(parsed.id) !== name.slice(-12, -4), "it is by another key than its name says");
      return parsed;
    });
    const ours = this.witnesses.filter((witness) => isByWitness(found, witness));
    const { text } = parseNote(over);
    for (const witness of ours) {
      const holds = await cosigned(found, witness, text);
      demand(holds, "bad-anchor", name, `${found.name} did not cosign this checkpoint`);
    }
    if (ours.length === 0 && this.witnesses.length > 0) return; // by somebody whom the auditor does not know
    const before = this.report.cosigned;
    const again = before !== null && before.checkpoint === newest.checkpoint;
    const times = [timeOf(found.seconds), ...(again ? [before.time] : [])].sort();
    const witnesses = [...new Set([found.name, ...(again ? before.witnesses : [])])].sort();
    this.report.cosigned = { ...newest, time: times[0], witnesses, verified: ours.length > 0 };
  }

  /** Step 6, while records pass by: note those that receipts name. */
  see(record, leaf) {
    this.report.checked.records += 1;
    this.report.orphans += Number(record.orphan_of !== undefined);
    if (this.wanted.size === 0) return;
    const names = { records: nameOf({ ...record, leaf }) };
    if (record.orphan_of !== undefined) names.carried = nameOf(record.orphan_of);
    for (const [kind, name] of Object.entries(names)) if (this.wanted.has(name)) this.seen[kind].add(name);
  }

  /** Step 7: a segment that no seal names at least has the hash that its key says. */
  async checkStrays() {
    for (const name of [...this.present.segment].sort()) {
      const data = await this.source.read(name, MAX_SEGMENT);
      const asNamed = data.length <= MAX_SEGMENT && (await sha256Hex(data)) === KEYS.segment.exec(name)[3];
      demand(asNamed, "wrong-segment", name, "its hash is not the one in its key");
      this.report.stray_segments += 1;
    }
  }

  /** Step 8: each record of a receipt is in the log, or was carried over, or has expired. */
  async checkReceipt(data) {
    const { members } = await checkReceipt(data, this.history, "--receipts");
    for (const entry of members.records) {
      const seen = ["records", "carried"].find((kind) => this.seen[kind].has(nameOf(entry)));
      const { chain, seq } = entry;
      const gone = this.expired.some(([which, first, behind]) => which === chain && first <= seq && seq < behind);
      const known = seen !== undefined || gone;
      demand(known, "missing-receipt", idOf(entry), "the log gave a receipt for it, and does not hold it");
      this.report.receipts[seen ?? "expired"] += 1;
    }
  }
}

/** Return the number in the key of an object below `log/`. */
function numberOf(name) {
  return Number(name.split("/")[2].slice(0, 12));
}

/** Return the highest number in keys, or `least` where there is none. */
function highestOf(names, least) {
  let highest = least;
  for (const name of names) highest = Math.max(highest, numberOf(name));
  return highest;
}

/** Return what a receipt names; nothing if it is none, which is said later. */
function namesIn(data) {
  try {
    return parseReceipt(data).members.records.map(nameOf);
  } catch (error) {
    if (error instanceof MalformedError) return [];
    throw error;
  }
}
