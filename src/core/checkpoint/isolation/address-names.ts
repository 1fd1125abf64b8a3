import type { AddressFact } from '../../../protocol/isolation.ts';
import type { MmEntry, VmaEntry } from '../../criu/schema/generated/messages.ts';
import type { FileTable } from '../descriptors/file-table.ts';
import { describeMapping, realMappings } from '../proc-format.ts';

/** What is mapped at an address. */
export class AddressNames {
  readonly #mappings: readonly VmaEntry[];
  readonly #files: FileTable | undefined;

  constructor(mm: MmEntry | undefined, files: FileTable | undefined) {
    this.#mappings = mm ? realMappings(mm) : [];
    this.#files = files;
  }

  /** `offset` is that in the mapped file; of memory without a file it is counted from where the mapping starts. */
  describe(address: bigint): AddressFact {
    const mapping = this.#mappings.find(({ start, end }) => start <= address && address < end);
    const name = mapping && this.#files ? describeMapping(mapping, this.#files) : '';
    if (!mapping || name === '') return { address };
    const inFile = name.startsWith('/') ? mapping.pgoff : 0n;
    return { address, mapping: name, offset: address - mapping.start + inFile };
  }
}
