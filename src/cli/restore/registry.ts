import { readFileSync } from 'node:fs';
import type { FileSet } from '../../core/archive/file-set.ts';
import { named } from '../../core/bytes/file-source.ts';
import { openImageFiles } from '../../core/restore/registry/image-files.ts';
import type { RegistrySettings } from '../../core/restore/registry/registry.ts';
import type { Arguments } from '../arguments.ts';

/** From the options, and where there are none from the environment. @throws CheckpointError for a file that is not there */
export function registrySettings(args?: Arguments): RegistrySettings {
  const file = args?.text('ca') ?? fromEnvironment('CHECKPOINT_EXPLORER_REGISTRY_CA');
  return {
    ...(file !== undefined && { ca: named(file, () => readFileSync(file)) }),
    allowPlain: args?.flag('plain-http') ?? false,
    credentialsFile: args?.text('authfile'),
    environment: process.env,
  };
}

function fromEnvironment(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

/** Opens the image that a `docker://` locator names where it is. */
export function openImage(locator: string, signal?: AbortSignal): Promise<FileSet> {
  return openImageFiles(locator, registrySettings(), signal);
}
