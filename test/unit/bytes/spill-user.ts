/**
 * Another process that uses the spill store: decompresses a file, says `ready`, and holds the copy until its input ends.
 * Arguments: directory, file, milliseconds that a copy outlives its last user.
 */
import { decompress } from '../../../src/core/bytes/decompress.ts';
import { openFile } from '../../../src/core/bytes/file-source.ts';
import { SpillStore } from '../../../src/core/bytes/spill.ts';

const [, , directory = '', file = '', keepFor = ''] = process.argv;
const store = await SpillStore.open({ directory, limit: 1 << 30, keepFor: Number(keepFor) });
const copy = await decompress(await openFile(file), 'gzip', store);
await copy.ended;
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => void copy.close().then(() => process.exit()));
