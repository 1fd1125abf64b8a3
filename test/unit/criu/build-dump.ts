import { AddressSpace } from '../../../src/core/criu/address-space.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import { bytes, entry, image, NO_MEMORY } from './build-image.ts';
import { MemoryFileSet } from './memory-file-set.ts';

export const page = 4096;
/** Flags of a pagemap entry whose pages are in the pages image. */
export const present = { flags: 4 };

/** A dump of process 1 with a page map and pages; each page is filled with a letter. */
export class Dump {
  readonly files = new MemoryFileSet();
  readonly images = new ImageDirectory(this.files, 'checkpoint/');

  pagemap(name: string, pagesId: number, ...entries: readonly object[]): this {
    const rows = entries.map((fields) => entry('pagemap_entry', { compat_nr_pages: 0, ...fields }));
    return this.put(name, image('PAGEMAP', entry('pagemap_head', { pages_id: pagesId }), ...rows));
  }

  pages(id: number, letters: string, size = page): this {
    return this.put(`pages-${id}.img`, bytes(...[...letters].map((letter) => letter.repeat(size))));
  }

  /** @param fields those that matter; the others are NO_MEMORY */
  mm(fields: object): this {
    return this.put('mm-1.img', image('MM', entry('mm_entry', { ...NO_MEMORY, ...fields })));
  }

  put(name: string, content: Uint8Array, folder = 'checkpoint'): this {
    this.files.add(`${folder}/${name}`, content);
    return this;
  }

  /** The process's mappings, with what most have filled in. */
  vmas(...vmas: readonly object[]): this {
    return this.mm({ vmas: vmas.map((vma) => ({ pgoff: 0, shmid: 0, prot: 3, flags: 0x22, fd: -1, ...vma })) });
  }

  space(): Promise<AddressSpace> {
    return AddressSpace.open(this.images, 1);
  }
}
