import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { usage, type Arguments } from '../arguments.ts';
import { readAddress } from '../memory/address.ts';
import { HexLines } from '../memory/hex-lines.ts';
import { MissingBytes } from '../memory/missing.ts';
import { chosenProcesses } from '../memory/processes.ts';
import { windows } from '../memory/windows.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

const DEFAULT_LENGTH = 256;

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  collectInSmallSteps();
  const pid = args.pid('pid');
  const address = args.text('address');
  if (pid === undefined || address === undefined) throw usage('memory read needs --pid and --address.');
  const length = readLength(args.text('length') ?? String(DEFAULT_LENGTH));
  const tid = args.pid('thread') ?? pid;
  const raw = args.flag('raw');
  let missing = 0n;
  const code = await session.each(args.operands, async (checkpoint, locator) => {
    await chosenProcesses(checkpoint, pid, locator, session.signal);
    const start = await readAddress(address, checkpoint, pid, tid, session.signal);
    if (start + length > 1n << 64n)
      throw usage('{0} bytes from {1} on reach beyond the last address.', String(length), address);
    if (raw) missing = await writeBytes(checkpoint, pid, start, length, session);
    else await writeLines(checkpoint, pid, start, length, session);
  });
  return code === 0 && missing > 0n ? 3 : code;
}

async function writeLines(
  checkpoint: Checkpoint,
  pid: number,
  start: bigint,
  length: bigint,
  { output, signal }: Session,
): Promise<void> {
  const lines = new HexLines(true);
  for (const [address, size] of windows(start, length)) {
    await output.writeAll(lines.rows(await checkpoint.memory.read(pid, address, size, signal), true));
    if (output.closed.signal.aborted) return;
  }
  // As hexdump does, so that the end is known also where the last rows are all the same.
  await output.write(`${(start + length).toString(16).padStart(16, '0')}\n`);
}

/** The bytes as they are, zeros where there are none. @returns how many there are none of */
async function writeBytes(
  checkpoint: Checkpoint,
  pid: number,
  start: bigint,
  length: bigint,
  { output, signal }: Session,
): Promise<bigint> {
  const missing = new MissingBytes(output, 'is written as zeros');
  for (const [address, size] of windows(start, length)) {
    const { bytes, ranges } = await checkpoint.memory.read(pid, address, size, signal);
    missing.add(ranges);
    await output.write(bytes);
    if (output.closed.signal.aborted) return 0n;
  }
  missing.end();
  return missing.count;
}

/** Hexadecimal with 0x, else decimal. */
function readLength(text: string): bigint {
  if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) {
    throw usage('{0} is not a length: give a number, decimal or with 0x.', text);
  }
  return BigInt(text);
}
