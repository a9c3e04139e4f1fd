/** The populations of a workpaper, and the samples of them: docs/reports.md. */

import { fromHex, sha256Hex } from "./bytes.mjs";
import { batchesOf } from "./csv.mjs";
import { UnusableError, demand, refuse } from "./errors.mjs";
import { sorted } from "./pace.mjs";
import { drawAgain, inOrder } from "./sample.mjs";

const LEAF = /^[0-9a-f]{64}$/;
const NUMBER = /^[0-9]{1,16}$/;
const LEAF_SIZE = 32;

/** Return where the population of each test lies. */
export async function filesOf(source) {
  const files = new Map();
  for await (const rows of batchesOf(source.pieces("index.csv"))) {
    for (const row of rows) if (row.what === "statement") files.set(row.test, row.file);
  }
  return files;
}

/** Check each population that a statement names, and its sample; return how many there are. */
export async function checkPopulations(source, report, files, told, pace) {
  const controls = new Map(report.controls.map((control) => [control.id, control]));
  pace.begin("populations", report.statements.length);
  for (const statement of report.statements) {
    const [name, control] = [files.get(statement.test), controls.get(statement.control)];
    if (name === undefined || control === undefined) throw new UnusableError("a statement without population");
    await checkPopulation(source, name, statement, control, report.engagement, pace);
    told("population", { name, test: statement.test, count: statement.population.count });
    if (statement.sample) told("sample", { test: statement.test, count: statement.sample.positions.length });
    await pace.turn(1);
  }
  return report.statements.length;
}

/** Check count and hash of one population, and draw its sample again. */
async function checkPopulation(source, name, { population, sample }, control, engagement, pace) {
  const parts = [];
  const places = [];
  for await (const rows of batchesOf(source.pieces(name))) {
    parts.push(leavesOf(rows, name));
    if (sample) for (const row of rows) places.push(placed(row, name));
    await pace.turn();
  }
  const leaves = new Blob(parts);
  const digest = await sha256Hex(await leaves.arrayBuffer());
  const asStated = leaves.size === population.count * LEAF_SIZE && digest === population.sha256;
  demand(asStated, "wrong-population", name, "is not what is stated");
  if (!sample) return;
  const drawn = await drawAgain(await sorted(places, inOrder, pace), engagement, control, population.sha256);
  checkDrawn(drawn, sample.positions, name);
}

/** Demand that a sample is the one that was drawn again. */
export function checkDrawn(drawn, stated, where) {
  const agrees = drawn.length === stated.length && drawn.every((each, place) => each === stated[place]);
  demand(agrees, "wrong-sample", where, "another sample comes of its seed");
}

/** Return the rows of a population in the order of time, then of chain and number. */
export async function orderOf(source, name, pace) {
  const places = [];
  for await (const rows of batchesOf(source.pieces(name))) {
    for (const row of rows) places.push(placed(row, name));
    await pace.turn();
  }
  return sorted(places, inOrder, pace);
}

function leavesOf(rows, name) {
  const data = new Uint8Array(rows.length * LEAF_SIZE);
  for (const [place, row] of rows.entries()) {
    refuse(!LEAF.test(row.leaf), `a row of ${name} has no leaf hash`);
    data.set(fromHex(row.leaf), place * LEAF_SIZE);
  }
  return data;
}

function placed({ time, position }, name) {
  const dash = position?.lastIndexOf("-") ?? -1;
  const seq = position?.slice(dash + 1);
  refuse(dash < 0 || time === undefined || !NUMBER.test(seq), `a row of ${name} has no position`);
  return { time, chain: position.slice(0, dash), seq: Number(seq), position };
}
