/**
 * The bench (`npm run bench`): makes large archives, measures the built product on them, each time in a process of its
 * own, and prints the figures with their budgets. Ends with status 1 where one is missed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fullPlan, Inputs, quickPlan } from './inputs.ts';
import { describeMachine, machineLines } from './machine.ts';
import { activation } from './measures/activation.ts';
import { changes } from './measures/changes.ts';
import { clusterDownload, clusterLists, clusterOpen } from './measures/clusters.ts';
import { commandLine } from './measures/command-line.ts';
import { decompression } from './measures/decompression.ts';
import { exploring } from './measures/exploring.ts';
import { hashing } from './measures/hashing.ts';
import type { Bench, Measurement } from './measures/measurement.ts';
import { opening } from './measures/opening.ts';
import { formatTable, missed, type Row } from './report.ts';
import { searching } from './measures/searching.ts';
import { readSettings } from './settings.ts';

const measurements: readonly Measurement[] = [
  opening,
  ...commandLine,
  changes,
  ...decompression,
  hashing,
  exploring,
  searching,
  clusterDownload,
  clusterOpen,
  clusterLists,
  activation,
];

const settings = readSettings(process.argv.slice(2));
const inputs = new Inputs(settings.folder, settings.quick ? quickPlan : fullPlan);
mkdirSync(inputs.scratch, { recursive: true, mode: 0o700 });
process.on('exit', () => inputs.remove(settings.keep));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const machine = describeMachine();
console.log(machineLines(machine).join('\n'));
const bench: Bench = {
  inputs,
  runs: settings.quick ? { short: 3, middle: 1, long: 1 } : { short: 7, middle: 5, long: 3 },
  judgeRatios: inputs.areLarge,
};

const rows: Row[] = [];
for (const measurement of measurements) {
  // Children are waited for without the event loop: here an interrupt is heard.
  await setImmediate();
  if (settings.only.length > 0 && !settings.only.some((word) => measurement.name.includes(word))) continue;
  console.error(`… ${measurement.name}`);
  try {
    rows.push(...(await measurement.measure(bench)));
  } catch (error) {
    // One that cannot be measured does not keep the others from it.
    rows.push({ name: measurement.name, fault: error instanceof Error ? error.message : String(error) });
  }
}

console.log(`\n${formatTable(rows)}\n`);
const misses = missed(rows);
console.log(misses.length === 0 ? 'All budgets are kept.' : `Missed:\n${misses.map((line) => `  ${line}`).join('\n')}`);
if (settings.json !== undefined) {
  writeFileSync(
    settings.json,
    `${JSON.stringify({ machine, quick: settings.quick, rows, missed: misses }, undefined, 2)}\n`,
  );
}
process.exit(misses.length > 0 && settings.fail ? 1 : 0);
