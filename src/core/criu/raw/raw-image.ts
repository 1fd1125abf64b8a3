import type { Note, NoteKind } from '../../../protocol/note.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { readAll } from '../../bytes/read.ts';
import { CheckpointError } from '../../errors.ts';
import type { JsonValue } from '../json-text.ts';
import type { RawForm } from '../kinds.ts';
import { conntrackFormat } from '../netlink/conntrack.ts';
import { visitNetlink, type NetlinkFormat } from '../netlink/messages.ts';
import { addressFormat, routeFormat, ruleFormat } from '../netlink/route-tables.ts';
import { IptablesParser, NftablesParser, type RuleParser } from './rule-text.ts';
import { visitTar } from './tar-listing.ts';
import { lineValue, linesOf } from './text-lines.ts';

/** Gets each entry, and where it starts in the image where that is known; `false` ends the visit. */
export type VisitRaw = (value: JsonValue, offset?: number) => boolean | Promise<boolean>;

export interface RawVisit {
  readonly source: ByteSource;
  /** Entry path in the archive, for the notes. */
  readonly name: string;
  readonly visit: VisitRaw;
  /** Words for numbers, as in `decode --pretty`. */
  readonly pretty: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A table of firewall rules is whole in memory while it is read. */
const maxRuleText = 32 * 1024 * 1024;
const maxNames = 1024 * 1024;

/**
 * Reads an image that holds no messages of CRIU, entry by entry. Damage never throws.
 * @returns what is wrong with it; one without a byte holds nothing
 * @throws CheckpointError what the source throws
 */
export async function visitRaw(form: RawForm, image: RawVisit): Promise<readonly Note[]> {
  const { source, name, visit, signal } = image;
  switch (form) {
    case 'addresses':
      return visitMessages(image, addressFormat);
    case 'routes':
      return visitMessages(image, routeFormat);
    case 'rules':
      return visitMessages(image, ruleFormat);
    case 'conntrack':
      return visitMessages(image, conntrackFormat);
    case 'iptables':
      return visitRules(image, new IptablesParser());
    case 'nftables':
      return visitRules(image, new NftablesParser());
    case 'tar':
      return visitTar(image);
    case 'names':
      return visitNames(image);
    case 'text':
      for await (const line of linesOf(source, signal)) if (!(await visit(lineValue(line)))) break;
      return [];
    case 'old-pages':
      return [noteOf('unknown', name, oldPages)];
  }
}

const oldPages = '{0} holds memory as CRIU wrote it before version 1.0, which is not read here.';
const tooLong = '{0} is longer than the {1} bytes of it that are read: only these are shown here.';
const openTable = '{0} ends within a table: what stands before its end is shown.';
const notText = '{0} holds bytes that are no text, first in its line {1}: they are shown as they are.';
const notNames = '{0} is not the list of names that its name promises: it is shown as it stands.';

function noteOf(kind: NoteKind, where: string, template: string, ...args: readonly (string | number)[]): Note {
  return { kind, where, text: sentence(template, where, ...args) };
}

function visitMessages(
  { source, name, visit, pretty, signal }: RawVisit,
  format: NetlinkFormat,
): Promise<readonly Note[]> {
  return visitNetlink(source, name, format, ({ content, offset }) => visit(content, offset), pretty, signal);
}

/** The tables of a firewall, one an entry. */
async function visitRules({ source, name, visit, signal }: RawVisit, parser: RuleParser): Promise<readonly Note[]> {
  const notes: Note[] = [];
  let length = 0;
  let count = 0;
  for await (const line of linesOf(source, signal)) {
    length += line.text.length;
    count++;
    if (line.bytes && notes.length === 0) notes.push(noteOf('damaged', name, notText, count));
    const table = parser.line(line);
    if (table && !(await visit(table))) return notes;
    if (length < maxRuleText) continue;
    notes.push(noteOf('may-be-incomplete', name, tooLong, maxRuleText));
    break;
  }
  const table = parser.end();
  if (!table) return notes;
  await visit(table);
  return length < maxRuleText ? [...notes, noteOf('truncated', name, openTable)] : notes;
}

/** descriptors.json: what the standard streams were, an array of texts. */
async function visitNames({ source, name, visit, signal }: RawVisit): Promise<readonly Note[]> {
  const bytes = await readAll(source, maxNames, signal).catch((error: unknown) => {
    if (CheckpointError.is(error, 'too-large')) return undefined;
    throw error;
  });
  if (!bytes) return [noteOf('may-be-incomplete', name, tooLong, maxNames)];
  const text = Buffer.from(bytes).toString();
  if (text.trim() === '') return [];
  const names = parsed(text);
  if (!Array.isArray(names) || !names.every((item) => typeof item === 'string')) {
    await visit(text);
    return [noteOf('damaged', name, notNames)];
  }
  for (const item of names) if (!(await visit(item))) break;
  return [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
