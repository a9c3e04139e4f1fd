/** The words of `explain.mjs`, by what they are about. Knows nothing but words. */

/** Return a number with its noun. */
export function many(number, noun) {
  const ending = number === 1 ? "" : noun.endsWith("sh") ? "es" : "s";
  return `${Number(number).toLocaleString("en")} ${noun}${ending}`;
}

const brief = (hash) => `${hash.slice(0, 16)}…`;

export const TAGS = { holds: "Holds", fails: "Does not hold", open: "Cannot be said yet", unusable: "Cannot be read" };

export const SENTENCES = {
  holds: "Everything that can be recomputed from it was recomputed here, and agrees.",
  fails: "It is not what it claims to be. Nothing behind the first thing that is wrong was checked.",
  unusable: "It says nothing, for or against the log.",
};

export const KINDS = {
  proof: "Proof of one record",
  record: "A record",
  receipts: "Receipts",
  checkpoint: "A checkpoint",
  growth: "Proof that a log only grew",
  timestamp: "A time stamp over a checkpoint",
  cosignature: "A witness's cosignature",
  seal: "A seal",
  segment: "A segment",
  statement: "A statement about the log's keys",
  workpaper: "A workpaper",
  log: "A copy of a whole log",
  zip: "A zip",
  folder: "A folder",
  "manifest-note": "The signed word of a workpaper",
  unknown: "A file of another kind",
};

/** What was recomputed and agreed. */
export const STEPS = {
  record: ({ id, leaf }) => `The record ${id} is well formed, and its leaf hash was recomputed: ${brief(leaf)}`,
  "path-to-seal": ({ hashes, count, segment, root }) =>
    `With ${many(hashes, "hash")}, the record's leads to the root of segment ${segment}, which has ` +
    `${many(count, "record")}: ${brief(root)}`,
  "checkpoint-signature": ({ size, key, log }) =>
    `The checkpoint over ${many(size, "seal")} is signed by the key ${key} of ${log}`,
  "path-to-checkpoint": ({ hashes, size, index }) =>
    `With ${many(hashes, "hash")}, that of the seal, number ${index + 1} of ${size}, leads to the root in the ` +
    `checkpoint`,
  cosignature: ({ witness, time, size }) =>
    `${witness}, a witness you named, cosigned the checkpoint over ${many(size, "seal")} at ${time}`,
  growth: ({ old, size, hashes }) =>
    `With ${many(hashes, "hash")}, the tree of ${many(old, "seal")} leads to the one of ${many(size, "seal")}`,
  timestamp: ({ time }) => `The time stamp of ${time} is over the SHA-256 of the checkpoint that was given`,
  statement: ({ from, to, size }) =>
    `The keys ${from} and ${to} both signed that ${to} signs from seal ${size + 1} on, and it continues the ` +
    `statement before`,
  "seal-signature": ({ key, chain, segment, log }) =>
    `The seal of segment ${segment} of chain ${chain} is signed by the key ${key} of ${log}`,
  segment: ({ count, first, chain }) =>
    `${many(count, "record")} from ${chain}-${first} on: each names the hash of the one before it, and their numbers ` +
    `have no gap`,
  "segment-root": ({ root }) =>
    `SHA-256 and length of the segment, and the root over its records, are as sealed: ${brief(root)}`,
  "records-alone": ({ count }) => `${many(count, "record")} in it are well formed`,
  "shown-by": ({ name }) => `${name}, which was given too, shows that the log has exactly this record`,
  receipts: ({ receipts, records, found, log }) =>
    `${many(receipts, "receipt")} for ${many(records, "record")}, signed by a key of ${log}; ${found} of these ` +
    `records are in what else was given`,
  manifest: ({ files }) => `SHA-256 of ${many(files, "file")} was recomputed: each is what the manifest names, and ` +
    `none is missing or added`,
  "manifest-signature": ({ key, log }) => `The manifest and the report are signed by the key ${key} of ${log}`,
  "manifest-record": ({ id, key, log }) =>
    `Record ${id} of ${log}, which permits this export, names the manifest and the report; its proof leads to a ` +
    `checkpoint that the key ${key} signed`,
  work: ({ count }) => `${many(count, "sample")} of the auditor's own have the seeds that follow from what they are of`,
  population: ({ test, count }) => `The population of ${test} has ${many(count, "record")}, and the hash over them ` +
    `is the stated one`,
  sample: ({ test, count }) => `The sample of ${test} was drawn again from its seed: the same ${many(count, "record")}`,
  proofs: ({ count }) => `${many(count, "proof")} lead from a record of the workpaper to a checkpoint that the log's ` +
    `key signed`,
  log: ({ records, seals, chains, checkpoints, expired }) =>
    `${many(records, "record")} under ${many(seals, "seal")} of ${many(chains, "chain")}, and ` +
    `${many(checkpoints, "checkpoint")} were checked` +
    (expired > 0 ? `; ${many(expired, "segment")} had expired` : ""),
  earlier: ({ count }) => `The log continues ${count === 1 ? "the checkpoint" : `each of the ${count} checkpoints`} ` +
    `that you kept`,
  "receipts-in-log": ({ records, carried, expired }) =>
    `Of what the receipts name the log has ${records}; ${carried} were carried over from another chain, ${expired} ` +
    `have expired`,
};

/** The same step taken often, in one sentence. */
export const OFTEN = {
  population: (all) =>
    `${many(all.length, "population")}, with ${many(sum(all), "record")} in all, have the stated counts and the ` +
    `stated hashes`,
  sample: (all) => `${many(all.length, "sample")}, with ${many(sum(all), "record")} in all, were drawn again: the ` +
    `same records`,
};

const sum = (all) => all.reduce((total, { count }) => total + count, 0);

/** What follows, where it holds. */
export const SHOWS = {
  proof: ({ id, size, log }) => [
    `Record ${id}, exactly as it stands here, was in the log ${log} when that had ${many(size, "seal")}.`,
    "Nobody can change a character of it, or take it out, and still show this checkpoint.",
  ],
  record: () => ["The log holds these bytes, and no others, in this place."],
  receipts: () => ["The log has taken these records in, and said so under its key: it owes you each of them."],
  checkpoint: ({ size }) => [`Whoever holds the log's key stood by this tree of ${many(size, "seal")}.`],
  growth: () => ["Between the two checkpoints, nothing that was in the log was changed or taken out."],
  timestamp: ({ time }) => [`If its authority is genuine, the checkpoint was there at ${time}, and so was everything ` +
    `under it.`],
  cosignature: () => ["A witness has seen this checkpoint, and that it continues all that it had seen before."],
  seal: () => ["Whoever holds the log's key stood by exactly these records when it sealed them."],
  segment: () => ["These records, in this order, are what was sealed: none is changed, missing or added between them."],
  statement: () => ["The log's key was changed by whoever held the one before it."],
  workpaper: ({ proofs }) => [
    "The workpaper is, to the last byte, what the log vouches for, and it agrees with itself.",
    ...(proofs > 0 ? ["Each record that a deviation or a sample names is in the log, as it stands here."] : []),
  ],
  log: ({ size }) => [
    `Everything under the newest checkpoint, over ${many(size, "seal")}, is complete and unchanged.`,
    "Each chain is without gap from its first record to its last.",
  ],
};

const TRUE = "That what was recorded is true: a log shows what the service was told and what it decided, no more.";
const CLOCK = "When it happened, beyond the order of records: times in them are claims of the writer's clock.";
const VIEW = "That others were shown the same log: compare the checkpoint with one that a witness or you kept.";
const WHOLE = "That nothing else is missing from the log: a copy of all of it shows that.";

/** What does not follow, although it holds. */
export const LIMITS = {
  proof: [TRUE, CLOCK, VIEW, WHOLE],
  record: [TRUE, CLOCK, WHOLE],
  receipts: ["That the log still has them: give its proofs, its segments or a copy of it as well.", TRUE],
  checkpoint: ["What is in the log: a checkpoint is a hash over it.", VIEW],
  growth: [VIEW, "What is in the log: of that, checkpoints are hashes."],
  timestamp: ["Who made the time stamp: its signature is checked by verify_evidence.py with --tsa, not by this page."],
  cosignature: ["That the witness is independent of the log: you named it."],
  seal: ["That the seal is in the log's tree: a proof, or a copy of the log, shows that.", TRUE],
  segment: ["That the seal is in the log's tree, and what came before and after: a proof, or a copy of the log, " +
    "shows that.", TRUE, CLOCK],
  statement: ["That the change was wanted: ask who runs the log, and pin the newest key."],
  workpaper: [
    "That the log holds nothing else that belongs into it: verify a copy of the log, and have the report made again.",
    TRUE,
    "That the tests ask the right question: that is your judgement.",
    "That the key is the log's: compare it with the one you were given by other means, not with the one in the zip.",
  ],
  log: [
    "What came after the newest checkpoint that somebody else keeps: give one that you kept.",
    "Who made time stamps: their signatures are checked by verify_evidence.py with --tsa, not by this page.",
    TRUE,
    CLOCK,
  ],
};

/** What is needed to say more. */
export const MISSING = {
  key: "Its signature cannot be checked: give the log's verifier key, from elsewhere than this file.",
  record: "A record alone proves nothing: give its proof, or its segment with the seal, and the log's verifier key.",
  segment: "Nobody vouches for a segment alone: give its seal as well.",
  seal: "The seal is signed; what it seals was not given, or does not hold: give its segment.",
  growth: "Give the two checkpoints that it leads between, and no other.",
  timestamp: "It has the form of a time stamp: give the checkpoint that it is over.",
  cosignature: "It has the form of a cosignature: give the checkpoint that it is over, and the witness's verifier key.",
  statement: "It was not reached: a statement before it does not hold.",
  "manifest-note": "Give the whole workpaper, as a zip or as a folder.",
};

export const ADVICE = {
  found: "Keep the file as it is, and check it with the offline verifier too: both must name the same thing.",
  unusable: "Get it again, and see that it arrives whole.",
};

/** What a code means. */
export const CODES = {
  "bad-signature": "It is not signed by the key that you gave. Either it was changed after it was signed, or it is " +
  "another log's, or the key is not the one that signed then.",
  "malformed-proof": "The file has not the form of a proof: it was changed or cut off.",
  "malformed-record": "A record has not the form that every record has: it was changed, or never came from the log.",
  "malformed-seal": "A seal has not the form that every seal has.",
  "malformed-checkpoint": "A checkpoint has not the form that every checkpoint has.",
  "malformed-receipt": "A receipt has not the form that every receipt has.",
  "malformed-statement": "A statement about keys has not the form that it must have.",
  "malformed-leaves": "The list of seals that makes the tree is damaged, or not in order.",
  "malformed-anchor": "A time stamp or cosignature has not the form that it must have.",
  "malformed-manifest": "The list of files and hashes is damaged.",
  "malformed-note": "What the log's key signed here is about something else.",
  "misplaced-record": "A record stands where another belongs: it was moved, or comes from another chain.",
  "misplaced-seal": "A seal stands where another belongs: it was moved, or comes from another chain or log.",
  "wrong-proof": "The hashes of the proof do not lead where they should: the record, its seal or its place is not " +
  "what was logged.",
  "bad-proof": "The hashes of the proof do not lead where they should: what is to be proved is not what was logged.",
  "bad-anchor": "What others are said to have vouched for is not this checkpoint.",
  "wrong-root": "The root over what lies here is another than the one that was signed: something was changed, added, " +
  "left out or put in another order.",
  "wrong-leaf": "The tree was made over another seal than the one that lies here.",
  "wrong-segment": "The segment is not the one that was sealed: bytes were changed, added or cut off.",
  "wrong-count": "Records are missing or were added: there are not as many as were sealed.",
  "broken-chain": "A record does not follow the one before it: something between them was changed, dropped or moved.",
  "broken-seal-chain": "A seal does not follow the one before it: one was dropped, repeated or replaced.",
  "broken-key-history": "The statements about the log's keys do not follow each other.",
  "wrong-epoch": "The chain was started more or less often than its records say.",
  "unknown-checkpoint": "A seal names a checkpoint that nobody has: the log was cut or forked.",
  "checkpoint-gap": "A checkpoint, or its list of seals, is missing between others.",
  "seal-gap": "A seal is missing although a later one, or the tree, has it.",
  "key-gap": "A statement about the log's keys is missing between others.",
  "missing-segment": "Records that were sealed, and have to be kept, are not there.",
  "missing-receipt": "The log gave a receipt for a record, and does not hold it.",
  "unexpected-object": "There is something among the log's objects that no log has.",
  "empty-log": "There is nothing of a log in it.",
  rollback: "The log has less, or something else, than the checkpoint you kept: it was cut off or rewritten.",
  "unexpected-file": "The workpaper has a file that the signed list does not have.",
  "missing-file": "A file of the signed list is not in the workpaper.",
  "wrong-file": "A file of the workpaper is not the one that the log vouches for.",
  "wrong-population": "The records of a population are not the ones that the report states: some were changed, added " +
  "or left out.",
  "wrong-sample": "The sample is not the one that its seed gives: somebody chose other records.",
  "wrong-record": "The record is another than the one that has to be proved, or permits nothing of the kind.",
  unusable: "It has not the form that a file of this kind has.",
  other: "It does not agree with the document that fixes the format.",
};

/** What stands in it. */
export const LABELS = {
  id: "Record",
  type: "Type",
  action: "Action",
  allowed: "Allowed",
  time: "Time",
  tenant: "Tenant",
  class: "Kept as",
  leaf: "Leaf hash",
  log: "Log",
  size: "Seals in the tree",
  root: "Root",
  witness: "Witness",
  chain: "Chain",
  segment: "Segment",
  count: "Records",
  sealed_at: "Sealed",
  issued_at: "Issued",
  first: "First record",
  from: "From",
  to: "Up to",
  number: "Number",
  reason: "Reason",
  files: "Files",
  populations: "Populations",
  proofs: "Proofs",
  framework: "Framework",
  engagement: "Engagement",
  auditor: "Made for",
  beyond: "Seals under no checkpoint yet",
  timestamped: "Newest time stamp",
  cosigned: "Cosigned by",
};
