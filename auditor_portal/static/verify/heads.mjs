/** Checkpoints that were given, how one continues another, and what time stamps and witnesses say of them. */

import { base64, same, sha256 } from "./bytes.mjs";
import { checkCheckpoint } from "./checkpoint.mjs";
import { cosignatureOf, cosigned, isByWitness, parseCosignature, timeOf } from "./cosignature.mjs";
import { FindingError, demand, parsing } from "./errors.mjs";
import { of } from "./given.mjs";
import { checkGrowth, parseGrowth } from "./growth.mjs";
import { MAX_COSIGNATURE, MAX_NOTE, MAX_TIMESTAMP } from "./limits.mjs";
import { parseTimestamp } from "./timestamp.mjs";

/** Read the checkpoints into `table.heads`, each with its bytes; none of them is believed yet. */
export async function readCheckpoints(table) {
  table.heads = new Map();
  for (const one of of(table, "checkpoint")) table.heads.set(one, { data: await one.bytes(MAX_NOTE) });
}

/** Check the signature of each checkpoint, and the cosignatures that stand in it. */
export async function checkCheckpoints(table) {
  for (const [one, head] of table.heads) {
    await one.judge(async () => {
      Object.assign(head, await checkCheckpoint(head.data, table.history, "checkpoint", { stored: false }));
      const key = table.history.at(head.size - 1).name;
      one.told("checkpoint-signature", { size: head.size, key, log: head.origin });
      one.facts = { log: head.origin, size: head.size, root: base64(head.root) };
      for (const line of head.signatures) await checkLine(one, head, line, table.witnesses);
    });
    head.believed = one.verdict === "holds";
  }
}

async function checkLine(one, head, { name, id, value }, witnesses) {
  const ours = witnesses.filter((witness) => isByWitness({ name, id }, witness));
  for (const witness of ours) {
    const found = await parsing("malformed-anchor", "checkpoint", () => cosignatureOf(name, id, value));
    const holds = await cosigned(found, witness, head.text);
    demand(holds, "bad-anchor", "checkpoint", `${name} did not cosign this checkpoint`);
    one.told("cosignature", { witness: name, time: timeOf(found.seconds), size: head.size });
  }
}

/** Check each consistency proof between the two checkpoints that were given. */
export async function checkGrowths(table) {
  for (const one of of(table, "growth")) {
    const heads = [...table.heads.values()].filter((head) => head.believed);
    heads.sort((left, right) => left.size - right.size);
    if (heads.length !== 2) continue;
    await one.judge(async () => {
      const proof = parseGrowth(await one.bytes(MAX_NOTE));
      await parsing("bad-proof", "proof", () => checkGrowth(heads[0], heads[1], proof));
      one.told("growth", { old: heads[0].size, size: heads[1].size, hashes: proof.length });
    });
  }
}

/** Check each time stamp and each cosignature that was given as a file of its own. */
export async function checkAnchors(table) {
  const heads = [...table.heads.values()];
  for (const one of of(table, "timestamp")) await one.judge(() => checkTimestamp(one, heads));
  for (const one of of(table, "cosignature")) await one.judge(() => checkCosignature(one, heads, table.witnesses));
}

async function checkTimestamp(one, heads) {
  const data = await one.bytes(MAX_TIMESTAMP);
  const { imprint, time } = await parsing("malformed-anchor", one.name, () => parseTimestamp(data));
  one.facts = { time };
  if (heads.length === 0) return "open";
  const hashes = await Promise.all(heads.map((head) => sha256(head.data)));
  const place = hashes.findIndex((hash) => same(hash, imprint));
  demand(place >= 0, "bad-anchor", one.name, "it is not over the checkpoint");
  one.told("timestamp", { time, size: heads[place].size ?? null });
  return "holds";
}

async function checkCosignature(one, heads, witnesses) {
  const data = await one.bytes(MAX_COSIGNATURE);
  const found = await parsing("malformed-anchor", one.name, () => parseCosignature(data));
  const time = timeOf(found.seconds);
  one.facts = { witness: found.name, time };
  const witness = witnesses.find((each) => isByWitness(found, each));
  const texts = heads.filter((head) => head.text !== undefined);
  if (witness === undefined || texts.length === 0) return "open";
  for (const head of texts) {
    if (!(await cosigned(found, witness, head.text))) continue;
    one.told("cosignature", { witness: found.name, time, size: head.size });
    return "holds";
  }
  throw new FindingError("bad-anchor", one.name, `${found.name} did not cosign this checkpoint`);
}

