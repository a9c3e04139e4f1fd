/**
 * What an auditor gave, verified: each file by its kind, with what the others say of it.
 *
 * A result has `name` and `kind` of the file, `verdict` (`holds`, `fails`, `open`: nothing can be said without more,
 * `unusable`), `finding` (`code`, `where`, `detail`), the `steps` that held, and `facts`. `explain.mjs` has the words.
 */

import { checkArchive } from "./archives.mjs";
import { utf8 } from "./bytes.mjs";
import { UnusableError } from "./errors.mjs";
import { Given, of } from "./given.mjs";
import { checkAnchors, checkCheckpoints, checkGrowths, readCheckpoints } from "./heads.mjs";
import { LOG, WITNESS, parseKey } from "./key.mjs";
import { KeyHistory } from "./key_history.mjs";
import { kindOf } from "./kinds.mjs";
import { MAX_NOTE } from "./limits.mjs";
import { checkPieces } from "./pieces.mjs";

/** Return files that were given, each with its kind. */
export async function recognised(files) {
  const kinds = await Promise.all(files.map(({ name, blob, kind }) => kind ?? kindOf(name, blob)));
  return files.map(({ name, blob }, place) => new Given(name, kinds[place], blob));
}

/**
 * Return whom the auditor believes: the log's key, or null where none was given, and keys of witnesses.
 *
 * Throws `MalformedError` for what is no key.
 */
export async function trusted(logKey, witnessKeys) {
  const witnesses = witnessKeys.split("\n").filter((line) => line.trim() !== "");
  const key = logKey.trim() === "" ? null : await parseKey(utf8(logKey), LOG);
  return { key, witnesses: await Promise.all(witnesses.map((line) => parseKey(utf8(line), WITNESS))) };
}

/**
 * Verify what was given; return it, what does not hold first. `at` is the time of the verification.
 *
 * The parts of `table` are what the checks have in common: what was given, whom the auditor believes, what is known.
 */
export async function verifyAll(given, { key, witnesses }, at, pace) {
  const table = { given, key, witnesses, at, pace, history: key === null ? null : new KeyHistory(key) };
  if (key !== null) {
    await takeStatements(table);
    await readCheckpoints(table);
    await checkCheckpoints(table);
    await checkGrowths(table);
    await checkAnchors(table);
  }
  await checkPieces(table);
  for (const one of of(table, "zip", "folder")) {
    if (key !== null) await one.judge(() => checkArchive(one, table));
  }
  const unknown = "it is neither of what can be verified here, or it is damaged at its beginning";
  for (const one of of(table, "unknown", "key")) one.fail(new UnusableError(unknown));
  const rank = { fails: 0, unusable: 1, open: 2, holds: 3 };
  return [...given].sort((left, right) => rank[left.verdict] - rank[right.verdict]);
}

/** Take in key statements in the order of their numbers: with them, the keys before and after the given one count. */
async function takeStatements(table) {
  const statements = of(table, "statement");
  if (statements.length === 0) return;
  const numbered = await Promise.all(statements.map(async (one) => [await numberIn(one), one]));
  numbered.sort(([left], [right]) => left - right);
  const history = new KeyHistory(table.key);
  for (const [, one] of numbered) {
    await one.judge(async () => {
      await history.take(await one.bytes(MAX_NOTE), one.name);
      const statement = history.statements.at(-1);
      one.told("statement", { from: history.keys.at(-2).name, to: history.keys.at(-1).name, size: statement.size });
      one.facts = { log: statement.log, number: statement.number, reason: statement.reason, time: statement.time };
    });
    if (one.verdict !== "holds") return;
  }
  await numbered[0][1].judge(() => history.checkPinned(numbered[0][1].name));
  if (numbered[0][1].verdict === "holds") table.history = history;
}

async function numberIn(one) {
  const found = /"number":([0-9]{1,15})/.exec(new TextDecoder().decode(await one.bytes(MAX_NOTE)));
  return found === null ? 0 : Number(found[1]);
}
