/**
 * How an archive was fetched from a cluster: a small JSON file beside it, `ARCHIVE.acquisition.json`, for whoever has to
 * tell later where the evidence is from. Its keys are read by other programs, too. It holds no credential.
 */
export interface Acquisition {
  readonly format: 'checkpoint-explorer/acquisition';
  readonly version: 1;
  readonly archive: {
    /** File name, as it was written. */
    readonly name: string;
    readonly size: number;
    /** Computed here and on the node, and equal. */
    readonly sha256: string;
  };
  readonly source: {
    readonly context: string;
    /** `HOST:PORT` of the API server. */
    readonly server: string;
    readonly node: string;
    /** On the node. */
    readonly path: string;
    /** Of the file's last change, RFC 3339, by the node's clock. */
    readonly modified: string;
  };
  /** Who fetched it. */
  readonly user: {
    /** The kubeconfig's user entry. */
    readonly kubeconfig: string;
    /** As the API server knows them; absent where it does not say. */
    readonly cluster?: string;
    /** On this machine. */
    readonly local: string;
  };
  /** The container, where it was known when the archive was fetched. */
  readonly container?: {
    readonly namespace: string;
    readonly pod: string;
    readonly pod_uid?: string;
    readonly name: string;
    readonly id?: string;
    readonly image?: string;
    readonly image_id?: string;
  };
  /** When, RFC 3339, on both clocks: the node's may be wrong. */
  readonly started: { readonly local: string; readonly node: string };
  readonly finished: { readonly local: string };
  readonly transfer: {
    readonly helper: { readonly namespace: string; readonly pod: string; readonly image: string };
    /** The commands that were run on the node. */
    readonly commands: readonly string[];
    /** Times that the connection broke off and the rest was fetched on another. */
    readonly resumed: number;
  };
  readonly tool: { readonly name: string; readonly version: string; readonly platform: string };
}

/** What the record of an archive is called. */
export function acquisitionName(archive: string): string {
  return `${archive}.acquisition.json`;
}

/** Reads a record; undefined for what is none. */
export function parseAcquisition(text: string): Acquisition | undefined {
  try {
    const value = JSON.parse(text) as Partial<Acquisition> | null;
    const { format, version, archive, source, user, started, finished } = value ?? {};
    const texts = [archive?.sha256, source?.context, source?.server, source?.node, source?.path, user?.local];
    const isWhole = [...texts, started?.local, started?.node, finished?.local].every((one) => typeof one === 'string');
    return isWhole && format === 'checkpoint-explorer/acquisition' && version === 1
      ? (value as Acquisition)
      : undefined;
  } catch {
    return undefined;
  }
}
