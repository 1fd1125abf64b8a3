import { escapeField } from '../escape.ts';
import type { SearchMatch, StringEncoding } from '../../protocol/search.ts';
import { hex } from '../../protocol/wire.ts';
import type { Arguments } from '../arguments.ts';
import { stringRecord, textOf } from '../../core/checkpoint/search/match-record.ts';
import type { ExitCode, Session } from '../session.ts';
import { jsonLines, readCount, readScope, searchAll, type MatchLines } from './memory-search.ts';

/** As strings(1). */
const USUAL_LEAST = 4;

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const [locator = ''] = args.operands;
  const encoding = (args.text('encoding') ?? 'ascii') as StringEncoding;
  const pattern = { kind: 'strings' as const, least: readCount(args, 'min', USUAL_LEAST), encoding };
  const lines = args.text('format') === 'json' ? jsonLines(session, stringRecord) : textLines(session);
  return searchAll(locator, { pattern, ...readScope(args) }, session, lines);
}

/** Where each string is and what it says; above them whose they are, whenever that changes. */
function textLines({ output }: Session): MatchLines {
  let last: string | undefined;
  return {
    add: async (match) => {
      const whose = describe(match);
      if (whose !== last) await output.write(`${last === undefined ? '' : '\n'}# ${escapeField(whose)}\n`);
      last = whose;
      const place = match.address ?? BigInt(match.offset ?? 0);
      await output.write(`${hex(place).padStart(18)}  ${escapeField(textOf(match))}\n`);
    },
    end: () => Promise.resolve(),
  };
}

function describe({ pid, process, source, region }: SearchMatch): string {
  const name = region === '' ? 'anonymous' : region;
  return pid === null ? `${source} ${name}` : `process ${String(pid)} ${process ?? ''}: ${source} ${name}`;
}
