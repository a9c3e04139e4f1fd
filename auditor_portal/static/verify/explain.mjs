/** What was found, in plain words: what was recomputed, what it shows, and what it does not show. Checks nothing. */

import { ADVICE, CODES, KINDS, LABELS, LIMITS, MISSING, OFTEN, SENTENCES, SHOWS, STEPS, TAGS, many } from "./words.mjs";

const FEW = 3; // of one kind are told one by one

/**
 * Return the words for a file that was verified, all of it text.
 *
 * `tag` and `sentence` say how it stands, `problem` what is wrong or null, `steps` what held, `shows` and `limits` what
 * that means, `facts` what stands in it as pairs. `trusting` is whether there was a key to check against.
 */
export function explain(given, trusting) {
  const { name, kind, verdict, finding, steps, facts } = given;
  const holds = verdict === "holds";
  return {
    name,
    verdict,
    title: KINDS[kind] ?? KINDS.unknown,
    tag: TAGS[verdict],
    sentence: sentenceOf(given, trusting),
    problem: finding === null ? null : problemOf(finding),
    steps: stepsOf(steps),
    shows: holds ? (SHOWS[kind]?.(facts) ?? []) : [],
    limits: holds ? (LIMITS[kind] ?? []) : [],
    facts: Object.entries(facts)
      .filter(([label, value]) => label in LABELS && value !== undefined && value !== null && value !== "")
      .map(([label, value]) => [LABELS[label], shown(value)]),
  };
}

/** Return one sentence on all that was verified. */
export function summary(all) {
  if (all.length === 0) return "Nothing was given to verify.";
  const count = (verdict) => all.filter((given) => given.verdict === verdict).length;
  const parts = ["fails", "unusable", "open", "holds"]
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `${count(verdict)} ${TAGS[verdict].toLowerCase()}`);
  return `${many(all.length, "file")} looked at: ${parts.join(", ")}.`;
}

/** Return how far the work is. */
export function progress({ done, all, what }) {
  return all > 0 ? `${what}: ${Math.min(done, all)} of ${all}` : "at work";
}

/** Return the words for steps; a step that was taken often gets one sentence. */
function stepsOf(steps) {
  const often = (name) => name in OFTEN && steps.filter((step) => step.name === name).length > FEW;
  const texts = steps.map(({ name, facts }) => {
    if (!often(name)) return STEPS[name](facts);
    return OFTEN[name](steps.filter((step) => step.name === name).map((step) => step.facts));
  });
  return [...new Set(texts)];
}

function sentenceOf({ kind, verdict }, trusting) {
  if (verdict !== "open") return SENTENCES[verdict];
  return !trusting && kind !== "record" ? MISSING.key : (MISSING[kind] ?? MISSING.key);
}

function problemOf({ code, where, detail }) {
  const advice = code === "unusable" ? ADVICE.unusable : ADVICE.found;
  return { code, where, detail, meaning: CODES[code] ?? CODES.other, advice };
}

function shown(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? value.toLocaleString("en") : String(value);
}
