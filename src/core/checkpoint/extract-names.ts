/** Names and link targets from an archive, made fit for this machine's disk. Whoever was in the container chose them. */
import { WINDOWS_DEVICE } from '../bytes/device-names.ts';

/**
 * One path component that cannot leave the folder it is put into. What the file system cannot hold is written `%XX`;
 * every other name stays as it is.
 */
export function safeName(name: string, platform: NodeJS.Platform = process.platform): string {
  if (name === '') return '%00';
  if (name === '.' || name === '..') return name.replaceAll('.', escaped);
  if (platform !== 'win32') return name.replace(/[/\0]/g, escaped);
  const characters = name.replace(/[<>:"/\\|?*\0-\x1f]/g, escaped).replace(/[. ]$/, escaped);
  return WINDOWS_DEVICE.test(characters) ? `%${hex(characters)}${characters.slice(1)}` : characters;
}

function escaped(character: string): string {
  return `%${hex(character)}`;
}

function hex(text: string): string {
  return text.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
}

/**
 * Whether a symbolic link, `depth` real folders below the folder of the extraction, can only lead to something inside
 * that folder. Climbing (`..`) is allowed at the start alone: there it passes through real folders, whereas after a
 * name it would climb from wherever another link leads.
 */
export function staysInside(target: string, depth: number, platform: NodeJS.Platform = process.platform): boolean {
  if (target === '' || target.includes('\0') || target.startsWith('/')) return false;
  if (platform === 'win32' && /[\\:]/.test(target)) return false;
  const steps = target.split('/').filter((step) => step !== '' && step !== '.');
  const firstName = steps.findIndex((step) => step !== '..');
  const climbs = firstName < 0 ? steps.length : firstName;
  return climbs <= depth && !steps.slice(climbs).includes('..');
}

/** A view's names hold no `/`; one that broke this rule would make its paths ambiguous and this walk endless. */
export function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/');
}

/** For a message. */
export function shortened(path: string): string {
  return path.length > 200 ? `${path.slice(0, 100)}…${path.slice(-80)}` : path;
}
