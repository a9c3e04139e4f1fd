/**
 * What can be wrong: bytes without their form, something found that does not hold, input that says nothing.
 *
 * Knows no format. The codes of findings are those of docs/evidence-format.md, section 8, and of docs/reports.md.
 */

/** Bytes do not have the form that the document gives them. */
export class MalformedError extends Error {}

/** What was given cannot be verified at all, which says nothing about the log. */
export class UnusableError extends Error {}

/** The person at the page ended the work. */
export class CancelledError extends Error {}

/** The first thing found wrong: a code, a place and a sentence. */
export class FindingError extends Error {
  constructor(code, where, detail) {
    super(`${code} at ${where}: ${detail}`);
    Object.assign(this, { code, where, detail });
  }
}

/** Throw `MalformedError` if something is wrong with the form of bytes. */
export function refuse(wrong, why) {
  if (wrong) throw new MalformedError(why);
}

/** Throw `FindingError` unless something holds. */
export function demand(holds, code, where, detail) {
  if (!holds) throw new FindingError(code, where, detail);
}

/** Return what `parse` returns; make what does not parse a finding with this code and place. */
export async function parsing(code, where, parse) {
  try {
    return await parse();
  } catch (error) {
    if (error instanceof MalformedError) throw new FindingError(code, where, error.message);
    throw error;
  }
}
