import { basename, dirname, isAbsolute, join } from 'node:path';
import { loadAll, YAMLException } from 'js-yaml';
import { sentence } from '../../../protocol/sentence.ts';
import { brief, ClusterError } from '../cluster-error.ts';
import type { ClusterEntry, ContextEntry, Impersonation, KubeconfigFile, PluginEntry, UserEntry } from './entries.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Cluster entries keep what is meant for credential plugins under this name among their extensions. */
const PLUGIN_EXTENSION = 'client.authentication.k8s.io/exec';

/**
 * Reads one kubeconfig, YAML or JSON. An entry without a name, and a field of the wrong type, counts as not there: only
 * who uses it misses it. Paths are made absolute from the file's folder, as kubectl does.
 * @throws ClusterError `bad-kubeconfig` where the text is no kubeconfig
 */
export function parseKubeconfig(content: string, path: string): KubeconfigFile {
  const document = parseYaml(content, path) ?? {};
  // A kubeconfig may leave out what it is, but not be something else.
  if (!isFields(document) || (document['kind'] ?? 'Config') !== 'Config') {
    throw new ClusterError(
      'bad-kubeconfig',
      sentence('{0} is not a kubeconfig: it holds something else. Choose another file.', path),
      { brief: brief(sentence('No kubeconfig'), sentence('{0} holds something else', basename(path))), where: path },
    );
  }
  const currentContext = text(document['current-context']);
  const folder = dirname(path);
  return {
    path,
    ...(currentContext !== undefined && { currentContext }),
    clusters: entries(document['clusters'], 'cluster').map((entry) => readCluster(entry, folder)),
    users: entries(document['users'], 'user').map((entry) => readUser(entry, folder)),
    contexts: entries(document['contexts'], 'context').map((entry) => readContext(entry, path)),
  };
}

/** Characters that the aliases of a document may stand for: tools write what is there twice only once. */
const ALIASED = 16 * 1024 * 1024;

function parseYaml(content: string, path: string): unknown {
  try {
    // An empty file is an empty kubeconfig; of several documents kubectl, too, takes the first.
    const [document] = loadAll(content);
    if (isWithin(document, 2 * content.length + ALIASED)) return document;
  } catch (error) {
    // Its own message quotes the file, where the credentials are.
    const line = error instanceof YAMLException ? error.mark?.line : undefined;
    const reason = error instanceof YAMLException ? error.reason : 'it cannot be understood';
    throw new ClusterError(
      'bad-kubeconfig',
      line === undefined
        ? sentence('{0} is not YAML: {1}. Mend the file or choose another.', path, reason)
        : sentence('{0} is not YAML in line {1}: {2}. Mend the file or choose another.', path, line + 1, reason),
      {
        brief: brief(
          sentence('Bad kubeconfig'),
          line === undefined
            ? sentence('{0}: {1}', basename(path), reason)
            : sentence('line {0} of {1}: {2}', line + 1, basename(path), reason),
        ),
        where: path,
      },
    );
  }
  throw new ClusterError(
    'bad-kubeconfig',
    sentence('{0} is not a kubeconfig: its aliases stand for far more than it holds. Choose another file.', path),
    { brief: brief(sentence('Bad kubeconfig'), sentence('too many aliases in {0}', basename(path))), where: path },
  );
}

/** Whether a document, each alias written out, has no more than so many characters: few lines can stand for terabytes. */
function isWithin(document: unknown, most: number): boolean {
  const waiting = [document];
  let count = 0;
  while (waiting.length > 0) {
    const value = waiting.pop();
    count += 1 + (typeof value === 'string' ? value.length : 0);
    if (typeof value === 'object' && value !== null) {
      for (const key of Object.keys(value)) {
        if (!Array.isArray(value)) count += key.length;
        waiting.push((value as Fields)[key]);
      }
    }
    if (count + waiting.length > most) return false;
  }
  return true;
}

interface Named {
  readonly name: string;
  readonly fields: Fields;
}

function entries(list: unknown, field: string): readonly Named[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const name = isFields(item) ? text(item['name']) : undefined;
    const fields = isFields(item) ? item[field] : undefined;
    return name === undefined ? [] : [{ name, fields: isFields(fields) ? fields : {} }];
  });
}

function readCluster({ name, fields }: Named, folder: string): ClusterEntry {
  return {
    name,
    server: serverAddress(text(fields['server'])?.trim() ?? ''),
    insecureSkipTlsVerify: fields['insecure-skip-tls-verify'] === true,
    disableCompression: fields['disable-compression'] === true,
    ...optional('caData', decoded(fields['certificate-authority-data'])),
    ...optional('caFile', absolute(fields['certificate-authority'], folder)),
    ...optional('tlsServerName', text(fields['tls-server-name'])),
    ...optional('proxyUrl', text(fields['proxy-url'])),
    ...optional('pluginConfig', pluginConfig(fields['extensions'])),
  };
}

/** With its scheme in small letters. Without one kubectl takes `https:` where it knows how to trust the server. */
function serverAddress(server: string): string {
  if (server === '') return '';
  const [, scheme = 'https', rest = server] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(server) ?? [];
  return `${scheme.toLowerCase()}://${rest.replace(/\/+$/, '')}`;
}

function pluginConfig(extensions: unknown): unknown {
  if (!Array.isArray(extensions)) return undefined;
  const found: unknown = extensions.find((item: unknown) => isFields(item) && item['name'] === PLUGIN_EXTENSION);
  return isFields(found) ? found['extension'] : undefined;
}

function readUser({ name, fields }: Named, folder: string): UserEntry {
  const username = text(fields['username']);
  return {
    name,
    ...optional('token', text(fields['token'])),
    ...optional('tokenFile', absolute(fields['tokenFile'], folder)),
    ...optional('certificateData', decoded(fields['client-certificate-data'])),
    ...optional('certificateFile', absolute(fields['client-certificate'], folder)),
    ...optional('keyData', decoded(fields['client-key-data'])),
    ...optional('keyFile', absolute(fields['client-key'], folder)),
    ...optional('basic', username === undefined ? undefined : { username, password: text(fields['password']) ?? '' }),
    ...optional('impersonate', readImpersonation(fields)),
    ...optional('plugin', isFields(fields['exec']) ? readPlugin(fields['exec'], folder) : undefined),
    ...optional('authProvider', readAuthProvider(fields['auth-provider'])),
  };
}

/** Groups and the like without a name are kept: whoever asks with fewer rights must not ask with all of his own. */
function readImpersonation(fields: Fields): Impersonation | undefined {
  const user = text(fields['as']);
  if (['as', 'as-uid', 'as-groups', 'as-user-extra'].every((name) => fields[name] === undefined)) return undefined;
  const extra = isFields(fields['as-user-extra']) ? fields['as-user-extra'] : {};
  return {
    user: user ?? '',
    groups: texts(fields['as-groups']),
    extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, texts(values)])),
    ...optional('uid', text(fields['as-uid'])),
  };
}

function readPlugin(fields: Fields, folder: string): PluginEntry {
  const command = text(fields['command']) ?? '';
  const mode = fields['interactiveMode'];
  return {
    apiVersion: text(fields['apiVersion']) ?? '',
    // Only what is no plain name is a path: the rest is looked up in PATH.
    command: /[\\/]/.test(command) ? (absolute(command, folder) ?? command) : command,
    args: texts(fields['args']),
    env: (Array.isArray(fields['env']) ? fields['env'] : []).flatMap((item: unknown) => {
      const name = isFields(item) ? text(item['name']) : undefined;
      return isFields(item) && name !== undefined ? [{ name, value: text(item['value']) ?? '' }] : [];
    }),
    provideClusterInfo: fields['provideClusterInfo'] === true,
    interactiveMode: mode === 'Never' || mode === 'Always' ? mode : 'IfAvailable',
    ...optional('installHint', text(fields['installHint'])),
  };
}

function readAuthProvider(value: unknown): UserEntry['authProvider'] {
  const name = isFields(value) ? text(value['name']) : undefined;
  if (!isFields(value) || name === undefined) return undefined;
  return { name, config: isFields(value['config']) ? value['config'] : {} };
}

function readContext({ name, fields }: Named, file: string): ContextEntry {
  return {
    name,
    cluster: text(fields['cluster']) ?? '',
    user: text(fields['user']) ?? '',
    file,
    ...optional('namespace', text(fields['namespace'])),
  };
}

/** An object with the property if it has a value, else an empty one. */
function optional<K extends string, V>(key: K, value: V | undefined): Readonly<Partial<Record<K, V>>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>;
}

/** Empty texts count as absent, as they do for kubectl. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function decoded(value: unknown): Buffer | undefined {
  const base64 = text(value);
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

function absolute(value: unknown, folder: string): string | undefined {
  const path = text(value);
  return path === undefined || isAbsolute(path) ? path : join(folder, path);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
