import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

export interface Settings {
  readonly folder: string;
  readonly quick: boolean;
  readonly keep: boolean;
  readonly fail: boolean;
  readonly json?: string;
  /** Only the measurements whose name contains one of these words. */
  readonly only: readonly string[];
}

const usage = `npm run bench [-- OPTIONS]

Makes large checkpoint archives, measures the product on them, and prints a table with the budgets beside the figures.

  --quick        archives of about 200 MB and fewer runs: to try the bench, not to judge by it
  --keep         leave the archives for the next run
  --only WORD    only the measurements whose name contains WORD; may be repeated
  --json FILE    write everything that was measured into FILE
  --no-fail      end with status 0 even where a budget is missed
  --help

The archives are made in CHECKPOINT_EXPLORER_BENCH_DIR, or in the system's folder for temporary files.`;

/** Reads the command line; says what is wrong with it, or helps, and ends. */
export function readSettings(args: readonly string[]): Settings {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        quick: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        fail: { type: 'boolean', default: true },
        only: { type: 'string', multiple: true, default: [] },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const { quick, keep, fail, only, json } = values;
    const chosen = process.env['CHECKPOINT_EXPLORER_BENCH_DIR'];
    const folder = chosen !== undefined && chosen !== '' ? chosen : join(tmpdir(), 'checkpoint-explorer-bench');
    return { folder, quick, keep, fail, only, ...(json !== undefined && { json }) };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}
