import type { Note } from '../../../protocol/note.ts';
import type { ProcessFacts } from '../../../protocol/processes.ts';
import { sentence } from '../../../protocol/sentence.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import { emptyImage } from '../known-images.ts';
import type { FileIndex } from './file-index.ts';
import { ghostImage } from '../descriptors/remaps.ts';

/** Descriptors that one note lists. */
const LISTED = 10;

/** What is missing of open files, once the archive is read to its end. */
export function noteGaps(
  images: ImageDirectory,
  index: FileIndex,
  processes: readonly ProcessFacts[],
): readonly Note[] {
  const notes: Note[] = [];
  for (const { image, descriptors, repeated } of index.tables) {
    if (repeated.length > 0) notes.push(noteRepeated(image, repeated));
    const lost = descriptors.filter(({ file }) => !file).map(({ fd }) => String(fd));
    if (lost.length === 0) continue;
    const text = sentence(
      '{0} lists descriptors whose files no image holds, {1} in all ({2}): what they stand for cannot be shown.',
      image,
      lost.length,
      shortList(lost),
    );
    notes.push({ kind: 'missing', where: image, text });
  }
  const without = processes.filter(({ pid, state }) => state !== 'zombie' && !index.table(pid));
  for (const { pid } of without.slice(0, LISTED)) notes.push(noteTable(images, index, pid));
  for (const remap of index.remaps.values()) {
    const name = ghostImage(remap);
    if (name === undefined || (images.has(name) && !images.isEmpty(name))) continue;
    const where = images.path(name);
    const text = sentence('{0} is missing: the content of a file that was deleted while open cannot be shown.', where);
    notes.push(images.has(name) ? emptyImage(where) : { kind: 'missing', where, text });
  }
  for (const { name, size, shmid } of index.files.memfds) {
    const pagemap = fileOf('SHMEM_PAGEMAP', shmid);
    if (size === 0n || images.has(pagemap)) continue;
    const where = images.path(pagemap);
    const text = sentence('{0} is missing: the content of the shared memory {1} cannot be shown.', where, name);
    notes.push({ kind: 'missing', where, text });
  }
  return notes;
}

function noteRepeated(image: string, repeated: readonly number[]): Note {
  const text = sentence(
    '{0} lists descriptors more than once, {1} in all ({2}). Of each only the first is shown.',
    image,
    repeated.length,
    shortList(repeated),
  );
  return { kind: 'damaged', where: image, text };
}

function shortList(numbers: readonly (string | number)[]): string {
  return numbers.length > LISTED ? `${numbers.slice(0, LISTED).join(', ')}, …` : numbers.join(', ');
}

/** The list of open files was cut off. */
export function noteTooMany(images: ImageDirectory): Note {
  const where = images.path(fileOf('FILES'));
  const text = sentence('The processes have more files open than can be listed together: choose one of them.');
  return { kind: 'may-be-incomplete', where, text };
}

/** Of some files it was left out what they watch: too many descriptors stand for them. */
export function noteTooMuch(images: ImageDirectory): Note {
  const where = images.path(fileOf('FILES'));
  const text = sentence('What files watch is too much to be told with each of their descriptors: ask for one of them.');
  return { kind: 'may-be-incomplete', where, text };
}

/** Why a process that lives has no table: its image is missing or empty, or nothing says which it is. */
function noteTable(images: ImageDirectory, index: FileIndex, pid: number): Note {
  const filesId = index.filesIds.get(pid);
  const name = filesId === undefined ? fileOf('IDS', pid) : fileOf('FDINFO', filesId);
  const where = images.path(name);
  const template = images.has(name)
    ? '{0} does not say which files process {1} had open: they cannot be shown.'
    : '{0} is missing. The open files of process {1} cannot be shown.';
  return { kind: 'missing', where, text: sentence(template, where, pid) };
}
