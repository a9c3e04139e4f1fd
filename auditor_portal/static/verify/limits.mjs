/** How large things may be that are given to the page, in bytes: refused before they are looked into. */

export const MAX_RECORD = 65_536;
export const MAX_NOTE = 16 * 1024;
export const MAX_LEAVES = 1024 * 1024;
export const MAX_SEGMENT = 8 * 1024 * 1024;
export const MAX_PROOF = 256 * 1024;
export const MAX_RECEIPT = 64 * 1024;
export const MAX_RECEIPTS = 64 * 1024 * 1024; // of one file
export const MAX_TIMESTAMP = 64 * 1024;
export const MAX_COSIGNATURE = 512;
export const MAX_MANIFEST = 16 * 1024 * 1024;

/** Of a zip: the file, its members, one member, all of them, and how many times smaller a member may have become. */
export const ZIP = Object.freeze({
  file: 2 ** 31,
  members: 500_000,
  member: 2 ** 29,
  total: 2 ** 32,
  ratio: 250,
  directory: 2 ** 26,
});
