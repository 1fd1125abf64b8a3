/** What a kubelet's archive is called after: `checkpoint-POD_NAMESPACE-CONTAINER-TIME.tar`. */
export interface ArchiveName {
  readonly pod: string;
  /**
   * Namespace and container, with the hyphen between them: where one of the two has hyphens itself, the name does not
   * say where they meet. What is in the archive does.
   */
  readonly namespaceAndContainer: string;
  /** RFC 3339, by the node's clock, to the second. */
  readonly time: string;
}

/** A checkpoint archive on a node. */
export interface NodeArchive {
  /** In its folder. */
  readonly name: string;
  /** On the node. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Of its last change, RFC 3339, by the node's clock. */
  readonly modified: string;
  /** Tells a file from another that took its name. */
  readonly inode: string;
  /** Undefined for what no kubelet named. */
  readonly named: ArchiveName | undefined;
}

export interface NodeArchives {
  readonly archives: readonly NodeArchive[];
  /** Bytes that are left where they are; undefined where the node does not tell. */
  readonly free: number | undefined;
  /** The node's clock, RFC 3339. */
  readonly time: string;
}

const NAME = /^checkpoint-([a-z0-9.-]+)_([a-z0-9-]+)-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))\.tar$/;

export function readArchiveName(name: string): ArchiveName | undefined {
  const [, pod, namespaceAndContainer, time] = NAME.exec(name) ?? [];
  if (pod === undefined || namespaceAndContainer === undefined || time === undefined) return undefined;
  return { pod, namespaceAndContainer, time };
}

/** Whether an archive is called as one of this container would be. */
export function isOf(
  { named }: NodeArchive,
  { namespace, pod, container }: { readonly namespace: string; readonly pod: string; readonly container: string },
): boolean {
  return named?.pod === pod && named.namespaceAndContainer === `${namespace}-${container}`;
}
