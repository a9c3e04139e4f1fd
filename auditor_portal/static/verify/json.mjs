/** Plain JSON, in files whose bytes something else vouches for. What the log signs itself, `canonical.mjs` reads. */

import { textOf } from "./bytes.mjs";
import { UnusableError } from "./errors.mjs";

/** Return the value of a file that must be JSON. */
export function parseJson(data) {
  try {
    return JSON.parse(textOf(data));
  } catch {
    throw new UnusableError("a file that must be JSON is not");
  }
}
