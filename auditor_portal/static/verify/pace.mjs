/**
 * Long work in short pieces, so that the page stays alive: progress is told, and the work can be ended.
 *
 * Everything is checked on the page's own thread: so the page as it is served and the page that was saved work alike.
 */

import { CancelledError } from "./errors.mjs";

const PIECE = 25; // milliseconds of work before the page gets its turn

/** Gives the page its turn now and then. */
export class Pace {
  /** `signal` ends the work; `tell` is given what is done, of how much, and of what. */
  constructor({ signal = null, tell = () => undefined } = {}) {
    Object.assign(this, { signal, tell, since: performance.now(), work: { done: 0, all: 0, what: "" } });
  }

  /** Say what comes now, and how many of it there are. */
  begin(what, all) {
    this.work = { done: 0, all, what };
  }

  /** Say that so much more is done; give the page its turn if it is time. */
  async turn(done = 0) {
    this.work.done += done;
    if (performance.now() - this.since < PIECE) return;
    this.tell({ ...this.work });
    await new Promise((resolve) => setTimeout(resolve));
    if (this.signal?.aborted) throw new CancelledError("ended by the person at the page");
    this.since = performance.now();
  }
}

/** Sort an array, a run at a time and then runs together, by a comparison that never says 0. */
export async function sorted(rows, compare, pace, run = 4096) {
  let source = rows;
  for (let start = 0; start < rows.length; start += run) {
    const piece = source.slice(start, start + run).sort(compare);
    for (let place = 0; place < piece.length; place++) source[start + place] = piece[place];
    await pace.turn();
  }
  for (let width = run; width < rows.length; width *= 2) source = await merged(source, width, compare, pace);
  return source;
}

async function merged(source, width, compare, pace) {
  const target = new Array(source.length);
  for (let start = 0; start < source.length; start += 2 * width) {
    const [middle, end] = [Math.min(start + width, source.length), Math.min(start + 2 * width, source.length)];
    let [left, right] = [start, middle];
    for (let place = start; place < end; place++) {
      const takesLeft = left < middle && (right >= end || compare(source[left], source[right]) < 0);
      target[place] = takesLeft ? source[left++] : source[right++];
      if (place % 4096 === 0) await pace.turn();
    }
  }
  return target;
}
