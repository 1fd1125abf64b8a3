import { say, sentence } from '../../../protocol/sentence.ts';
import type { RawRegister, Register, ThreadRegisters } from '../../../protocol/registers.ts';
import { hex } from '../../../protocol/wire.ts';
import { CheckpointError } from '../../errors.ts';
import { commFile } from './exact-text.ts';
import { folder, textFile, type ProcModule } from './proc-node.ts';

/** The threads of a process. */
export const taskFiles: ProcModule = (process, sources) => ({
  task: folder(
    Object.fromEntries(
      process.threads.map(({ tid }) => [
        String(tid),
        folder({
          cgroup: textFile(async (signal) => {
            const { threadGroups } = await import('./isolation-formats.ts');
            return threadGroups(process, tid, sources, signal);
          }),
          comm: textFile((signal) => commFile(process.pid, tid, sources.images, signal)),
          regs: textFile(async (signal) => {
            try {
              return formatRegisters(await sources.memory.registers(process.pid, tid, signal));
            } catch (error) {
              if (CheckpointError.is(error, 'not-found')) return undefined;
              throw error;
            }
          }),
          status: textFile(async (signal) => {
            const { threadStatus } = await import('./isolation-formats.ts');
            return threadStatus(process, tid, sources, signal);
          }),
        }),
      ]),
    ),
  ),
});

/** No file of the kernel's: a name and a value a line, then the mapping and the offset in it that a pointer has. */
function formatRegisters(registers: ThreadRegisters): string {
  const { tid, comm, architecture, general, floating } = registers;
  const title = sentence(
    'Registers of thread {0} ({1}) on {2}. The kernel has no such file.',
    tid,
    comm ?? '',
    architecture,
  );
  // Not by Math.max of all of them: a hostile image lists more registers than a call takes arguments.
  const width = [...general, ...floating].reduce((most, { name }) => Math.max(most, name.length), 0);
  return [
    `# ${say(title)}\n`,
    ...general.map((register) => generalLine(register, width)),
    ...extraLines(registers, width),
    ...floating.map((register) => rawLine(register, width)),
  ].join('');
}

function generalLine({ name, value, bits, target }: Register, width: number): string {
  const digits = `0x${value.toString(16).padStart(bits / 4, '0')}`;
  if (!target) return `${name.padEnd(width)} ${digits}\n`;
  const { start, permissions } = target;
  return `${name.padEnd(width)} ${digits} ${permissions} ${target.name.replaceAll('\n', '\\012') || hex(start)}+${hex(value - start)}\n`;
}

function extraLines(registers: ThreadRegisters, width: number): readonly string[] {
  const { blockedSignals, clearTidAddress, robustList, signalStack, rseq } = registers;
  const lines: (readonly [string, string | undefined])[] = [
    ['SigBlk', blockedSignals?.toString(16).padStart(16, '0')],
    ['clear_tid', clearTidAddress === undefined ? undefined : hex(clearTidAddress)],
    ['robust_list', robustList === undefined ? undefined : hex(robustList)],
    ['sigaltstack', signalStack && `${hex(signalStack.address)} ${String(signalStack.size)}`],
    ['rseq', rseq && `${hex(rseq.address)} ${String(rseq.size)}`],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(width)} ${value}\n`]));
}

/** Bytes as they lie in memory. */
function rawLine({ name, bytes }: RawRegister, width: number): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `${name.padEnd(width)} ${digits}\n`;
}
