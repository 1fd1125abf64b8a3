import type { SeccompLine, SeccompListing } from '../../protocol/seccomp.ts';
import { say } from '../../protocol/sentence.ts';
import { Table, TOP, type TableKind } from './table.ts';

/** A filter's instructions, one a row. */
const LISTING: TableKind<SeccompLine> = {
  columns: [
    { id: 'line', label: 'Line', kind: 'number', width: 60, value: ({ index }) => index },
    {
      id: 'instruction',
      label: 'Instruction',
      kind: 'code',
      flex: 3,
      value: ({ text }) => text,
      cell: ({ text, problem }) => ({
        value: text,
        ...(problem && { icon: 'warning', tone: 'warning', title: say(problem) }),
      }),
    },
    { id: 'code', label: 'Code, jumps, operand', kind: 'code', width: 190, value: ({ raw }) => raw },
  ],
  hidden: [{ id: 'problem', kind: 'text', value: ({ problem }) => (problem ? say(problem) : null) }],
};

/** The rows of a filter's listing; none where there is no such filter. */
export function seccompTable(listing: SeccompListing | undefined): Table<SeccompLine> {
  const lines = listing?.lines ?? [];
  return new Table(
    LISTING,
    lines,
    lines.map(({ index }) => String(index)),
    () => TOP,
  );
}

/** @param of `PID:INDEX`: a process whose architecture names the calls, and the filter's place in seccomp.img */
export function parseSeccompGrid(of: string): { readonly pid: number; readonly index: number } {
  const [pid = NaN, index = NaN] = of.split(':').map(Number);
  return { pid, index };
}
