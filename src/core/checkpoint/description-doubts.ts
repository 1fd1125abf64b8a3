import type { Entry, FileSet } from '../archive/file-set.ts';

/**
 * Members of what engines write about a container that decide what a restore does on the host. Engines are written in Go,
 * whose decoder takes a member whatever the case of its letters, and puts together what stands twice (encoding/json,
 * Unmarshal): in both, another program reads something else. Sources: OCI runtime-spec; libpod's ContainerConfig; CRI,
 * ContainerStatus.
 */
const DECISIVE: ReadonlySet<string> = new Set(
  `annotations args capabilities destination devices hooks linux maskedPaths mounts namespaces options path process
  readonlyPaths root source type prestart createRuntime createContainer startContainer poststart poststop
  bounding effective inheritable permitted ambient ociVersion apparmorProfile selinuxLabel
  artifactVolumes baseHostsFile cdiDevices cgroupNsCtr chroot_directories conmonPidFile ctrImageVolumes dest
  device_host_src exitCommand gpus healthcheck id ipcNsCtr mountNsCtr name namedVolumes netNsCtr newPortMappings
  overlayVolumes pidNsCtr pid_file pod portMappings privileged restart_policy rootfs rootfsImageID rootfsImageName
  sdnotifySocket secret_env secrets spec timezone userNsCtr utsNsCtr volumeName
  image image_ref labels metadata log_path runtime rootfsImage rootfsImageRef`.split(/\s+/),
);
const FOLDED: ReadonlySet<string> = new Set([...DECISIVE].map(folded));

/** Members that hold whatever names people chose. */
const MAPS: ReadonlySet<string> = new Set(
  ['annotations', 'labels', 'logLabels', 'sysctl', 'storageOpts', 'network_options', 'unified', 'secret_env'].map(
    folded,
  ),
);

/** More of them say nothing new. */
const MOST = 10;

/**
 * Members of a JSON text that engines do not read as this program does, by name: those that stand twice in one object,
 * and those that are known but for the case of their letters.
 * @param text valid JSON
 */
export function oddMembers(text: string): readonly string[] {
  const odd: string[] = [];
  const open: { readonly seen: Set<string> | undefined; readonly isMap: boolean; wantsKey: boolean }[] = [];
  let key = '';
  for (let at = 0; at < text.length && odd.length < MOST; at++) {
    const top = open.at(-1);
    switch (text.charAt(at)) {
      case '{':
        open.push({ seen: new Set(), isMap: MAPS.has(folded(key)), wantsKey: true });
        key = '';
        break;
      case '[':
        open.push({ seen: undefined, isMap: false, wantsKey: false });
        key = '';
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        if (top?.seen) top.wantsKey = true;
        break;
      case '"': {
        const end = endOfText(text, at);
        if (top?.seen && top.wantsKey) {
          key = JSON.parse(text.slice(at, end)) as string;
          top.wantsKey = false;
          if (!top.isMap && isOdd(key, top.seen)) odd.push(key);
        }
        at = end - 1;
        break;
      }
    }
  }
  return odd;
}

function isOdd(key: string, seen: Set<string>): boolean {
  const name = folded(key);
  const isTwice = seen.has(name);
  seen.add(name);
  return isTwice || (FOLDED.has(name) && !DECISIVE.has(key));
}

/** @returns where the text that begins with a quote is over */
function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** As Go's decoder compares names: also the long s and the sign for Kelvin are letters of the alphabet there. */
function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/**
 * Entries of an archive that may be unpacked to another place than their name says: links, and names that lead elsewhere.
 * Engines write neither. @returns their names
 */
export function oddEntries({ entries }: Pick<FileSet, 'entries'>): readonly string[] {
  const odd: string[] = [];
  for (const entry of entries.values()) {
    if (isMisleading(entry)) odd.push(entry.path);
    if (odd.length >= MOST) break;
  }
  return odd;
}

function isMisleading({ path, type }: Entry): boolean {
  if (type === 'symlink' || type === 'hardlink') return true;
  return path.includes('//') || /(?:^|\/)\.\.?(?:\/|$)/.test(path);
}
