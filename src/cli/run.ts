import { CheckpointError, isCancelled } from '../core/errors.ts';
import { parseArguments, usage } from './arguments.ts';
import { commandsOf, type Command } from './commands.ts';
import { commandHelp, groupHelp, helpText } from './help.ts';
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
    return report(error, args, output);
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
  const words = first === 'help' ? rest : args;
  const { command, operands } = findCommand(words);
  if (!command) {
    const [group = '', ...asked] = words;
    if (asked.length === 0 && first !== 'help') {
      output.help(groupHelp(group));
      return 2;
    }
    await output.write(groupHelp(group));
    return 0;
  }
  const parsed = parseArguments(command, first === 'help' ? ['--help'] : operands);
  if (parsed.flag('help')) {
    await output.write(commandHelp(command));
    return 0;
  }
  const [{ Session }, loaded] = await Promise.all([import('./session.ts'), command.load()]);
  const signal = AbortSignal.any([interrupted, output.closed.signal]);
  const session = new Session(output, signal, { keepSpill: parsed.flag('keep-spill') });
  try {
    return await loaded.run(parsed, session);
  } finally {
    await session.end();
  }
}

/**
 * The command that the first word, or the first two, name; none where they ask for the help of a group.
 * @throws CheckpointError `usage`
 */
function findCommand(words: readonly string[]): { command?: Command; operands: readonly string[] } {
  const [first = '', second = '', ...rest] = words;
  const group = commandsOf(first);
  if (group.length === 0) {
    throw first.startsWith('-')
      ? usage('There is no option {0} before a command.', first)
      : usage('There is no command {0}.', first);
  }
  const alone = group.find(({ name }) => name === first);
  if (alone) return { command: alone, operands: words.slice(1) };
  const command = group.find(({ name }) => name === `${first} ${second}`);
  if (command) return { command, operands: rest };
  if (['', '--help', '-h'].includes(second)) return { operands: [] };
  throw commandsOf(second).length > 0
    ? usage('There is no command {0} {1}: the command is just {1}.', first, second)
    : usage('There is no command {0} {1}.', first, second);
}

function report(error: unknown, args: readonly string[], output: Output): ExitCode {
  if (!CheckpointError.is(error, 'usage')) {
    output.failure(error);
    return 1;
  }
  const [first = '', second = ''] = args;
  const group = commandsOf(first);
  const known = [`${first} ${second}`, first].find((name) => group.some((command) => command.name.startsWith(name)));
  output.error(`${error.message} See: checkpoint-explorer ${known === undefined ? '' : `${known.trim()} `}--help`);
  return 2;
}
