import { fileURLToPath } from 'node:url';

/**
 * A stand-in for the `vscode` module, for an extension that is only activated: everything is there, may be called,
 * constructed and asked for its members, and does nothing.
 */
export function makeVscode(): object {
  return withMembers(anything(), {
    EventEmitter: class {
      readonly event = () => anything();
      fire(): void {
        // Nobody listens.
      }
      dispose(): void {
        // There is nothing to let go of.
      }
    },
    workspace: withMembers(anything(), {
      workspaceFolders: undefined,
      isTrusted: true,
      textDocuments: [],
      getConfiguration: () => ({
        get: (_key: string, fallback?: unknown) => fallback,
        has: () => false,
        inspect: () => undefined,
      }),
      findFiles: () => Promise.resolve([]),
    }),
    window: withMembers(anything(), {
      visibleTextEditors: [],
      activeTextEditor: undefined,
      tabGroups: withMembers(anything(), { all: [] }),
    }),
    l10n: { t: (text: unknown) => text, bundle: undefined, uri: undefined },
    env: withMembers(anything(), { language: 'en', uiKind: 1, remoteName: undefined }),
    Uri: withMembers(anything(), {
      joinPath,
      file: (path: string) => uri(path),
      parse: (text: string) => uri(text),
    }),
    ExtensionMode: { Production: 1, Development: 2, Test: 3 },
  });
}

/** What VS Code gives `activate`. */
export function makeContext(storage: string): object {
  const memento = {
    get: (_key: string, fallback?: unknown) => fallback,
    update: () => Promise.resolve(),
    keys: () => [],
  };
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  return withMembers(anything(), {
    subscriptions: [],
    extensionMode: 1,
    extensionPath: root,
    extensionUri: uri(root),
    globalStorageUri: uri(storage),
    storageUri: uri(storage),
    logUri: uri(storage),
    asAbsolutePath: (path: string) => `${root}/${path}`,
    globalState: { ...memento, setKeysForSync: () => undefined },
    workspaceState: memento,
    secrets: anything(),
    extension: { id: 'checkpoint-explorer', packageJSON: {}, extensionPath: root, isActive: true },
  });
}

function uri(path: string): object {
  return {
    scheme: 'file',
    authority: '',
    path,
    fsPath: path,
    query: '',
    fragment: '',
    toString: () => `file://${path}`,
    with: () => uri(path),
  };
}

function joinPath(base: { readonly path: string }, ...parts: readonly string[]): object {
  return uri([base.path, ...parts].join('/'));
}

/** May be called, constructed, extended and asked for any member, all of which are alike. */
function anything(): object {
  const members = new Map<string | symbol, unknown>();
  // Not an arrow function: it must be constructible.
  const target = function stub(this: unknown): void {
    // Does nothing.
  };
  return new Proxy(target, {
    get: (_target, name) => {
      // A promise would be asked for `then`, a disposable array for its iterator, a string for its primitive.
      if (name === 'then') return undefined;
      if (name === Symbol.toPrimitive) return () => 'stub';
      if (name === Symbol.iterator) return () => [][Symbol.iterator]();
      if (name === 'prototype') return target.prototype as unknown;
      if (!members.has(name)) members.set(name, anything());
      return members.get(name);
    },
    apply: () => anything(),
    construct: (_target, _args, newTarget) => Object.create(newTarget.prototype as object | null) as object,
  });
}

/** The members are its own, as those of the real module are: bundles copy what a module has of its own. */
function withMembers(base: object, members: Readonly<Record<string, unknown>>): object {
  return Object.assign(Object.create(base) as object, members);
}
