import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { archiveOf, archives, expectedJson, expectedText } from '../support/fixtures.ts';
import { cli } from './support.ts';

/** What checkpointctl 1.5 printed: an element of its `inspect --all --format json`. */
interface Theirs {
  readonly process_tree: TheirProcess;
  readonly mounts: readonly { readonly destination: string }[];
  readonly file_descriptors?: readonly TheirFiles[];
  readonly sockets?: readonly TheirSockets[];
  readonly [key: string]: unknown;
}

interface TheirFiles {
  readonly pid: number;
  readonly open_files: readonly { readonly type: string; readonly fd: string; readonly path: string }[];
}

interface TheirSockets {
  readonly pid: number;
  readonly open_sockets: readonly {
    readonly protocol?: string;
    readonly data: { readonly src?: string; readonly address?: string; readonly [key: string]: unknown };
  }[];
}

interface TheirProcess {
  readonly pid: number;
  readonly cmdline?: string;
  readonly environment_variables?: unknown;
  readonly children?: readonly TheirProcess[];
  readonly [key: string]: unknown;
}

/**
 * Where checkpointctl is wrong, and what is right. Everything else must be equal, key by key.
 *
 * CRIU 4.1 wrote the page count into a field that checkpointctl 1.5 does not read: of the memory of those processes it
 * sees zeros, so their command lines are blanks and their environment is empty.
 */
const BLANK_MEMORY: ReadonlySet<string> = new Set(['podman-criu411-counter']);

function comparable(fixture: string, theirs: Theirs): unknown {
  const { sockets, file_descriptors } = theirs;
  return {
    ...theirs,
    process_tree: comparableProcess(theirs.process_tree, BLANK_MEMORY.has(fixture)),
    ...(file_descriptors && { file_descriptors: file_descriptors.map(comparableFiles) }),
    ...(sockets && { sockets: sockets.map(comparableSockets) }),
  };
}

/** Of most kinds of files it knows no more than an id, and it leaves the NUL that ends a UNIX name. */
function comparableFiles({ pid, open_files }: TheirFiles): unknown {
  return {
    pid,
    open_files: open_files.map(({ path, ...rest }) => ({
      ...rest,
      ...(!/^[A-Z]+\.\d+$/.test(path) && { path: path.replace(/(?<=[^ ])\0(?=\]$)/, '') }),
    })),
  };
}

/**
 * It turns the words of an IPv6 address round, and leaves the NULs that belong to the form of a UNIX name and not to the
 * name.
 */
function comparableSockets({ pid, open_sockets }: TheirSockets): unknown {
  return {
    pid,
    open_sockets: open_sockets.map(({ protocol, data }) => ({
      ...(protocol !== undefined && { protocol }),
      data: {
        ...data,
        ...(data.src === '0:1::' && { src: '::1' }),
        ...(data.address !== undefined && { address: data.address.replace(/^\0/, '@').replace(/\0$/, '') }),
      },
    })),
  };
}

/** Their children come in the order of a Go map, which changes from run to run. */
function comparableProcess(process: TheirProcess, blank: boolean): unknown {
  const { cmdline, environment_variables, children, ...rest } = process;
  return {
    ...rest,
    ...(!blank && cmdline !== undefined && { cmdline }),
    ...(!blank && environment_variables !== undefined && { environment_variables }),
    ...(children && {
      children: [...children].sort((a, b) => a.pid - b.pid).map((child) => comparableProcess(child, blank)),
    }),
  };
}

/** Everything that `theirs` has is in `ours`, equal; lists have the same length. */
function assertCovers(ours: unknown, theirs: unknown, path: string): void {
  if (Array.isArray(theirs)) {
    assert.ok(Array.isArray(ours), path);
    assert.equal(ours.length, theirs.length, path);
    theirs.forEach((item, index) => assertCovers(ours[index], item, `${path}[${index}]`));
  } else if (typeof theirs === 'object' && theirs !== null) {
    assert.ok(typeof ours === 'object' && ours !== null, path);
    for (const [key, value] of Object.entries(theirs))
      assertCovers((ours as Record<string, unknown>)[key], value, `${path}.${key}`);
  } else {
    assert.deepEqual(ours, theirs, path);
  }
}

describe('inspect --all --format json has what checkpointctl 1.5 has', () => {
  for (const fixture of archives) {
    const expected = expectedJson(fixture, 'checkpointctl-1.5-inspect-all.json') as readonly Theirs[] | undefined;
    test(fixture, { skip: expected === undefined && 'no output of checkpointctl is kept for it' }, async () => {
      const { code, stdout, stderr } = await cli('inspect', '--all', '--format', 'json', archiveOf(fixture));
      assert.equal(code, 0, stderr);
      assert.equal(stderr, '');
      assertCovers(
        JSON.parse(stdout),
        expected?.map((element) => comparable(fixture, element)),
        '',
      );
    });
  }

  test('where its command lines are blank, ours are not', async () => {
    const { stdout } = await cli('inspect', '--all', '--format', 'json', archiveOf('podman-criu411-counter'));
    const [element] = JSON.parse(stdout) as [Theirs];
    const { cmdline, environment_variables: environment, children } = element.process_tree;
    assert.equal(cmdline, 'sh -c i=0; while :; do i=$((i+1)); echo $i > /tmp/count; echo tick $i; sleep 1; done ');
    assert.equal((environment as Record<string, string>)['MODE'], 'demo');
    assert.equal(children?.[0]?.cmdline, 'sleep 1 ');
  });
});

describe('show prints what checkpointctl prints', () => {
  for (const fixture of archives) {
    const expected = expectedText(fixture, 'checkpointctl-show.txt');
    test(fixture, { skip: expected === undefined && 'no output of checkpointctl is kept for it' }, async () => {
      const { code, stdout } = await cli('show', archiveOf(fixture));
      assert.equal(code, 0);
      assert.deepEqual(stdout.split('\n').slice(3), expected?.split('\n').slice(3));
    });
  }
});

test('several checkpoints are one table with every column', async () => {
  const { stdout } = await cli('show', archiveOf('podman-counter-none'), archiveOf('crio-rich'));
  const lines = stdout.split('\n');
  assert.match(lines[0] ?? '', /^CONTAINER +IMAGE +ID +RUNTIME +CREATED +ENGINE +IP +CHKPT SIZE +ROOT FS DIFF SIZE$/);
  assert.match(lines[2] ?? '', /^counter-none +localhost\/lab\/busybox:1.0 +90d5fc6b6db2 +crun /);
  assert.match(lines[3] ?? '', /^app .* CRI-O +10\.88\.0\.42 +517\.2 KiB +3\.5 KiB$/);
});
