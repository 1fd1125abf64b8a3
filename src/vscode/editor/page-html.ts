/** Where the page's files are, as the webview may load them. */
export interface PageResources {
  readonly cspSource: string;
  /** Turns the name of a file of dist/page into an address. */
  readonly address: (name: string) => string;
  readonly nonce: string;
  /** BCP 47, for the document's language. */
  readonly language: string;
  /** Which page it is: the name of its script and of its styles. */
  readonly page?: 'main' | 'restore';
}

/**
 * The document of a page: nothing but what loads the page. Nothing of a checkpoint is ever written into it, no
 * inline code or style runs, and nothing can be loaded from or sent to anywhere else.
 */
export function pageHtml({ cspSource, address, nonce, language, page = 'main' }: PageResources): string {
  const policy = [
    `default-src 'none'`,
    `img-src ${cspSource}`,
    `font-src ${cspSource}`,
    `style-src ${cspSource}`,
    `script-src 'nonce-${nonce}'`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${attribute(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" id="vscode-codicon-stylesheet" href="${attribute(address('codicon.css'))}">
<link rel="stylesheet" href="${attribute(address(`${page}.css`))}">
<title>Checkpoint</title>
</head>
<body data-vscode-context="${attribute(JSON.stringify({ preventDefaultContextMenuItems: true }))}">
<script type="module" nonce="${attribute(nonce)}" src="${attribute(address(`${page}.js`))}"></script>
</body>
</html>
`;
}

function attribute(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
