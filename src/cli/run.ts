import { CheckpointError, isCancelled } from '../core/errors.ts';
import { parseArguments, usage } from './arguments.ts';
import { COMMANDS } from './commands.ts';
import { commandHelp, helpText } from './help.ts';
import { Output, type Streams } from './output.ts';
import { readVersion } from './version.ts';
import type { ExitCode } from './session.ts';

/** Ended by Ctrl+C, as shells count. */
const INTERRUPTED = 130;

/**
 * Runs one command line.
 * @returns its exit code: 0 all of it, 1 could not do it, 2 wrong usage, 3 done but the checkpoint is damaged or
 * incomplete, 130 interrupted
 */
export async function run(args: readonly string[], streams: Streams = process): Promise<ExitCode | typeof INTERRUPTED> {
  const output = new Output(streams);
  const interrupt = new AbortController();
  const onSignal = () => {
    // Asked twice: at once, without tidying up.
    if (interrupt.signal.aborted) process.exit(INTERRUPTED);
    interrupt.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await dispatch(args, output, interrupt.signal);
  } catch (error) {
    if (output.closed.signal.aborted) return 0;
    if (interrupt.signal.aborted && isCancelled(error)) return INTERRUPTED;
    return report(error, args[0], output);
  } finally {
    await output.flush();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function dispatch(args: readonly string[], output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  const [first, ...rest] = args;
  if (first === undefined) {
    output.help(helpText());
    return 2;
  }
  if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    await output.write(helpText());
    return 0;
  }
  if (first === '--version') {
    await output.write(`checkpoint-explorer ${readVersion()}\n`);
    return 0;
  }
  const name = first === 'help' ? rest[0] : first;
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    throw name?.startsWith('-')
      ? usage('There is no option {0} before a command.', name)
      : usage('There is no command {0}.', name ?? '');
  }
  const parsed = parseArguments(command, first === 'help' ? ['--help'] : rest);
  if (parsed.flag('help')) {
    await output.write(commandHelp(command));
    return 0;
  }
  const [{ Session }, loaded] = await Promise.all([import('./session.ts'), command.load()]);
  const signal = AbortSignal.any([interrupted, output.closed.signal]);
  return loaded.run(parsed, new Session(output, signal, { keepSpill: parsed.flag('keep-spill') }));
}

function report(error: unknown, command: string | undefined, output: Output): ExitCode {
  if (!CheckpointError.is(error, 'usage')) {
    output.failure(error);
    return 1;
  }
  const known = COMMANDS.some(({ name }) => name === command);
  output.error(`${error.message} See: checkpoint-explorer ${known ? `${command ?? ''} ` : ''}--help`);
  return 2;
}
