import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pageHtml } from '../../../src/vscode/editor/page-html.ts';

describe('the document of the editor', () => {
  const html = pageHtml({
    cspSource: 'https://page.example',
    address: (name) => `https://page.example/${name}?a=1&b="2"`,
    nonce: 'N0NCE',
    language: 'de"><script>',
  });

  it('allows nothing but its own script, styles, fonts and pictures', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    const rules = new Map(policy.split('; ').map((rule) => [rule.split(' ')[0], rule.split(' ').slice(1).join(' ')]));
    assert.equal(rules.get('default-src'), "'none'");
    assert.equal(rules.get('script-src'), "'nonce-N0NCE'");
    for (const kind of ['style-src', 'img-src', 'font-src']) assert.equal(rules.get(kind), 'https://page.example');
    assert.ok(!policy.includes('unsafe'));
  });

  it('holds no inline code or style', () => {
    assert.ok(!/<style|style=|\son\w+=/.test(html));
    const scripts = html.match(/<script[^]*?<\/script>/g) ?? [];
    assert.equal(scripts.length, 1);
    assert.match(scripts[0], /^<script type="module" nonce="N0NCE" src="[^"]+"><\/script>$/);
  });

  it('quotes what it is given', () => {
    assert.ok(html.includes('lang="de&quot;&gt;&lt;script&gt;"'));
    assert.ok(html.includes('?a=1&amp;b=&quot;2&quot;'));
  });
});
