import type { Overview } from './overview.ts';

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
  /** Whose checkpoint it is, where that is known. */
  readonly container?: AcquiredContainer;
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

/** The container of a checkpoint. */
export interface AcquiredContainer {
  /** Who says so: the cluster, when the checkpoint was made, or the archive itself. */
  readonly told_by: 'cluster' | 'archive';
  readonly namespace: string;
  readonly pod: string;
  readonly pod_uid?: string;
  readonly name: string;
  readonly id?: string;
  readonly image?: string;
  readonly image_id?: string;
}

/** Characters of a name in a record: what is longer is none. */
const LONGEST_NAME = 1024;

/** Whose checkpoint an archive says that it is; undefined where it says too little. */
export function containerToldBy(archive: Pick<Overview, 'container' | 'pod' | 'image'>): AcquiredContainer | undefined {
  const named = (text: string | undefined) => (text === '' || (text?.length ?? 0) > LONGEST_NAME ? undefined : text);
  const { container, pod, image } = archive;
  const [namespace, podName, name] = [pod?.namespace, pod?.name, container.name].map(named);
  if (namespace === undefined || podName === undefined || name === undefined) return undefined;
  const [uid, id, imageName, imageId] = [pod?.uid, container.id, image?.name, image?.digest ?? image?.id].map(named);
  return {
    told_by: 'archive',
    namespace,
    pod: podName,
    ...(uid !== undefined && { pod_uid: uid }),
    name,
    ...(id !== undefined && { id }),
    ...(imageName !== undefined && { image: imageName }),
    ...(imageId !== undefined && { image_id: imageId }),
  };
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
