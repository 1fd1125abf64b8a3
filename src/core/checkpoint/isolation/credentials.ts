import type { CredentialFacts, LsmFacts } from '../../../protocol/isolation.ts';
import type { CredsEntry, InventoryEntry } from '../../criu/schema/generated/messages.ts';
import { asArray, asNumber, asObject, asText, type JsonObject } from '../json.ts';
import { bitNames } from './bit-names.ts';

/** Source: include/uapi/linux/securebits.h. */
const SECURE_BITS: readonly (readonly [number, string])[] = [
  'NOROOT',
  'NOROOT_LOCKED',
  'NO_SETUID_FIXUP',
  'NO_SETUID_FIXUP_LOCKED',
  'KEEP_CAPS',
  'KEEP_CAPS_LOCKED',
  'NO_CAP_AMBIENT_RAISE',
  'NO_CAP_AMBIENT_RAISE_LOCKED',
  'EXEC_RESTRICT_FILE',
  'EXEC_RESTRICT_FILE_LOCKED',
  'EXEC_DENY_INTERACTIVE',
  'EXEC_DENY_INTERACTIVE_LOCKED',
].map((name, bit) => [2 ** bit, name]);

/** inventory_entry.lsmtype. Source: images/inventory.proto. */
const LSM_KINDS: readonly LsmFacts['kind'][] = ['none', 'selinux', 'apparmor'];

export function describeCredentials(credentials: CredsEntry, spec: JsonObject | undefined): CredentialFacts {
  const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid } = credentials;
  const asked = askedUser(spec);
  const none = newPrivileges(credentials);
  return {
    uids: { real: uid, effective: euid, saved: suid, fileSystem: fsuid },
    gids: { real: gid, effective: egid, saved: sgid, fileSystem: fsgid },
    groups: credentials.groups,
    secureBits: bitNames(credentials.secbits, SECURE_BITS),
    ...(none !== undefined && { noNewPrivileges: none !== 0 }),
    ...(asked && { asked }),
  };
}

/** CRIU writes them down since 4.1, empty sets too. */
export function tellsAmbient({ cap_amb }: CredsEntry): boolean {
  return cap_amb.length > 0;
}

/**
 * no_new_privs. CRIU writes it down since 3.19, and only where it is set: without it a dump that tells of ambient
 * capabilities, as 4.1 does, says that it is not; an older one may say nothing.
 * Source: criu/parasite-syscall.c, alloc_groups_copy_creds.
 */
export function newPrivileges(credentials: CredsEntry): number | undefined {
  return credentials.no_new_privs ?? (tellsAmbient(credentials) ? 0 : undefined);
}

function askedUser(spec: JsonObject | undefined): CredentialFacts['asked'] | undefined {
  const process = asObject(spec?.['process']);
  if (!process) return undefined;
  const user = asObject(process['user']);
  const uid = asNumber(user?.['uid']);
  const gid = asNumber(user?.['gid']);
  const noNewPrivileges = process['noNewPrivileges'];
  return {
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    groups: asArray(user?.['additionalGids']).flatMap((group) => asNumber(group) ?? []),
    ...(typeof noNewPrivileges === 'boolean' && { noNewPrivileges }),
  };
}

/** What the security module says of a thread: its label, where it has one. */
export function describeLsm(
  credentials: CredsEntry,
  inventory: InventoryEntry | undefined,
  spec: JsonObject | undefined,
): LsmFacts {
  const kind = inventory?.lsmtype === undefined ? 'unknown' : (LSM_KINDS[inventory.lsmtype] ?? 'unknown');
  const process = asObject(spec?.['process']);
  const asked = asText(process?.['selinuxLabel']) ?? asText(process?.['apparmorProfile']);
  return {
    kind,
    ...(credentials.lsm_profile !== undefined && { label: credentials.lsm_profile }),
    ...(credentials.lsm_sockcreate !== undefined && { socketLabel: credentials.lsm_sockcreate }),
    ...(asked !== undefined && { asked }),
  };
}
