/**
 * One file that was given, and what became of it.
 *
 * `kind` is what it is, `verdict` one of `holds`, `fails`, `open` (nothing can be said without more) and `unusable`,
 * `finding` a code, a place and a sentence, `steps` what held, `facts` what stands in it.
 */

import { CancelledError, FindingError, MalformedError, UnusableError } from "./errors.mjs";

/** A file as it is being verified. */
export class Given {
  constructor(name, kind, blob) {
    Object.assign(this, { name, kind, blob, verdict: "open", finding: null, steps: [], facts: {} });
  }

  /** Return its bytes, or the first `limit` + 1 where it is longer: parsers refuse these. */
  async bytes(limit) {
    return new Uint8Array(await this.blob.slice(0, limit + 1).arrayBuffer());
  }

  told(name, facts = {}) {
    this.steps.push({ name, facts });
  }

  /** Run a check: it holds if the check returns without saying otherwise. */
  async judge(check) {
    try {
      this.verdict = (await check()) ?? "holds";
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      this.fail(error);
    }
  }

  fail(error) {
    const found = error instanceof FindingError;
    this.verdict = found ? "fails" : "unusable";
    const { code = "unusable", where = this.name, detail = wordsOf(error) } = error;
    this.finding = { code: found ? code : "unusable", where, detail };
  }
}

function wordsOf(error) {
  if (error instanceof MalformedError || error instanceof UnusableError) return error.message;
  return `it could not be read (${error.name})`;
}

/** Return what was given of these kinds. */
export function of({ given }, ...kinds) {
  return given.filter((one) => kinds.includes(one.kind));
}
