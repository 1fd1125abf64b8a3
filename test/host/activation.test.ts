import assert from 'node:assert/strict';
import { extensions, version } from 'vscode';

describe(`the extension in VS Code ${version}`, () => {
  it('is found and activates', async () => {
    const extension = extensions.getExtension('checkpoint-explorer.checkpoint-explorer');
    assert.ok(extension, 'VS Code does not know the extension');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });
});
