import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './lib/node.mjs';

/** One sample of each engine and form: its name among the samples, and where it lies among the tests' fixtures. */
const SAMPLES: readonly (readonly [name: string, fixture: string])[] = [
  ['podman-webapp.tar.zst', 'podman-webapp-host/webapp-host.tar.zst'],
  ['podman-counter.tar.gz', 'podman-counter-gzip/counter-gzip.tar.gz'],
  ['podman-counter.tar', 'podman-counter-none/counter-none.tar'],
  [
    'kubernetes/checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar',
    'crio-rich/checkpoint-rich_lab-app-2026-11-23T22-31-03Z.tar',
  ],
  [
    'kubernetes/checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar',
    'containerd-counter/checkpoint-counters_default-counter-2026-11-23T22-22-33Z.tar',
  ],
  ['oci-layout', 'oci/podman-create-image'],
];

/**
 * Puts copies of sample checkpoints into a folder, beside what is already there; a sample that is there is left alone.
 * @returns the folder
 */
export function makeSamples(folder: string): string {
  for (const [name, fixture] of SAMPLES) {
    const target = join(folder, name);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(root, 'test/fixtures', fixture), target, { recursive: true });
  }
  return folder;
}
