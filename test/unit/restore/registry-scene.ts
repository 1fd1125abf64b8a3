import type { SpillSettings } from '../../../src/protocol/checkpoint-api.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CheckpointError } from '../../../src/core/errors.ts';
import { pushImage, type PushOptions, type Pushed } from '../../../src/core/restore/registry/push.ts';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { Registry, type RegistrySettings } from '../../../src/core/restore/registry/registry.ts';
import { Authority } from '../../cluster/certificates.ts';
import { digestOf, RegistryServer, type RegistryServerOptions } from '../../registry/registry-server.ts';
import { archiveOf } from '../support/fixtures.ts';
import { inFolder, withCheckpoint } from './support.ts';

export const authority = new Authority('registry test');
export const PASSWORD = 'a-password-nobody-may-see';
export const archive = archiveOf('crio-rich');
export const digest = digestOf(readFileSync(archive));

export interface Scene {
  readonly server: RegistryServer;
  readonly folder: string;
  readonly spill: SpillSettings;
  readonly settings: RegistrySettings;
  readonly push: (name?: string, options?: Partial<PushOptions>, settings?: RegistrySettings) => Promise<Pushed>;
}

/** A registry with TLS, and nobody's credentials but those of the test. */
export async function scene(options: RegistryServerOptions, use: (scene: Scene) => Promise<void>): Promise<void> {
  const server = await new RegistryServer({ authority, username: 'ada', password: PASSWORD, ...options }).start();
  try {
    await inFolder(async (folder, spill) => {
      const environment = { HOME: folder, PATH: process.env['PATH'] };
      const settings = { ca: Buffer.from(authority.certificate), environment };
      const push: Scene['push'] = async (name = 'lab/app:1', given = {}, other = settings) => {
        const registry = new Registry(parseReference(`docker://${server.host}/${name}`), { ...other, push: true });
        try {
          return await withCheckpoint(archive, spill, (checkpoint) =>
            pushImage(checkpoint, registry, { spill, pause: 1, ...given }),
          );
        } finally {
          registry.close();
        }
      };
      await use({ server, folder, spill, settings, push });
    });
  } finally {
    await server.stop();
  }
}

export function reason(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CheckpointError, String(error));
    assert.equal(error.reason, expected, error.message);
    return true;
  };
}
