import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addressWord, deviceWord, flagWords, quotedPrintable } from '../../../src/core/criu/field-words.ts';
import { jsonPieces, jsonText } from '../../../src/core/criu/json-text.ts';
import { decodeMessage } from '../../../src/core/criu/decode-message.ts';
import { messageToJson } from '../../../src/core/criu/message-json.ts';
import { imageToJson, writeImageJson } from '../../../src/core/criu/to-json.ts';
import type { MessageName } from '../../../src/core/criu/schema.ts';
import { bytes, encode, entry, image, uint32 } from './build-image.ts';
import { MemorySource } from './memory-file-set.ts';

function toJson(
  name: MessageName,
  fields: Readonly<Record<string, unknown>>,
  pretty: boolean,
): Record<string, unknown> {
  return messageToJson(decodeMessage(name, encode(name, fields)).message, name, { pretty });
}

suite('images as JSON', () => {
  test('have exact 64-bit integers', async () => {
    const content = image('RLIMIT', entry('rlimit_entry', { cur: '18446744073709551615', max: '9007199254740993' }));
    assert.equal(
      await imageToJson(new MemorySource(content), 'rlimit-1.img'),
      '{"magic":"RLIMIT","entries":[{"cur":18446744073709551615,"max":9007199254740993}]}',
    );
  });

  test('are indented where that is asked for', async () => {
    const content = image(
      'TCP_STREAM',
      entry('tcp_stream_entry', {
        inq_len: 1,
        inq_seq: 0,
        outq_len: 0,
        outq_seq: 0,
        opt_mask: 7,
        snd_wscale: 0,
        mss_clamp: 0,
      }),
      'a',
    );
    const options = { indent: 2, depth: 1, pretty: true };
    const text = await imageToJson(new MemorySource(content), 'tcp-stream-1.img', options);
    const value = JSON.parse(text) as object;
    assert.equal(text, JSON.stringify(value, undefined, 2).replaceAll('\n', '\n  '));
    const empty = await imageToJson(new MemorySource(new Uint8Array()), 'fs-1.img', options);
    assert.equal(empty, '{\n    "magic": "FS",\n    "entries": []\n  }');
  });

  test('give a large content in pieces, the same as whole', async () => {
    const data = Buffer.from(Array.from({ length: 2_000_003 }, (_, index) => index % 251));
    const content = image('GHOST_FILE', entry('ghost_file_entry', { uid: 0, gid: 0, mode: 0 }), data);
    const pieces: string[] = [];
    await writeImageJson(new MemorySource(content), 'ghost-file-1.img', (piece) => void pieces.push(piece));
    assert.ok(pieces.every((piece) => piece.length < 2_000_000));
    const [first] = (JSON.parse(pieces.join('')) as { entries: [{ extra: string }] }).entries;
    assert.deepEqual(Buffer.from(first.extra, 'base64'), data);
    assert.ok(
      first.extra
        .split('\n')
        .slice(0, -2)
        .every((line) => line.length === 76),
    );
  });

  test('tell fields that the schema does not know, and text that is not UTF-8 with its bytes', () => {
    const { message } = decodeMessage(
      'utsns_entry',
      bytes([0x0a, 2, 0x61, 0xff, 0x12, 0], [0xa0, 0x06, 9, 0xaa, 0x06, 1, 65]),
    );
    const json = messageToJson(message, 'utsns_entry');
    const expected = {
      nodename: 'a\uFFFD',
      nodename_bytes: 'Yf8=\n',
      domainname: '',
      unknown_fields: [
        { number: 100, wire_type: 0, value: 9 },
        { number: 101, wire_type: 2, value: 'QQ==\n' },
      ],
    };
    for (const indent of [0, 2]) {
      assert.equal(jsonText(json, indent), JSON.stringify(expected, undefined, indent));
      assert.equal([...jsonPieces(json, indent)].join(''), JSON.stringify(expected, undefined, indent));
    }
  });

  test('leave out a required field that is missing', () => {
    assert.deepEqual(messageToJson(decodeMessage('fs_entry', Uint8Array.of(0x08, 1)).message, 'fs_entry'), {
      cwd_id: 1,
    });
  });

  test('of an unknown kind hold its bytes', async () => {
    const content = bytes(uint32(0x54564319), uint32(0x51465599), 'abc');
    const value = JSON.parse(await imageToJson(new MemorySource(content), 'new.img', { pretty: true })) as unknown;
    assert.deepEqual(value, { magic: '0x51465599', entries: [], raw: `${Buffer.from(content).toString('base64')}\n` });
  });

  test('are plain numbers, or with words where crit has them', () => {
    const vma = { start: 4096, end: 8192, pgoff: 0, shmid: 0, prot: 3, flags: 0x22, status: 0x201, fd: -1, madv: 0 };
    const { fd, ...plain } = toJson('vma_entry', vma, false);
    assert.deepEqual(plain, {
      start: 4096n,
      end: 8192n,
      pgoff: 0n,
      shmid: 0n,
      prot: 3,
      flags: 34,
      status: 513,
      madv: 0n,
    });
    assert.equal(fd, -1n);
    const pretty = toJson('vma_entry', vma, true);
    assert.deepEqual(
      [pretty['start'], pretty['prot'], pretty['flags'], pretty['status'], pretty['madv']],
      ['0x1000', 'PROT_READ | PROT_WRITE', 'MAP_PRIVATE | MAP_ANON', 'VMA_AREA_REGULAR | VMA_ANON_PRIVATE', '0x0'],
    );
  });

  // crit has 3 as a zombie and 6 as stopped.
  test('name the states of a task as CRIU numbers them', () => {
    const state = (task_state: number): unknown => {
      const task = { task_state, exit_code: 0, personality: 0, flags: 0, blk_sigset: 0, comm: 'x' };
      return (toJson('core_entry', { mtype: 1, tc: task }, true)['tc'] as Record<string, unknown>)['task_state'];
    };
    assert.deepEqual([1, 2, 3, 6, 7].map(state), ['Alive', 'Dead', 'Stopped', 'Zombie', 7]);
  });

  test('show an enum by its name, an unknown one by its number', () => {
    const [known, unknown] = [1, 99].map((mtype) =>
      messageToJson(decodeMessage('core_entry', Uint8Array.of(0x08, mtype)).message, 'core_entry'),
    );
    assert.deepEqual([known, unknown], [{ mtype: 'X86_64' }, { mtype: 99 }]);
  });

  test('show everything below a field marked so as hexadecimal', () => {
    const thread = {
      clear_tid_addr: 1,
      tls: 2,
      gpregs: { regs: [16], sp: 17, pc: 18, pstate: 19 },
      fpsimd: { vregs: [], fpsr: 20, fpcr: 0 },
    };
    const pretty = toJson('thread_info_aarch64', thread, true);
    assert.deepEqual(pretty['gpregs'], { regs: ['0x10'], sp: '0x11', pc: '0x12', pstate: '0x13' });
    assert.equal(pretty['tls'], 2n);
  });
});

suite('words for numbers', () => {
  test('flags without a name are hexadecimal', () => {
    assert.equal(flagWords('mmap.prot', 0x9), 'PROT_READ | 0x8');
    assert.equal(flagWords('mmap.status', 0x80000000), 'VMA_UNSUPP');
    assert.equal(flagWords('mmap.prot', 0), '');
    const open = 0o210002;
    assert.deepEqual(
      [undefined, 3, 4, 6].map((machine) => flagWords('rfile.flags', open, machine)),
      [
        'O_RDWR | O_DSYNC | O_DIRECTORY',
        'O_RDWR | O_DSYNC | O_DIRECT',
        'O_RDWR | O_DSYNC | O_LARGEFILE',
        'O_RDWR | FASYNC | O_DIRECTORY',
      ],
    );
    assert.equal(flagWords('no such table', 18), '0x12');
  });

  test('devices', () => {
    assert.equal(deviceWord((8 << 20) | 3, false), '8:3');
    assert.equal(deviceWord(0xfff12345, false), '4095:74565');
    assert.equal(deviceWord((259 << 8) | 7, true), '259:7');
    assert.equal(deviceWord(0x12300000 | (8 << 8) | 0x45, true), '8:74565');
  });

  test('addresses are as short as can be', () => {
    const word = (...octets: number[]): number => Buffer.from(octets).readUInt32LE();
    const v6 = (...groups: number[]): string | undefined => {
      const octets = groups.flatMap((group) => [group >> 8, group & 0xff]);
      return addressWord([0, 4, 8, 12].map((at) => word(...octets.slice(at, at + 4))));
    };
    assert.equal(addressWord([word(192, 168, 0, 255)]), '192.168.0.255');
    assert.equal(v6(0, 0, 0, 0, 0, 0, 0, 0), '::');
    assert.equal(v6(0, 0, 0, 0, 0, 0, 0, 1), '::1');
    assert.equal(v6(0xfe80, 0, 0, 0, 1, 2, 3, 0), 'fe80::1:2:3:0');
    assert.equal(v6(1, 0, 0, 2, 0, 0, 0, 3), '1:0:0:2::3');
    assert.equal(v6(1, 0, 0, 2, 3, 0, 0, 4), '1::2:3:0:0:4');
    assert.equal(v6(1, 0, 2, 3, 4, 5, 6, 7), '1:0:2:3:4:5:6:7');
    assert.equal(v6(0, 0, 0, 0, 0, 0xffff, 0x102, 0x304), '::ffff:1.2.3.4');
    assert.equal(addressWord([1, 2]), undefined);
  });

  test('names of UNIX sockets are quoted as Python does', () => {
    // Each expected text is what Python 3.11's quopri.encodestring gives.
    const cases = [
      [bytes([0], '/tmp/abc=d .\t'), '=00/tmp/abc=3Dd .=09'],
      [bytes('a'.repeat(80)), `${'a'.repeat(75)}=\naaaaa`],
      [bytes('ab \nc.\n.\n'), 'ab=20\nc.\n=2E\n'],
      [bytes('a\r\nb \r\nc\rd'), 'a\r\nb=20\r\nc\rd'],
      [bytes('é'.repeat(20)), `${'=C3=A9'.repeat(12)}=C3=\n=A9${'=C3=A9'.repeat(7)}`],
    ] as const;
    for (const [name, expected] of cases) assert.equal(quotedPrintable(name), expected);
  });

  test('JSON text escapes what JSON.stringify does', () => {
    const value = { 'a"\u2028\n': ['\u0000', null, true, 1.5, {}, []] };
    assert.equal(jsonText(value), JSON.stringify(value));
    assert.equal(jsonText(value, 2), JSON.stringify(value, undefined, 2));
  });

  test('JSON text in pieces is the same text, never much of it at once', () => {
    const value = { empty: {}, none: [], list: [[], [1, [2n]], { a: null }], many: new Array<number>(500_000).fill(7) };
    for (const indent of [0, 2]) {
      const pieces = [...jsonPieces(value, indent, 3)];
      assert.equal(pieces.join(''), jsonText(value, indent, 3));
      assert.ok(pieces.every(({ length }) => length < 70_000));
    }
  });
});
