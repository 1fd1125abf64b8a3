import type { AddressFact } from '../../../protocol/isolation.ts';
import { Mappings, withoutGuards } from '../../criu/mappings.ts';
import type { MmEntry } from '../../criu/schema/generated/messages.ts';
import type { FileTable } from '../descriptors/file-table.ts';
import { nameOf } from '../memory/regions.ts';

/** What is mapped at an address. */
export class AddressNames {
  readonly #mappings: Mappings;
  readonly #mm: MmEntry | undefined;
  readonly #files: FileTable | undefined;

  constructor(mm: MmEntry | undefined, files: FileTable | undefined) {
    this.#mappings = new Mappings(withoutGuards(mm?.vmas ?? []));
    this.#mm = mm;
    this.#files = files;
  }

  /** `offset` is that in the mapped file; of memory without a file it is counted from where the mapping starts. */
  describe(address: bigint): AddressFact {
    const mapping = this.#mappings.at(address);
    const name = mapping && this.#files ? nameOf(mapping, { files: this.#files, mm: this.#mm }) : '';
    if (!mapping || name === '') return { address };
    const inFile = name.startsWith('/') ? mapping.pgoff : 0n;
    return { address, mapping: name, offset: address - mapping.start + inFile };
  }
}
