/** The auditor's own work in a workpaper of the portal: seeds, and samples whose population is there. */

import { hex } from "./bytes.mjs";
import { UnusableError, demand } from "./errors.mjs";
import { parseJson } from "./json.mjs";
import { checkDrawn, orderOf } from "./population.mjs";
import { drawAgain, seedOf } from "./sample.mjs";

const SAMPLES = "auditor/samples.json";

/** Check the seed of each sample that the auditor had drawn, and the sample; return how many there are. */
export async function checkWork(source, names, report, files, pace) {
  if (!names.has(SAMPLES)) return 0;
  const found = parseJson(await source.read(SAMPLES))?.samples;
  if (!Array.isArray(found)) throw new UnusableError(`${SAMPLES} has no samples`);
  const drawn = found.filter((sample) => sample.kind === "drawn");
  const stated = new Map(report.statements.map(({ test, population }) => [test, population.sha256]));
  const controls = new Map(report.controls.map((control) => [control.id, control]));
  pace.begin("samples", drawn.length);
  for (const { test, control, seed, population, positions } of drawn) {
    const derived = hex(await seedOf(report.engagement, control, population.sha256));
    demand(seed === derived, "wrong-sample", SAMPLES, "a seed is not that of its engagement and population");
    if (stated.get(test) === population.sha256) {
      const order = await orderOf(source, files.get(test), pace);
      const known = controls.get(control);
      if (known === undefined) throw new UnusableError(`${SAMPLES} names a control that the report has not`);
      checkDrawn(await drawAgain(order, report.engagement, known, population.sha256), positions, SAMPLES);
    }
    await pace.turn(1);
  }
  return drawn.length;
}
