/**
 * Linux capability names by number.
 * Source: include/uapi/linux/capability.h, up to CAP_CHECKPOINT_RESTORE (40).
 */
export const capabilityNames: readonly string[] = [
  'chown',
  'dac_override',
  'dac_read_search',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'linux_immutable',
  'net_bind_service',
  'net_broadcast',
  'net_admin',
  'net_raw',
  'ipc_lock',
  'ipc_owner',
  'sys_module',
  'sys_rawio',
  'sys_chroot',
  'sys_ptrace',
  'sys_pacct',
  'sys_admin',
  'sys_boot',
  'sys_nice',
  'sys_resource',
  'sys_time',
  'sys_tty_config',
  'mknod',
  'lease',
  'audit_write',
  'audit_control',
  'setfcap',
  'mac_override',
  'mac_admin',
  'syslog',
  'wake_alarm',
  'block_suspend',
  'audit_read',
  'perfmon',
  'bpf',
  'checkpoint_restore',
].map((name) => `cap_${name}`);

const REVISION_MASK = 0xff000000;
const WORDS_BY_REVISION = new Map([
  [0x01000000, 1],
  [0x02000000, 2],
  [0x03000000, 2],
]);
const EFFECTIVE = 0x000001;

/**
 * A `security.capability` attribute as getcap(8) prints it: `cap_net_bind_service,cap_net_raw=ep`. A root id (revision
 * 3, set inside a user namespace) follows in brackets.
 * @returns undefined where the value is not of a form that a kernel wrote
 * Source: include/uapi/linux/capability.h, struct vfs_ns_cap_data.
 */
export function describeFileCapabilities(value: Uint8Array): string | undefined {
  if (value.length < 4) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const magic = view.getUint32(0, true);
  const revision = (magic & REVISION_MASK) >>> 0;
  const words = WORDS_BY_REVISION.get(revision);
  if (words === undefined || value.length < 4 + words * 8) return undefined;

  const bySets = new Map<string, string[]>();
  for (let bit = 0; bit < words * 32; bit++) {
    const at = 4 + (bit >> 5) * 8;
    const has = (offset: number) => ((view.getUint32(offset, true) >>> (bit & 31)) & 1) === 1;
    const permitted = has(at);
    const inheritable = has(at + 4);
    if (!permitted && !inheritable) continue;
    const sets = ((magic & EFFECTIVE) !== 0 ? 'e' : '') + (inheritable ? 'i' : '') + (permitted ? 'p' : '');
    const names = bySets.get(sets) ?? [];
    bySets.set(sets, [...names, capabilityNames[bit] ?? String(bit)]);
  }
  const text = [...bySets].map(([sets, names]) => `${names.join(',')}=${sets}`).join(' ') || '=';
  const rootId = revision === 0x03000000 && value.length >= 24 ? view.getUint32(20, true) : 0;
  return rootId === 0 ? text : `${text} [rootid=${String(rootId)}]`;
}
