import type { FileSet } from '../../../src/core/archive/file-set.ts';
import { openTar } from '../../../src/core/archive/tar-file-set.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';

/** A tar whose last part is not there before the gate opens, as when a decompressor still works on it. */
export function decompressing(first: readonly Buffer[], gate: Promise<void>, rest: readonly Buffer[]): FileSet {
  const whole = Buffer.concat([...first, ...rest]);
  let available = Buffer.concat(first).length;
  const opened = gate.then(() => (available = whole.length));
  const source: ByteSource = {
    name: 'slow.tar.zst',
    get size() {
      return available === whole.length ? whole.length : undefined;
    },
    read: (offset, length) => source.readAvailable?.(offset, length, length) ?? Promise.reject(new Error()),
    async readAvailable(offset, least, most) {
      if (offset + least > available) await opened;
      return whole.subarray(offset, Math.min(offset + most, available));
    },
    close: () => Promise.resolve(),
  };
  return openTar(source);
}
