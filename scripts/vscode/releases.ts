/** A release of VS Code that the tests run on: as a download, and as the web-served build of the npm registry. */
export interface Release {
  readonly version: string;
  /** The version of the registry's `code-server` that serves this VS Code. */
  readonly server: string;
  /** The Node that this server is made for; it takes no other major. */
  readonly node: string;
  /** Whether this VS Code opens an extension under development in a browser only with its own test driver on. */
  readonly needsDriver: boolean;
}

/**
 * The oldest that package.json's `engines.vscode` allows: the oldest that can be tested without a download and whose
 * desktop build (Electron 39) has Node 22.19 or newer, which the extension needs.
 */
export const FLOOR: Release = { version: '1.117.0', server: '4.117.0', node: '22.23.3', needsDriver: false };

export const NEWEST: Release = { version: '1.139.1', server: '4.139.1', node: '24.21.0', needsDriver: true };
