import { basename, dirname, join } from 'node:path';
import { openFile } from '../../core/bytes/file-source.ts';
import type { ByteSource } from '../../core/bytes/byte-source.ts';
import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { fileOf, IMG_COMMON, IMG_SERVICE, isDecodable, kindOfFile, kindOfMagic } from '../../core/criu/kinds.ts';
import { writeImageJson } from '../../core/criu/to-json.ts';
import { CheckpointError, isCancelled } from '../../core/errors.ts';
import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { Arguments } from '../arguments.ts';
import type { Output } from '../output.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  collectInSmallSteps();
  const document = new Document(session, args.flag('pretty'));
  const [first = '', ...rest] = args.operands;
  const code = (await isImage(first))
    ? await decodeFiles([first, ...rest], document, session)
    : await decodeEntries(first, rest, document, session);
  await document.end();
  return document.damaged && code === 0 ? 3 : code;
}

/** Whether a path is a single image: told by its name, or by its first bytes. */
async function isImage(path: string): Promise<boolean> {
  let source: ByteSource | undefined;
  try {
    source = await openFile(path);
    const head = await source.read(0, 4);
    return kindOfFile(basename(path)) !== undefined || isHead(head);
  } catch (error) {
    // A folder, another kind of locator, or nothing at all: whoever opens it says so.
    if (CheckpointError.is(error)) return false;
    throw error;
  } finally {
    await source?.close();
  }
}

async function decodeFiles(paths: readonly string[], document: Document, session: Session): Promise<ExitCode> {
  let code: ExitCode = 0;
  for (const path of paths) {
    try {
      if (kindOfFile(basename(path)) && !isDecodable(basename(path))) throw onlyBytes(path);
      await document.add(path.replace(/^(\.\/)+/, ''), path, await openFile(path), await hasCipher(path));
    } catch (error) {
      if (isCancelled(error)) throw error;
      session.output.failure(error);
      code = 1;
    }
  }
  return code;
}

function onlyBytes(path: string): CheckpointError {
  const text = sentence('{0} is not an image that can be decoded: it holds nothing but bytes.', path);
  return new CheckpointError('unsupported', text, { where: path });
}

function decodeEntries(
  locator: string,
  wanted: readonly string[],
  document: Document,
  session: Session,
): Promise<ExitCode> {
  return session.each([locator], async (checkpoint) => {
    const names = await entryNames(checkpoint, session.signal);
    const chosen = new Set(choose(names, wanted, locator));
    // Only words differ by it.
    const machine = document.pretty ? await checkpoint.raw.machine(session.signal) : undefined;
    for (const name of wanted.length === 0 ? names : chosen) {
      if (!chosen.has(name) && !isListed(name)) continue;
      const source = await checkpoint.files.open(`/archive/${name}`, session.signal);
      // What has the name of no kind may be anything, a disk's image for one.
      if (chosen.has(name) || kindOfFile(basename(name)) || isHead(await source.read(0, 4))) {
        await document.add(name, name, source, names.includes(join(dirname(name), cipher)), machine);
      } else await source.close();
    }
  });
}

const cipher = fileOf('CIPHER');

/** Whether a cipher.img lies beside an image. */
async function hasCipher(path: string): Promise<boolean> {
  try {
    await (await openFile(join(dirname(path), cipher))).close();
    return true;
  } catch (error) {
    if (CheckpointError.is(error)) return false;
    throw error;
  }
}

/** Whether these are the first bytes of an image. */
function isHead(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const magic = Buffer.from(bytes).readUInt32LE();
  return magic === IMG_COMMON || magic === IMG_SERVICE || kindOfMagic(magic) !== undefined;
}

/** Decoded without being asked for: images, not logs. */
function isListed(name: string): boolean {
  return isDecodable(basename(name)) && kindOfFile(basename(name))?.row.content !== 'text';
}

/** The files of an archive, by their names in it. */
async function entryNames(checkpoint: Checkpoint, signal: AbortSignal): Promise<readonly string[]> {
  const names: string[] = [];
  const folders = [''];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    for (const entry of await checkpoint.files.list(`/archive/${folder}`, signal)) {
      if (entry.kind === 'file') names.push(folder + entry.name);
      else if (entry.kind === 'directory') folders.push(`${folder}${entry.name}/`);
    }
  }
  return names;
}

/** By whole name, or else by the last part. @throws CheckpointError `not-found` */
function choose(names: readonly string[], wanted: readonly string[], locator: string): readonly string[] {
  const chosen = wanted.flatMap((name) => {
    const plain = name.replace(/^(\.\/)+/, '');
    const found = names.includes(plain) ? [plain] : names.filter((candidate) => basename(candidate) === plain);
    if (found.length === 0)
      throw new CheckpointError('not-found', sentence('There is no entry {0} in {1}.', name, locator), {
        where: locator,
      });
    for (const each of found)
      if (!isDecodable(basename(each)))
        throw new CheckpointError(
          'unsupported',
          sentence('{0} is not an image that can be decoded. Write it out with: extract --path /archive/{0}', each),
          { where: each },
        );
    return found;
  });
  return [...new Set(chosen)];
}

/** The JSON object on stdout, image by image; neither an image nor the document is ever whole in memory. */
class Document {
  readonly #session: Session;
  readonly pretty: boolean;
  #empty = true;
  damaged = false;

  constructor(session: Session, pretty: boolean) {
    this.#session = session;
    this.pretty = pretty;
  }

  get #output(): Output {
    return this.#session.output;
  }

  /**
   * @param name names the kind where the content does not, and the place in notes
   * @param machine CRIU's number of the architecture, where it is known
   */
  async add(key: string, name: string, source: ByteSource, besideCipher: boolean, machine?: number): Promise<void> {
    try {
      await this.#output.write(`${this.#empty ? '{' : ','}\n  ${JSON.stringify(key)}: `);
      this.#empty = false;
      const write = new Buffered(this.#output);
      const facts = await writeImageJson(source, name, (text) => write.add(text), {
        pretty: this.pretty,
        machine,
        indent: 2,
        depth: 1,
        besideCipher,
        signal: this.#session.signal,
      });
      await write.flush();
      this.#tell(facts.notes);
    } finally {
      await source.close();
    }
  }

  #tell(notes: readonly Note[]): void {
    if (this.#session.tell(notes)) this.damaged = true;
  }

  async end(): Promise<void> {
    await this.#output.write(this.#empty ? '' : '\n}\n');
  }
}

/** Small pieces of text are written together. */
class Buffered {
  readonly #output: Output;
  #text = '';

  constructor(output: Output) {
    this.#output = output;
  }

  add(text: string): Promise<void> | undefined {
    this.#text += text;
    return this.#text.length > 64 * 1024 ? this.flush() : undefined;
  }

  flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    return this.#output.write(text);
  }
}
