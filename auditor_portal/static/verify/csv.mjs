/** Tables as CSV (RFC 4180), row by row from bytes that come in pieces. */

import { refuse } from "./errors.mjs";

const [QUOTE, COMMA, NEWLINE] = ['"', ",", "\n"];
const MARK = /["\r\n,]/g;
const MAX_ROW = 1 << 20;

/** Yield the rows of a table as objects by the names in its first line, in batches; empty lines are passed over. */
export async function* batchesOf(pieces) {
  let head = null;
  for await (const lines of rowsOf(pieces)) {
    const rows = lines.filter((row) => row.length > 1 || row[0] !== "");
    if (head === null && rows.length > 0) head = rows.shift();
    if (rows.length > 0) yield rows.map((row) => Object.fromEntries(head.map((name, place) => [name, row[place]])));
  }
}

/** Yield the rows of a table as arrays, in batches: those that end in one piece. */
async function* rowsOf(pieces) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const parser = new Rows();
  for await (const piece of pieces) yield parser.take(decoded(decoder, piece, { stream: true }));
  yield [...parser.take(decoded(decoder)), ...parser.end()];
}

function decoded(decoder, ...given) {
  try {
    return decoder.decode(...given);
  } catch {
    refuse(true, "a table is not UTF-8");
  }
}

/** What of a table has come so far. */
class Rows {
  constructor() {
    Object.assign(this, { cells: [], cell: "", quoted: false, closed: false, size: 0 });
  }

  /** Return the rows that end in this text. */
  take(text) {
    const rows = [];
    let place = 0;
    while (place < text.length) {
      const end = this.plainEnd(text, place);
      if (end > place) this.closed = false;
      this.cell += text.slice(place, end);
      this.size += end - place + 1;
      refuse(this.size > MAX_ROW, "a row of a table is too long");
      if (end < text.length) this.mark(text[end], rows);
      place = end + 1;
    }
    return rows;
  }

  /** Return where the next character stands that means something. */
  plainEnd(text, start) {
    if (this.quoted) {
      const found = text.indexOf(QUOTE, start);
      return found < 0 ? text.length : found;
    }
    MARK.lastIndex = start;
    return MARK.exec(text)?.index ?? text.length;
  }

  mark(character, rows) {
    if (this.quoted) {
      [this.quoted, this.closed] = [false, true]; // unless the next character is a quote too
    } else if (character === QUOTE) {
      refuse(this.cell !== "" && !this.closed, "a quote stands within a cell");
      if (this.closed) this.cell += QUOTE;
      [this.quoted, this.closed] = [true, false];
    } else {
      this.endCell(character, rows);
    }
  }

  /** End a cell, and with it the row unless it is a comma that ends it: of CR and LF, the row between them is empty. */
  endCell(character, rows) {
    this.cells.push(this.cell);
    [this.cell, this.closed] = ["", false];
    if (character === COMMA) return;
    rows.push(this.cells);
    [this.cells, this.size] = [[], 0];
  }

  /** Return the last row, where no newline ends it. */
  end() {
    refuse(this.quoted, "a table ends within a quoted cell");
    const rows = [];
    if (this.cells.length > 0 || this.cell !== "" || this.closed) this.endCell(NEWLINE, rows);
    return rows;
  }
}
