// What the page's modules say of tables that a test made; run in a browser, answers go back as JSON.

import { fromBase64 } from "/static/verify/bytes.mjs";
import { parseCanonical } from "/static/verify/canonical.mjs";
import { batchesOf } from "/static/verify/csv.mjs";
import { explain, summary } from "/static/verify/explain.mjs";
import { CancelledError, FindingError, MalformedError, UnusableError } from "/static/verify/errors.mjs";
import { checkGrowth, parseGrowth } from "/static/verify/growth.mjs";
import { parseKey } from "/static/verify/key.mjs";
import { KeyHistory } from "/static/verify/key_history.mjs";
import { verifyLog } from "/static/verify/log.mjs";
import { Pace, sorted } from "/static/verify/pace.mjs";
import { checkProof } from "/static/verify/proof.mjs";
import { drawAgain, inOrder } from "/static/verify/sample.mjs";
import { Folder } from "/static/verify/sources.mjs";
import { rootByProof, rootOf, Tree } from "/static/verify/tree.mjs";
import { trusted, recognised, verifyAll } from "/static/verify/verify.mjs";
import { verifyWorkpaper } from "/static/verify/workpaper.mjs";
import { openZip } from "/static/verify/zip.mjs";
import { ZIP } from "/static/verify/limits.mjs";
import { hex, fromHex, utf8 } from "/static/verify/bytes.mjs";

const bytes = (text) => (text === null ? null : Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));

// The objects of a log, from memory.
function memory(objects) {
  return { names: () => Object.keys(objects), read: async (name) => bytes(objects[name]) };
}

// Return what a check says: `ok`, `malformed`, `unusable`, or code and place of a finding. Another error is a mistake.
async function said(check) {
  try {
    const value = await check();
    return value === undefined ? "ok" : value;
  } catch (error) {
    if (error instanceof FindingError) return [error.code, error.where];
    if (error instanceof MalformedError) return "malformed";
    if (error instanceof UnusableError) return "unusable";
    return `mistake: ${error.stack}`;
  }
}

const quiet = () => undefined;

const CHECKS = {
  async logs({ objects, key, earlier, at, witnesses, receipts }) {
    const asked = {
      earlier: earlier === null ? [] : [bytes(earlier)],
      at,
      witnesses: await Promise.all(witnesses.map((each) => parseKey(bytes(each), 4))),
      receipts: receipts.map(bytes),
    };
    const report = await verifyLog(memory(objects), await parseKey(bytes(key)), asked, new Pace());
    if (report.finding !== null) delete report.finding.detail;
    return report;
  },
  async keys({ data, kind }) {
    await parseKey(bytes(data), kind);
  },
  canonical: async ({ text }) => void parseCanonical(text),
  base64: async ({ text }) => void fromBase64(text),
  async signatures({ key, signature, text }) {
    return (await parseKey(bytes(key))).holds(bytes(signature), bytes(text));
  },
  async proofs({ data, key }) {
    await checkProof(bytes(data), new KeyHistory(await parseKey(bytes(key))));
  },
  async inclusion({ leaf, index, size, proof }) {
    return hex(await rootByProof(fromHex(leaf), index, size, proof.map(fromHex)));
  },
  async consistency({ old, oldRoot, size, root, proof }) {
    const heads = [{ size: old, root: fromHex(oldRoot) }, { size, root: fromHex(root) }];
    await checkGrowth(...heads, parseGrowth(utf8(proof)));
  },
  async roots({ leaves }) {
    const tree = new Tree();
    for (const leaf of leaves) await tree.add(fromHex(leaf));
    return [hex(await rootOf(leaves.map(fromHex))), hex(await tree.root())];
  },
  async samples({ rows, engagement, control, population }) {
    const order = rows.map(([position, time]) => {
      const dash = position.lastIndexOf("-");
      return { time, position, chain: position.slice(0, dash), seq: Number(position.slice(dash + 1)) };
    });
    return drawAgain(await sorted(order, inOrder, new Pace(), 16), engagement, control, population);
  },
  async tables({ data, size }) {
    const rows = [];
    const whole = utf8(data);
    async function* pieces() {
      for (let start = 0; start < whole.length; start += size) yield whole.subarray(start, start + size);
    }
    for await (const batch of batchesOf(pieces())) rows.push(...batch);
    return rows;
  },
  async zips({ data, limits }) {
    const zip = await openZip(new Blob([bytes(data)]), { ...ZIP, ...limits });
    const found = {};
    for (const name of zip.names()) found[name] = hex(await zip.read(name));
    return found;
  },
  // Whether work that is ended stops, and how far it told to be.
  async paces({ turns, ended }) {
    const told = [];
    const signal = { aborted: ended };
    const pace = new Pace({ signal, tell: (work) => told.push(work) });
    pace.begin("records", turns);
    pace.since = -Infinity; // as if a piece of work were over
    try {
      await pace.turn(1);
    } catch (error) {
      return [error.constructor === CancelledError, told];
    }
    return [false, told];
  },
  async dropped({ files, key, witnesses }) {
    const given = await recognised(files.map(({ name, data }) => ({ name, blob: new Blob([bytes(data)]) })));
    const found = await verifyAll(given, await trusted(key, witnesses), "2026-11-23T00:00:00.000000Z", new Pace());
    const words = found.map((one) => explain(one, key !== ""));
    if (words.some(({ title, tag, sentence }) => !title || !tag || !sentence) || !summary(found)) return "no words";
    return found.map(({ name, kind, verdict, finding }) => [name, kind, verdict, finding?.code ?? null]);
  },
};

// Of workpapers the files of a good one are sent once, and of each case what is otherwise.
async function papers({ files, key, changes }) {
  const pinned = await parseKey(bytes(key));
  const whole = new Map(Object.entries(files).map(([name, data]) => [name, new Blob([bytes(data)])]));
  const answers = [];
  for (const changed of changes) {
    const here = new Map(whole);
    for (const [name, data] of Object.entries(changed)) {
      if (data === null) here.delete(name);
      else here.set(name, new Blob([bytes(data)]));
    }
    answers.push(await said(async () => void (await verifyWorkpaper(new Folder(here), pinned, quiet, new Pace()))));
  }
  return answers;
}

export async function answers(url) {
  const tables = await (await fetch(url)).json();
  const all = {};
  for (const [name, cases] of Object.entries(tables)) {
    if (name === "papers") {
      all.papers = [];
      for (const each of cases) all.papers.push(await papers(each));
      continue;
    }
    all[name] = [];
    for (const each of cases) all[name].push(await said(() => CHECKS[name](each)));
  }
  return all;
}
