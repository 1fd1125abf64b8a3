import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CheckpointError } from '../core/errors.ts';
import { sentence } from '../protocol/sentence.ts';

/** An option of a command, as its help shows it. */
export interface OptionSpec {
  /** `flag` takes no value, `text` one, `texts` may be given several times. */
  readonly kind: 'flag' | 'text' | 'texts';
  readonly short?: string;
  /** Name of the value in the help: `DIR`. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly help: string;
}

/** What may follow a command's name. */
export interface ArgumentSpec {
  readonly name: string;
  /** The operands in the help: `LOCATOR…`. */
  readonly operands: string;
  readonly min: number;
  readonly max: number;
  readonly options: Readonly<Record<string, OptionSpec>>;
}

/** A command line that fits its command. */
export class Arguments {
  readonly operands: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(operands: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.operands = operands;
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Undefined where the option was not given. */
  texts(name: string): readonly string[] | undefined {
    const value = this.#values[name];
    return Array.isArray(value) ? (value as string[]) : undefined;
  }

  /** A process id. @throws CheckpointError `usage` */
  pid(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : readPid(value);
  }
}

/** @throws CheckpointError `usage` for what no process id can be */
export function readPid(text: string): number {
  const pid = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (pid < 1 || pid > 0x7fffffff) throw usage('{0} is not a process id: give a whole number from 1 on.', text);
  return pid;
}

/** Reads what follows a command's name. @throws CheckpointError `usage` */
export function parseArguments(spec: ArgumentSpec, args: readonly string[]): Arguments {
  const options: ParseArgsConfig['options'] = { help: { type: 'boolean', short: 'h' } };
  for (const [name, option] of Object.entries(spec.options)) {
    options[name] = {
      type: option.kind === 'flag' ? 'boolean' : 'string',
      multiple: option.kind === 'texts',
      ...(option.short !== undefined && { short: option.short }),
    };
  }
  const parsed = parseOrExplain(spec, { args: [...args], options, allowPositionals: true, strict: true });
  const values = parsed.values as Record<string, unknown>;
  if (values['help'] !== true) check(spec, parsed.positionals, values);
  return new Arguments(parsed.positionals, values);
}

function parseOrExplain(spec: ArgumentSpec, config: ParseArgsConfig) {
  try {
    return parseArgs(config);
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const option = /'([^']*)'/.exec(String(message))?.[1] ?? '';
    switch (code) {
      case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
        throw usage('{0} has no option {1}.', spec.name, option);
      case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
        throw usage('The option {0} of {1} is not given as it should be.', option, spec.name);
      default:
        throw error;
    }
  }
}

function check(spec: ArgumentSpec, operands: readonly string[], values: Readonly<Record<string, unknown>>): void {
  for (const [name, { choices }] of Object.entries(spec.options)) {
    const value = values[name];
    if (choices && typeof value === 'string' && !choices.includes(value)) {
      throw usage('{0} is not a value of --{1}: choose one of {2}.', value, name, choices.join(', '));
    }
  }
  if (operands.length < spec.min) throw usage('{0} needs {1}.', spec.name, spec.operands);
  if (operands.length > spec.max)
    throw usage('{0} takes {1}, and {2} is too much.', spec.name, spec.operands, operands[spec.max] ?? '');
  // Whether a locator is empty is nobody's question but a mistake in a script: `inspect "$ARCHIVE"`.
  if (operands.includes('')) throw usage('An argument of {0} is empty.', spec.name);
}

/** Wrong usage, in one sentence; {@link run} adds where the help is. */
export function usage(template: string, ...args: (string | number)[]): CheckpointError {
  return new CheckpointError('usage', sentence(template, ...args));
}
