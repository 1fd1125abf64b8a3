/** What CRIU itself says, dug out of what a runtime quotes of its log. */
export interface CriuCause {
  /** The line that tells most: `inet: Connected TCP socket, consider using --tcp-established option.` */
  readonly message: string;
  /** Where in CRIU: `criu/sk-inet.c:200`. */
  readonly place: string;
}

/** A line of CRIU's log: `(00.027634) Error (criu/sk-inet.c:200): inet: …`; runtimes quote it within quotes. */
const ERROR = /Error \(([\w./-]+:\d+)\): ((?:[^"\\\n]|\\.)*)/g;

/** Said at nearly every dump and harmless. */
const HARMLESS = [/RLIMIT_NOFILE/, /Can't setup rlimit/i];

/** Said because something else had failed. */
const CONSEQUENCES = [
  /^Dumping FAILED/,
  /^Dump \w+ \(pid: \d+\) failed with -?\d+$/,
  /^Can't dump /,
  /^Unable to connect/,
];

/** The cause among several errors is the first that is not harmless; those after it follow from it. */
export function findCriuCause(text: string): CriuCause | undefined {
  const errors = [...text.matchAll(ERROR)]
    .map(([, place = '', message = '']) => ({ place, message: message.replace(/\\(.)/g, '$1').trim() }))
    .filter(({ message }) => !HARMLESS.some((harmless) => harmless.test(message)));
  return errors.find(({ message }) => !CONSEQUENCES.some((follows) => follows.test(message))) ?? errors[0];
}

/** Where on the node the log lies in which CRIU says why, where a runtime names it instead of quoting it. */
export function findCriuLog(text: string): string | undefined {
  return /(?:path= ?|log file: ?)(\/[^\s)"']+\.log)/.exec(text)?.[1];
}
