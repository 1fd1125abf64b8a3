import { AddressSpace } from '../../../src/core/criu/address-space.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import { bytes, entry, image } from './build-image.ts';
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

  /** @param fields those that matter; the others are zero */
  mm(fields: object): this {
    const zero = {
      mm_start_code: 0,
      mm_end_code: 0,
      mm_start_data: 0,
      mm_end_data: 0,
      mm_start_stack: 0,
      mm_start_brk: 0,
      mm_brk: 0,
      mm_arg_start: 0,
      mm_arg_end: 0,
      mm_env_start: 0,
      mm_env_end: 0,
      exe_file_id: 0,
    };
    return this.put('mm-1.img', image('MM', entry('mm_entry', { ...zero, ...fields })));
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
