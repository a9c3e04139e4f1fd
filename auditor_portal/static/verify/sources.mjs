/**
 * Where the files of a log or a workpaper lie: a zip, a folder that was chosen, or a folder in a zip.
 *
 * A source has `names()`, `read(name, limit)`, which gives at most `limit` + 1 bytes, and `pieces(name)`. `zip.mjs` has
 * the zip.
 */

import { joined } from "./bytes.mjs";
import { MalformedError, UnusableError } from "./errors.mjs";

const ENOUGH = 1 << 21; // bytes

/** Files by their names, as a person chose them. */
export class Folder {
  constructor(blobs) {
    this.blobs = blobs;
  }

  names() {
    return this.blobs.keys();
  }

  async read(name, limit = Infinity) {
    const blob = this.blob(name);
    return new Uint8Array(await blob.slice(0, Math.min(blob.size, limit + 1)).arrayBuffer());
  }

  pieces(name) {
    return piecesOf(this.blob(name).stream());
  }

  blob(name) {
    const blob = this.blobs.get(name);
    if (blob === undefined) throw new UnusableError(`there is no \`${name}\` in it`);
    return blob;
  }
}

/** What of a source lies in one folder of it. */
class Within {
  constructor(source, folder) {
    Object.assign(this, { source, folder });
  }

  names() {
    return [...this.source.names()].map((name) => name.slice(this.folder.length));
  }

  read(name, limit) {
    return this.source.read(this.folder + name, limit);
  }

  pieces(name) {
    return this.source.pieces(this.folder + name);
  }
}

/** Return a source without the one folder that holds all of it, if there is one, unless `isWhole` says no. */
export function opened(source, isWhole) {
  const names = [...source.names()];
  const folder = `${names[0]?.split("/")[0]}/`;
  if (isWhole(names) || !names.every((name) => name.startsWith(folder))) return source;
  return new Within(source, folder);
}

/** Return pieces as one, or the first `limit` + 1 bytes where they are more. */
export async function gathered(pieces, limit) {
  const kept = [];
  let size = 0;
  for await (const piece of pieces) {
    kept.push(piece);
    size += piece.length;
    if (size > limit) return joined(...kept).slice(0, limit + 1);
  }
  return kept.length === 1 ? kept[0] : joined(...kept);
}

/** Yield what a stream gives; that it cannot be read to its end is an error of its form. */
export async function* piecesOf(stream) {
  const reader = stream.getReader();
  let taken = 0;
  try {
    for (let next = await following(reader); !next.done; next = await following(reader)) {
      taken += next.value.length;
      if (taken > ENOUGH) {
        taken = 0;
        await new Promise((resolve) => setTimeout(resolve)); // a fast stream never lets the page have its turn
      }
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function following(reader) {
  try {
    return await reader.read();
  } catch {
    throw new MalformedError("it cannot be read or unpacked");
  }
}
