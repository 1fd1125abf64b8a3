import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { RegistrySettings } from '../../core/restore/registry/registry.ts';
import { sentence } from '../../protocol/sentence.ts';
import { failure } from '../failure.ts';
import { SECTION } from '../settings.ts';

/** The settings about sandboxes, as the rest uses them. A settings file may hold anything; read anew at each use. */
export const sandboxSettings = {
  /** The words before every command; empty: none. */
  commandPrefix(): readonly string[] {
    const words = read('sandbox.commandPrefix');
    return Array.isArray(words) && words.every((word) => typeof word === 'string' && word !== '')
      ? (words as readonly string[])
      : [];
  },

  network(): 'nowhere' | 'as-it-was' {
    return read('sandbox.network') === 'as-it-was' ? 'as-it-was' : 'nowhere';
  },

  /** Where images go: `HOST/NAME…`; empty where nobody has said it yet. */
  repository(): string {
    return text('registry.repository')
      .replace(/^docker:\/\//i, '')
      .replace(/\/+$/, '');
  },

  async rememberRepository(repository: string): Promise<void> {
    if (repository === sandboxSettings.repository()) return;
    const target = vscode.ConfigurationTarget.Global;
    await vscode.workspace.getConfiguration(SECTION).update('registry.repository', repository, target);
  },

  /** How registries are spoken with. @throws CheckpointError where the certificate cannot be read */
  registry(): RegistrySettings {
    const [certificate, file] = [text('registry.certificate'), text('registry.authFile')];
    return {
      ...(certificate !== '' && { ca: readCertificate(atHome(certificate)) }),
      allowPlain: read('registry.plainHttp') === true,
      ...(file !== '' && { credentialsFile: atHome(file) }),
      environment: process.env,
    };
  },
};

function readCertificate(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw failure('blocked', sentence('The certificates {0} of the settings cannot be read: {1}', path, why), path);
  }
}

function atHome(path: string): string {
  return /^~[\\/]/.test(path) ? join(homedir(), path.slice(2)) : path;
}

function text(name: string): string {
  const value = read(name);
  return typeof value === 'string' ? value.trim() : '';
}

function read(name: string): unknown {
  return vscode.workspace.getConfiguration(SECTION).get<unknown>(name);
}
