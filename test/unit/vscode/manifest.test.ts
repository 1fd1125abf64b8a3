import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '..', '..', '..');
const text = readFileSync(join(root, 'package.json'), 'utf8');
const manifest = JSON.parse(text) as {
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command?: string; readonly submenu?: string }[]>>;
    readonly keybindings: readonly { readonly command: string; readonly when?: string }[];
    readonly submenus: readonly { readonly id: string }[];
    readonly viewsWelcome: readonly { readonly contents: string }[];
  };
};
const strings = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Readonly<Record<string, string>>;
const { contributes } = manifest;
const commands = new Set(contributes.commands.map(({ command }) => command));

describe('the manifest', () => {
  it('takes every string from package.nls.json, and every one of those is used', () => {
    const used = new Set([...text.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key));
    assert.deepEqual([...used].sort(), Object.keys(strings).sort());
  });

  it('has no menu or key for a command that does not exist', () => {
    const linked = Object.values(strings).flatMap((value) =>
      [...value.matchAll(/\(command:(checkpointExplorer\.\w+)\)/g)].flatMap(([, command]) => command ?? []),
    );
    const used = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].flatMap(
      (item) => item.command ?? [],
    );
    for (const command of [...used, ...linked]) assert.ok(commands.has(command), command);
  });

  it('declares every submenu, and fills it', () => {
    const declared = contributes.submenus.map(({ id }) => id);
    for (const { submenu } of Object.values(contributes.menus).flat()) {
      if (submenu !== undefined) assert.ok(declared.includes(submenu), submenu);
    }
    for (const id of declared) assert.ok((contributes.menus[id]?.length ?? 0) > 0, id);
  });

  it('shows in the palette only what works without a row', () => {
    const hidden = new Set((contributes.menus['commandPalette'] ?? []).map(({ command }) => command));
    const menus = [...(contributes.menus['webview/context'] ?? [])].flatMap(({ command }) => command ?? []);
    for (const command of menus) assert.ok(hidden.has(command), `${command} needs a condition in commandPalette`);
  });

  it('binds keys only where a checkpoint is being looked at', () => {
    for (const { command, when } of contributes.keybindings) assert.match(when ?? '', /activeCustomEditorId/, command);
  });
});
