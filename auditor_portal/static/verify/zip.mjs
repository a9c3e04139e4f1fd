/**
 * A strict reader of zips (PKWARE APPNOTE 6.3): members lie one behind the other from the first byte to the directory.
 *
 * Refused: what lies between, before or behind members, overlaps, encryption, links, more than one disk, methods other
 * than stored and deflate, names that lead elsewhere or stand twice, directory and local header that disagree, a wrong
 * CRC, and sizes and ratios beyond `limits.mjs`. The zip is read where it lies; in memory is one member at a time.
 */

import { same, textOf } from "./bytes.mjs";
import { Crc } from "./crc.mjs";
import { UnusableError, refuse } from "./errors.mjs";
import { ZIP } from "./limits.mjs";
import { gathered, piecesOf } from "./sources.mjs";

const [END, END64, LOCATOR64, CENTRAL, LOCAL, DESCRIPTOR] = [
  0x06054b50, 0x06064b50, 0x07064b50, 0x02014b50, 0x04034b50, 0x08074b50,
];
const [END_SIZE, END64_SIZE, LOCATOR64_SIZE, CENTRAL_SIZE, LOCAL_SIZE] = [22, 56, 20, 46, 30];
const [STORED, DEFLATED] = [0, 8];
const [ENCRYPTED, STREAMED, UTF8] = [0x2041, 0x8, 0x800]; // flags: bits 0, 6 and 13; 3; 11
const [FULL16, FULL32, ZIP64] = [0xffff, 0xffffffff, 1];
const [UNIX, LINK, KIND] = [3, 0o120000, 0o170000];
const PATH = /^(?!\.{1,2}(\/|$))[^/\\:\x00-\x1f\x7f]+(\/(?!\.{1,2}(\/|$))[^/\\:\x00-\x1f\x7f]+)*\/?$/;
const VERSION = 45; // of the form: large files, and nothing newer
const SMALL = 1 << 16; // below this the ratio says nothing, and a member is read at once
const MOST_BEHIND = 24;

/** Numbers at places in bytes, little-endian. */
class Fields {
  constructor(data) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  two(place) {
    return this.view.getUint16(place, true);
  }

  four(place) {
    return this.view.getUint32(place, true);
  }

  eight(place) {
    const number = this.view.getBigUint64(place, true);
    refuse(number > BigInt(Number.MAX_SAFE_INTEGER), "a number in the zip is too large");
    return Number(number);
  }
}

async function bytesOf(blob, start, end) {
  refuse(start < 0 || end > blob.size || start > end, "the zip is cut off");
  return new Uint8Array(await blob.slice(start, end).arrayBuffer());
}

/** Return the zip in a blob; `limits` are those of `limits.mjs`, or tighter ones. */
export async function openZip(blob, limits = ZIP) {
  refuse(blob.size > limits.file, `more than ${limits.file} bytes`);
  const directory = await findDirectory(blob, limits);
  const fields = new Fields(await bytesOf(blob, directory.start, directory.end));
  const members = parseDirectory(fields, directory.count, limits);
  return new Zip(blob, laidOut(members, directory.start));
}

/** Return where the central directory begins and ends, and how many members it has. */
async function findDirectory(blob, limits) {
  const end = blob.size - END_SIZE;
  refuse(end < 0, "not a zip, or it is cut off");
  const fields = new Fields(await bytesOf(blob, end, blob.size));
  refuse(fields.four(0) !== END || fields.two(20) !== 0, "not a zip, or it is cut off, or something stands behind it");
  const small = { count: fields.two(10), size: fields.four(12), start: fields.four(16) };
  refuse(fields.two(4) !== 0 || fields.two(6) !== 0 || fields.two(8) !== small.count, "a zip of several disks");
  const large = await findLarge(blob, end);
  const fits = large === null || Object.keys(small).every((name) => agrees(small[name], large[name], name));
  refuse(!fits, "the two ends of the zip disagree");
  const { count, size, start, behind } = large ?? { ...small, behind: end };
  refuse(start + size !== behind, "something stands between the members of the zip and its directory, or behind it");
  refuse(count > limits.members || size > limits.directory, "the zip has too many members");
  return { start, end: behind, count };
}

function agrees(small, large, name) {
  return small === large || small === (name === "count" ? FULL16 : FULL32);
}

/** Return what the end of a large zip says, or null where the zip has none. */
async function findLarge(blob, end) {
  if (end < LOCATOR64_SIZE + END64_SIZE) return null;
  const locator = new Fields(await bytesOf(blob, end - LOCATOR64_SIZE, end));
  if (locator.four(0) !== LOCATOR64) return null;
  const place = end - LOCATOR64_SIZE - END64_SIZE;
  const fields = new Fields(await bytesOf(blob, place, place + END64_SIZE));
  const formed = fields.four(0) === END64 && fields.eight(4) === END64_SIZE - 12 && locator.eight(8) === place;
  const onOne = fields.four(16) === 0 && fields.four(20) === 0 && fields.eight(24) === fields.eight(32);
  const oneDisk = onOne && locator.four(4) === 0 && locator.four(16) === 1;
  refuse(!formed || !oneDisk, "the end of the large zip is not in its form");
  return { count: fields.eight(32), size: fields.eight(40), start: fields.eight(48), behind: place };
}

/** Return the members that the directory has, in its order. */
function parseDirectory(fields, count, limits) {
  const members = [];
  let place = 0;
  for (let number = 0; number < count; number++) {
    refuse(place + CENTRAL_SIZE > fields.data.length || fields.four(place) !== CENTRAL, "the directory is cut off");
    const sizes = [fields.two(place + 28), fields.two(place + 30), fields.two(place + 32)];
    const [nameAt, extraAt] = [place + CENTRAL_SIZE, place + CENTRAL_SIZE + sizes[0]];
    const next = extraAt + sizes[1] + sizes[2];
    refuse(next > fields.data.length, "the directory is cut off");
    members.push(parseMember(fields, place, fields.data.subarray(nameAt, extraAt), [extraAt, extraAt + sizes[1]]));
    place = next;
  }
  refuse(place !== fields.data.length, "the directory goes on behind its members");
  members.forEach((member) => checkMember(member, limits));
  const total = members.reduce((sum, member) => sum + member.size, 0);
  refuse(total > limits.total, `more than ${limits.total} bytes when unpacked`);
  refuse(new Set(members.map((member) => member.name)).size !== members.length, "a name stands twice in the zip");
  return members;
}

function parseMember(fields, place, rawName, extra) {
  const [packed, size, start] = [fields.four(place + 20), fields.four(place + 24), fields.four(place + 42)];
  const large = largeFields(fields, extra, { size, packed, start });
  const [flags, method, crc] = [fields.two(place + 8), fields.two(place + 10), fields.four(place + 16)];
  refuse(fields.two(place + 34) !== 0, "a zip of several disks");
  refuse((fields.two(place + 6) & 0xff) > VERSION, "a zip of a kind that is too new");
  const isLink = fields.two(place + 4) >> 8 === UNIX && ((fields.four(place + 38) >>> 16) & KIND) === LINK;
  return { rawName, flags, method, crc, ...large, name: textOf(rawName), isLink };
}

/** Return sizes and place of a member, each from the field for large numbers where its own is full. */
function largeFields(fields, [from, to], { size, packed, start }) {
  const found = { size, packed, start };
  let place = from;
  while (place + 4 <= to) {
    const [id, end] = [fields.two(place), place + 4 + fields.two(place + 2)];
    refuse(end > to, "a field of the zip is cut off");
    if (id === ZIP64) {
      let at = place + 4;
      for (const name of ["size", "packed", "start"]) {
        if (found[name] !== FULL32) continue;
        refuse(at + 8 > end, "a field of the zip is cut off");
        found[name] = fields.eight(at);
        at += 8;
      }
    }
    place = end;
  }
  refuse(place !== to, "a field of the zip is cut off");
  return found;
}

function checkMember({ name, rawName, flags, method, size, packed, isLink }, limits) {
  refuse(!PATH.test(name), "a name in the zip leads elsewhere, or has characters that no name has");
  refuse(!(flags & UTF8) && rawName.some((byte) => byte > 0x7f), "a name in the zip is neither ASCII nor UTF-8");
  refuse(flags & ENCRYPTED, "the zip is encrypted");
  refuse(isLink, "the zip has a link");
  refuse(method !== STORED && method !== DEFLATED, "a member is packed in a way that is not known");
  refuse(method === STORED && size !== packed, "a member that is not packed has two sizes");
  refuse(name.endsWith("/") && size > 0, "a directory in the zip has content");
  refuse(size > limits.member, `a member of more than ${limits.member} bytes`);
  refuse(size > SMALL && size > packed * limits.ratio, "a member is packed too well to be believed");
}

/** Return the members with the place where each ends: where the next one begins, the last where the directory does. */
function laidOut(members, directory) {
  const order = [...members].sort((one, other) => one.start - other.start);
  let reached = 0;
  for (const [number, member] of order.entries()) {
    refuse(member.start !== reached, "something stands before the members of the zip");
    reached = order[number + 1]?.start ?? directory;
    refuse(reached <= member.start || reached > directory, "members of the zip overlap");
    member.end = reached;
  }
  refuse(order.length === 0 && directory !== 0, "something stands before the members of the zip");
  return members;
}

/** A zip whose directory holds together; each member is checked when it is read. */
export class Zip {
  constructor(blob, members) {
    this.blob = blob;
    this.members = new Map(members.filter(({ name }) => !name.endsWith("/")).map((member) => [member.name, member]));
  }

  names() {
    return this.members.keys();
  }

  read(name, limit = Infinity) {
    return gathered(this.pieces(name), limit);
  }

  /** Yield a member in pieces; size and CRC are known to be right when the last one has come. */
  async *pieces(name) {
    const member = this.members.get(name);
    if (member === undefined) throw new UnusableError(`there is no \`${name}\` in it`);
    const around = await aroundOf(this.blob, member);
    const start = await checkLocal(around, member);
    const packed = around.slice(start, start + member.packed);
    const crc = new Crc();
    let size = 0;
    for await (const piece of unpacked(streamOf(packed), member.method)) {
      size += piece.length;
      refuse(size > member.size, "a member is longer than the zip says");
      crc.take(piece);
      yield piece;
    }
    refuse(size !== member.size, "a member is shorter than the zip says");
    refuse(crc.value !== member.crc, "a member has another CRC than the zip says");
  }
}

/** Return header, content and what stands behind it of one member: in memory where it is small, else where it lies. */
async function aroundOf(blob, { start, end }) {
  return end - start > SMALL ? blob.slice(start, end) : bytesOf(blob, start, end);
}

async function bytesIn(around, start, end) {
  if (around instanceof Blob) return bytesOf(around, start, end);
  refuse(end > around.length, "the zip is cut off");
  return around.subarray(start, end);
}

/** Check what stands around the content of a member, and return where that begins. */
async function checkLocal(around, member) {
  const end = member.end - member.start;
  const fixed = new Fields(await bytesIn(around, 0, LOCAL_SIZE));
  refuse(fixed.four(0) !== LOCAL, "a member does not begin where the zip says");
  const nameEnd = LOCAL_SIZE + fixed.two(26);
  const start = nameEnd + fixed.two(28);
  refuse(start + member.packed > end, "a member goes beyond its end");
  const head = new Fields(await bytesIn(around, 0, start));
  const extra = [nameEnd, start];
  const told = largeFields(head, extra, { size: head.four(22), packed: head.four(18), start: 0 });
  const streamed = (member.flags & STREAMED) !== 0;
  const numbers = head.four(14) === member.crc && told.size === member.size && told.packed === member.packed;
  const none = head.four(14) === 0 && told.size === 0 && told.packed === 0; // they stand behind the content
  const named = same(head.data.subarray(LOCAL_SIZE, extra[0]), member.rawName);
  const alike = named && head.two(6) === member.flags && head.two(8) === member.method;
  refuse(!alike || !(numbers || (streamed && none)), "directory and header of a member disagree");
  const behind = start + member.packed;
  const fields = new Fields(await bytesIn(around, behind, Math.min(end, behind + MOST_BEHIND)));
  checkBehind(fields, member, end - behind, streamed);
  return start;
}

function checkBehind(fields, member, size, streamed) {
  if (!streamed) {
    refuse(size !== 0, "something stands between members of the zip");
    return;
  }
  const signed = size === 16 || size === 24 ? 4 : 0;
  refuse(![12, 16, 20, 24].includes(size) || (signed && fields.four(0) !== DESCRIPTOR), "no sizes behind a member");
  const wide = size >= 20;
  const numbers = wide
    ? [fields.eight(signed + 4), fields.eight(signed + 12)]
    : [fields.four(signed + 4), fields.four(signed + 8)];
  const alike = fields.four(signed) === member.crc && numbers[0] === member.packed && numbers[1] === member.size;
  refuse(!alike, "directory and sizes behind a member disagree");
}

function streamOf(packed) {
  if (packed instanceof Blob) return packed.stream();
  return new ReadableStream({
    start(controller) {
      if (packed.length > 0) controller.enqueue(packed);
      controller.close();
    },
  });
}

/** Return the content of packed bytes, in pieces. */
function unpacked(stream, method) {
  return piecesOf(method === STORED ? stream : stream.pipeThrough(new DecompressionStream("deflate-raw")));
}
