/** One chain of a log: its seals in turn, each with the records of its segment. Section 8, step 6. */

import { ZEROS, hex, same, utf8 } from "./bytes.mjs";
import { demand, parsing } from "./errors.mjs";
import { MAX_NOTE } from "./limits.mjs";
import { checkSignature, parseNote } from "./note.mjs";
import { NO_EPOCH, checkSegment, numbered, parseSeal, segmentKey } from "./segment.mjs";
import { leafHash } from "./tree.mjs";

/** Check a chain, and count in the verification's report what was checked. */
export async function checkChain(verification, chain) {
  const { report, last, pace } = verification;
  let follows = { previous: ZEROS, first_seq: 0, first_prev: ZEROS }; // of the next seal
  let epochs = NO_EPOCH; // what the epoch of the last record can be
  for (let number = 0; number <= last.get(chain); number++) {
    const { seal, sealHash, where } = await checkSeal(verification, chain, number, follows);
    if (seal.count > 0) {
      epochs = await checkRecords(verification, seal, where, epochs);
      const newest = report.up_to.max_time;
      report.up_to.max_time = newest === null || seal.max_time > newest ? seal.max_time : newest;
    }
    follows = { previous: sealHash, first_seq: seal.first_seq + seal.count, first_prev: seal.head, class: seal.class };
    report.checked.seals += 1;
    await pace.turn(1);
  }
  report.checked.chains += Number(last.get(chain) >= 0);
}

async function checkSeal(verification, chain, number, follows) {
  const { present, source, history, leaves, leavesOf, known, pinned } = verification;
  const where = `chains/${chain}/seals/${numbered(number)}.note`;
  demand(present.seal.has(where), "seal-gap", where, "it is missing, and a later one or a leaf is there");
  const data = await source.read(where, MAX_NOTE);
  const [note, seal] = await parsing("malformed-seal", where, () => {
    const parsed = parseNote(data);
    return [parsed, parseSeal(parsed.text)];
  });
  const place = leavesOf.get(chain)?.[number]; // in the tree, if it is there yet
  await checkSignature(note, place === undefined ? history.keys.at(-1) : history.at(place), where);
  const { class: kept = seal.class, ...continued } = follows;
  const placed = agrees(seal, { log: pinned.origin, chain, segment: number, class: kept });
  demand(placed, "misplaced-seal", where, "its log, chain, number or class is another's");
  demand(agrees(seal, continued), "broken-seal-chain", where, "it does not continue the one before it");
  demand(known.has(seal.checkpoint), "unknown-checkpoint", where, "it names a checkpoint that is not there");
  const sealHash = await leafHash(utf8(note.text));
  const asTold = place === undefined || same(leaves[place], sealHash);
  demand(asTold, "wrong-leaf", where, "the tree has another seal in its place");
  return { seal, sealHash: hex(sealHash), where };
}

/** Check the segment of a seal, which may have expired; return what the last epoch can be. */
async function checkRecords(verification, seal, sealedBy, epochs) {
  const { present, source, report, at, pace } = verification;
  const where = segmentKey(seal);
  const there = present.segment.has(where);
  if (!there && at !== null && seal.retain_until < at) {
    report.expired += 1;
    verification.expired.push([seal.chain, seal.first_seq, seal.first_seq + seal.count]);
    // Each record that is gone may have opened an epoch, and the first of a chain did.
    return [Math.max(epochs[0], 1), epochs[1] + seal.count];
  }
  demand(there, "missing-segment", where, "a seal names it, but it is not there");
  present.segment.delete(where); // what remains in the end is stray
  const see = (record, leaf) => verification.see(record, leaf);
  const data = await source.read(where, seal.bytes);
  const reached = await checkSegment(data, seal, { where, sealedBy, epochs, see, pace });
  report.checked.segments += 1;
  return reached;
}

function agrees(seal, wanted) {
  return Object.entries(wanted).every(([name, value]) => seal[name] === value);
}
