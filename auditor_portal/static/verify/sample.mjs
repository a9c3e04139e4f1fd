/** Samples drawn again: docs/reports.md, "Draw a sample again". */

import { fromHex, hex, joined, sha256, utf8 } from "./bytes.mjs";

const SIZES = { year: 1, quarter: 2, month: 2, week: 5, day: 25, hour: 40 };
const ON_OCCURRENCE = [[10, 10], [50, 8], [250, 15], [1000, 25]]; // up to so many rows, so many
const MOST = 40;
const NUMBERS = 2n ** 256n; // as many as a SHA-256 can be

/** Return the order of rows in a population: by time, then by chain and number. */
export function inOrder(one, other) {
  if (one.time !== other.time) return one.time < other.time ? -1 : 1;
  if (one.chain !== other.chain) return one.chain < other.chain ? -1 : 1;
  return one.seq - other.seq || (one.position < other.position ? -1 : 1);
}

function sizeOf(frequency, count) {
  return SIZES[frequency] ?? ON_OCCURRENCE.find(([most]) => count <= most)?.[1] ?? MOST;
}

/** Return the seed that follows from an engagement, a control's id and the hash of a population. */
export function seedOf(engagement, control, population) {
  return sha256(utf8(`${engagement ?? "None"}|${control}|${population}`)); // no name is written as Python writes it
}

/** Return the positions of a sample: one row of each of so many equal parts of the ordered rows. */
export async function drawAgain(rows, engagement, control, population) {
  const size = sizeOf(control.frequency, rows.length);
  if (rows.length <= size) return rows.map((row) => row.position);
  const seed = await seedOf(engagement, control.id, population);
  const drawn = [];
  for (let part = 0; part < size; part++) {
    const first = Math.floor((part * rows.length) / size);
    const count = Math.floor(((part + 1) * rows.length) / size) - first;
    drawn.push(rows[first + (await numberBelow(count, seed, part))].position);
  }
  return drawn;
}

/** Return a number below `count`, each as likely as the others. */
async function numberBelow(count, seed, part) {
  const limit = NUMBERS - (NUMBERS % BigInt(count));
  for (let attempt = 0; ; attempt++) {
    const block = joined(seed, eightBytes(part), eightBytes(attempt));
    const number = BigInt(`0x${hex(await sha256(block))}`);
    if (number < limit) return Number(number % BigInt(count));
  }
}

function eightBytes(number) {
  return fromHex(number.toString(16).padStart(16, "0"));
}
