import { formatDuration } from '../../protocol/format.ts';
import type {
  AddressFact,
  CapabilitySet,
  CapabilityTable,
  CgroupFact,
  CgroupProperty,
  CredentialFacts,
  Ids,
  IsolationFacts,
  LimitFact,
  LsmFacts,
  PendingSignal,
  SchedulingFacts,
  SignalFacts,
  TaskSettings,
  ThreadIsolation,
  TimerFacts,
} from '../../protocol/isolation.ts';
import type { SeccompState } from '../../protocol/seccomp.ts';
import { sayAsItIs } from '../../protocol/sentence.ts';
import { branch, leaf, type TreeNode } from '../layout.ts';

/** What a process may do and what it sees. What is as in every process is left out: JSON has it. */
export function identityTree(facts: IsolationFacts, threads: readonly ThreadIsolation[]): TreeNode {
  const { pid, comm = '', credentials, capabilities, seccomp, lsm, signals, timers, settings, thread } = facts;
  const pending = [...(signals?.pending ?? []), ...(thread?.pending ?? [])];
  return branch(
    `${String(pid)} ${comm}`.trimEnd(),
    ...(credentials ? credentialNodes(credentials) : []),
    capabilities && capabilityTree(capabilities),
    seccomp && leaf('Seccomp', seccompText(seccomp)),
    lsm && leaf('Security label', lsmText(lsm)),
    leaf(
      'Namespaces',
      facts.namespaces.map((one) => `${one.kind}:[${String(one.id)}]${one.ofHost ? ' (the node’s)' : ''}`).join(', '),
    ),
    many('Control groups', facts.cgroups.map(cgroupTree)),
    many('Asked for by the specification', facts.resources.map(propertyNode)),
    many('Resource limits', facts.limits.filter(isLimited).map(limitNode)),
    signals && many('Signals', signalNodes(signals)),
    many('Signals that wait', pending.map(pendingNode)),
    timers && many('Timers', timerNodes(timers)),
    leaf('Scheduling', thread?.scheduling && schedulingText(thread.scheduling)),
    leaf('Signal when its parent ends', thread?.parentDeathSignal),
    ...(settings ? settingNodes(settings) : []),
    many(
      'Threads that differ',
      threads.filter(({ differs, missing }) => differs.length > 0 || missing).map(threadTree),
    ),
  );
}

function many(label: string, children: readonly TreeNode[]): TreeNode | undefined {
  return children.length === 0 ? undefined : branch(label, ...children);
}

const NOT_TOLD = 'not told by this checkpoint';

function credentialNodes(credentials: CredentialFacts): readonly (TreeNode | undefined)[] {
  const { uids, gids, groups, secureBits, noNewPrivileges } = credentials;
  return [
    leaf('User', idsText(uids)),
    leaf('Group', idsText(gids)),
    leaf('Further groups', groups.join(', ')),
    leaf('Secure bits', secureBits.join(', ')),
    leaf('New privileges', noNewPrivileges === undefined ? NOT_TOLD : noNewPrivileges ? 'impossible' : 'possible'),
  ];
}

function idsText({ real, effective, saved, fileSystem }: Ids): string {
  return effective === real && saved === real && fileSystem === real
    ? String(real)
    : `${String(real)}, effective ${String(effective)}, saved ${String(saved)}, file system ${String(fileSystem)}`;
}

const ENGINES: Readonly<Record<NonNullable<CapabilityTable['defaults']>, string>> = {
  podman: 'Podman',
  'cri-o': 'CRI-O',
  containerd: 'containerd',
  docker: 'Docker',
};

const SETS: readonly CapabilitySet[] = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient'];

/** Sets of the same capabilities stand together. */
function capabilityTree({ rows, defaults, untold }: CapabilityTable): TreeNode {
  const listed = (set: CapabilitySet): string =>
    untold.includes(set) ? NOT_TOLD : namesOf(rows.filter(({ sets }) => sets.includes(set)));
  const named = SETS.map((set) => [set, listed(set)] as const);
  const alike = Map.groupBy(named, ([, names]) => names);
  const beyond = namesOf(rows.filter(({ beyondDefault }) => beyondDefault));
  return branch(
    'Capabilities',
    ...[...alike].map(([names, sets]) => leaf(sets.map(([set]) => set).join(', '), names || 'none')),
    defaults && leaf(`Beyond what ${ENGINES[defaults]} gives every container`, beyond || 'none'),
  );
}

function namesOf(rows: readonly { readonly name: string }[]): string {
  return rows.map(({ name }) => name.replace(/^CAP_/, '')).join(' ');
}

export function seccompText({ mode, modeNumber, filters }: SeccompState): string {
  switch (mode) {
    case 'disabled':
      return 'not filtered';
    case 'strict':
      return 'strict: only reading, writing and ending';
    case 'unknown':
      return `mode ${String(modeNumber)}, which is not known here`;
    case 'filter':
      if (filters.length === 0) return 'filtered; the filters are not in this checkpoint';
      return filters
        .map(({ index, instructions, flags }) =>
          [`filter ${String(index)} of ${String(instructions)} instructions`, ...flags].join(' '),
        )
        .join(', then ');
  }
}

function lsmText({ kind, label, socketLabel, asked }: LsmFacts): string {
  if (kind === 'none') return 'none';
  return [
    `${kind} ${label ?? 'unconfined'}`,
    socketLabel === undefined ? '' : `sockets ${socketLabel}`,
    asked === undefined || asked === label ? '' : `the specification asks for ${asked}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function cgroupTree({ controllers, path, pathInside, properties }: CgroupFact): TreeNode {
  const inside = pathInside === undefined ? '' : ` (seen inside as ${pathInside})`;
  const telling = properties.filter(({ words, unlimited, housekeeping }) => words && !unlimited && !housekeeping);
  return branch(`${controllers === '' ? 'unified' : controllers} ${path}${inside}`, ...telling.map(propertyNode));
}

function propertyNode({ name, value, words, inheritedFrom }: CgroupProperty): TreeNode {
  const meaning = [words ? sayAsItIs(words) : '', inheritedFrom === undefined ? '' : `from ${inheritedFrom}`].filter(
    Boolean,
  );
  const shown = value.split('\n').join('; ');
  return { label: `${name}: ${shown}${meaning.length > 0 ? ` (${meaning.join(', ')})` : ''}` };
}

function isLimited({ soft, hard, asked }: LimitFact): boolean {
  return soft !== undefined || hard !== undefined || asked !== undefined;
}

function limitNode({ label, unit, soft, hard }: LimitFact): TreeNode {
  const [low, high] = [soft, hard].map((bound) => (bound === undefined ? 'unlimited' : String(bound)));
  return {
    label: `${label}: ${low === high ? '' : `${low ?? ''} of `}${high ?? ''}${unit === 'none' ? '' : ` ${unit}`}`,
  };
}

function signalNodes({ rows }: SignalFacts): readonly TreeNode[] {
  return rows.flatMap(({ name, disposition, handler, flags, blocked }) => {
    if (disposition === 'default' && !blocked) return [];
    const parts = [
      disposition === 'handled' && handler ? `handled by ${addressText(handler)}` : disposition,
      flags.join(' '),
      blocked ? 'blocked' : '',
    ];
    return [{ label: `${name}: ${parts.filter((part) => part !== '').join(', ')}` }];
  });
}

function addressText({ address, mapping, offset }: AddressFact): string {
  return mapping === undefined || offset === undefined
    ? `0x${address.toString(16)}`
    : `0x${address.toString(16)} (${mapping}+0x${offset.toString(16)})`;
}

function pendingNode({ name, code, senderPid, senderUid, value, systemCall, address }: PendingSignal): TreeNode {
  const parts = [
    code,
    senderPid === undefined ? '' : `sent by ${String(senderPid)}`,
    senderUid === undefined ? '' : `of user ${String(senderUid)}`,
    value === undefined ? '' : `value ${String(value)}`,
    systemCall === undefined ? '' : `call ${systemCall}`,
    address === undefined ? '' : `at 0x${address.toString(16)}`,
  ];
  return { label: `${name}: ${parts.filter((part) => part !== '').join(', ')}` };
}

function timerNodes({ interval, posix }: TimerFacts): readonly TreeNode[] {
  const every = (period: bigint, unit: bigint) =>
    period === 0n ? 'once' : `then every ${formatDuration(period / unit)}`;
  return [
    ...interval
      .filter(({ remaining }) => remaining > 0n)
      .map((timer) => ({
        label: `${timer.kind}: ${timer.signal} in ${formatDuration(timer.remaining)}, ${every(timer.interval, 1n)}`,
      })),
    ...posix.map(({ id, clock, signal, remaining, interval: period, overrun, notification }) => {
      const fires = remaining === 0n ? 'off' : `in ${formatDuration(remaining / 1000n)}, ${every(period, 1000n)}`;
      const missed = overrun > 0 ? `, missed ${String(overrun)} times` : '';
      return { label: `${clock} ${String(id)}: ${signal ?? notification} ${fires}${missed}` };
    }),
  ];
}

function schedulingText({ policy, nice, priority, resetOnFork }: SchedulingFacts): string {
  const parts = [
    policy,
    nice === undefined ? '' : `nice ${String(nice)}`,
    priority === undefined || priority === 0 ? '' : `real-time priority ${String(priority)}`,
    resetOnFork ? 'children start as others' : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function settingNodes(settings: TaskSettings): readonly (TreeNode | undefined)[] {
  const { dumpable, oomScoreAdjust, oomScoreAsked, loginUid, personality, umask, flags } = settings;
  const asked =
    oomScoreAsked === undefined || oomScoreAsked === oomScoreAdjust ? '' : `, ${String(oomScoreAsked)} asked for`;
  return [
    leaf('OOM score', oomScoreAdjust === undefined ? undefined : `${String(oomScoreAdjust)}${asked}`),
    leaf('Umask', umask?.toString(8).padStart(4, '0')),
    leaf(
      'Core dumps',
      dumpable && { yes: 'allowed', no: 'not allowed', 'root-only': 'readable by root only' }[dumpable],
    ),
    leaf('Login', loginUid),
    leaf('Personality', personality.join(' ')),
    leaf('Flags', flags.join(' ')),
    leaf('Parent of orphans', settings.childSubreaper ? 'yes' : undefined),
    leaf('Huge pages', settings.hugePagesDisabled ? 'turned off' : undefined),
    leaf('Stopped by', settings.stopSignal),
  ];
}

function threadTree({
  tid,
  comm = '',
  missing,
  differs,
  credentials,
  capabilities,
  seccomp,
  lsm,
  cgroups,
}: ThreadIsolation): TreeNode {
  const about = missing ? 'not in this checkpoint' : differs.join(', ');
  return branch(
    `${`${String(tid)} ${comm}`.trimEnd()}: ${about}`,
    ...(credentials ? credentialNodes(credentials) : []),
    capabilities && capabilityTree(capabilities),
    seccomp && leaf('Seccomp', seccompText(seccomp)),
    lsm && leaf('Security label', lsmText(lsm)),
    ...(cgroups ?? []).map(cgroupTree),
  );
}
