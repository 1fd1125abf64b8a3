/** What a kubeconfig holds, as far as this program uses it. Paths are absolute. */

export interface ClusterEntry {
  readonly name: string;
  /** URL with its scheme, or empty. May hold a name and a password: never show it, see `hostOf`. */
  readonly server: string;
  /** PEM, decoded. Wins over `caFile`. */
  readonly caData?: Buffer;
  readonly caFile?: string;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName?: string;
  readonly proxyUrl?: string;
  readonly disableCompression: boolean;
  /** What the cluster entry holds for credential plugins (extension `client.authentication.k8s.io/exec`). */
  readonly pluginConfig?: unknown;
}

/** A credential plugin: a command that prints an ExecCredential. */
export interface PluginEntry {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly installHint?: string;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
}

export interface Impersonation {
  /** Empty: not said, which nobody may ask with. */
  readonly user: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface UserEntry {
  readonly name: string;
  readonly token?: string;
  /** Wins over `token` while it can be read. */
  readonly tokenFile?: string;
  /** PEM, decoded. Each wins over its file. */
  readonly certificateData?: Buffer;
  readonly certificateFile?: string;
  readonly keyData?: Buffer;
  readonly keyFile?: string;
  readonly basic?: { readonly username: string; readonly password: string };
  readonly impersonate?: Impersonation;
  readonly plugin?: PluginEntry;
  /** An `auth-provider` (OIDC and the older ones of clouds), as it stands: the client library understands it. */
  readonly authProvider?: { readonly name: string; readonly config: Readonly<Record<string, unknown>> };
}

export interface ContextEntry {
  readonly name: string;
  readonly cluster: string;
  /** Empty: without credentials. */
  readonly user: string;
  readonly namespace?: string;
  /** The file that it stands in. */
  readonly file: string;
}

/** What one kubeconfig file holds, in its order. */
export interface KubeconfigFile {
  readonly path: string;
  readonly currentContext?: string;
  readonly clusters: readonly ClusterEntry[];
  readonly users: readonly UserEntry[];
  readonly contexts: readonly ContextEntry[];
}

/** Whether a server is spoken to without TLS: what is said can be read on its way, and anybody may answer. */
export function isPlainHttp(server: string): boolean {
  return server.startsWith('http:');
}
