import type { Acquisition } from './acquisition.ts';

/** Who made the archive. `criu`: a bare image directory of CRIU, runc or crun; nobody else signed it. */
export type Engine = 'podman' | 'cri-o' | 'containerd' | 'docker' | 'criu';

/** In what the checkpoint is wrapped. */
export type Wrapping = 'archive' | 'folder' | 'oci-layout' | 'oci-archive' | 'docker-archive';

export type Compression = 'none' | 'gzip' | 'zstd';

/** The answer to "what is this, of whom, from when, and is it whole". Absent members are not known. */
export interface Overview {
  readonly engine: Engine;
  readonly engineVersion?: string;
  readonly wrapping: Wrapping;
  readonly compression: Compression;
  /** False while the archive is still being decompressed: more may become known. */
  readonly complete: boolean;
  readonly container: ContainerFacts;
  readonly pod?: PodFacts;
  readonly image?: ContainerImageFacts;
  /** OCI runtime, `runc` or `crun`; for containerd also its shim's name `io.containerd.runc.v2`. */
  readonly runtime?: string;
  /** RFC 3339 with zone. */
  readonly created?: string;
  /** RFC 3339 with zone. */
  readonly checkpointed?: string;
  /** From which fact `checkpointed` was taken: an engine's own record, or the time stamps of the archive's entries. */
  readonly checkpointedFrom?: 'engine' | 'entries';
  readonly restored?: string;
  readonly hostName?: string;
  readonly domainName?: string;
  readonly networks: readonly NetworkFacts[];
  readonly criu: CriuFacts;
  readonly sizes: SizeFacts;
  readonly statistics?: DumpStatistics;
  /** Labels and annotations, sorted by key. */
  readonly annotations: readonly KeyValue[];
  readonly labels: readonly KeyValue[];
  readonly completeness: readonly CompletenessFact[];
  /** How it was fetched from a cluster, as a record beside it says. */
  readonly acquisition?: Acquisition;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface ContainerFacts {
  readonly name?: string;
  readonly id?: string;
  /** What the container was started with, from the OCI spec. */
  readonly command?: readonly string[];
  readonly workingDirectory?: string;
  readonly user?: string;
  readonly terminal?: boolean;
  readonly logPath?: string;
  readonly restartCount?: number;
}

export interface PodFacts {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly sandboxId?: string;
}

export interface ContainerImageFacts {
  readonly name?: string;
  /** `sha256:…` of the manifest, where the engine recorded it. */
  readonly digest?: string;
  readonly id?: string;
}

export interface NetworkFacts {
  readonly network: string;
  readonly interface?: string;
  readonly addresses: readonly string[];
  readonly gateway?: string;
  readonly mac?: string;
}

export interface CriuFacts {
  /** inventory.img's img_version: 1, 2 (V1.1) or 3 (V1.2). */
  readonly imageVersion?: number;
  /** Machine of the dumped processes: `x86-64`, `aarch64`, … */
  readonly architecture?: string;
  readonly lsm?: string;
  /** Bytes of a page in the pages images; absent where no page was dumped. */
  readonly pageSize?: number;
  /** Images of memory left out because a parent dump has them. */
  readonly hasParent?: boolean;
  readonly compressedPages?: boolean;
  readonly tcpEstablished?: boolean;
  readonly plugins?: readonly string[];
  /** Host's boot-relative or wall time of the dump as CRIU recorded it, microseconds. */
  readonly dumpUptime?: bigint;
  readonly dumpCriuRunId?: string;
  /** From dump.log's first lines, engine annotations, or absent: no image holds them. */
  readonly version?: string;
  readonly kernel?: string;
}

/** Bytes. `total` is what the entries hold; `archive` is the file on disk. */
export interface SizeFacts {
  readonly archive?: number;
  readonly total: number;
  /** Everything in the image directory, what checkpointctl calls the checkpoint's size. */
  readonly imageDirectory: number;
  readonly memory: number;
  readonly rootfsDiff: number;
  /** Volumes, /dev/shm and tmpfs contents. */
  readonly volumes: number;
  readonly gpuMemory: number;
  /** CRIU images other than memory. */
  readonly images: number;
  readonly rest: number;
  readonly entries: number;
}

/** stats-dump; times in microseconds. */
export interface DumpStatistics {
  readonly freezingTime?: number;
  readonly frozenTime?: number;
  readonly memdumpTime?: number;
  readonly memwriteTime?: number;
  readonly irmapResolve?: number;
  readonly pagesScanned?: bigint;
  readonly pagesSkippedParent?: bigint;
  readonly pagesWritten?: bigint;
  readonly pagesLazy?: bigint;
  readonly pagePipes?: bigint;
  readonly pagePipeBufs?: bigint;
  readonly shpagesScanned?: bigint;
  readonly shpagesSkippedParent?: bigint;
  readonly shpagesWritten?: bigint;
}

/** One part that a checkpoint may have, and how it is here. `left-out`: the engine never writes it, or may not have. */
export interface CompletenessFact {
  readonly part: 'memory' | 'rootfs-diff' | 'volumes' | 'images' | 'log' | 'statistics' | 'metadata' | 'dump-log';
  readonly state: 'present' | 'missing' | 'damaged' | 'encrypted' | 'may-be-incomplete' | 'left-out';
  /** English sentence template with arguments, see Sentence. */
  readonly text: { readonly template: string; readonly args: readonly (string | number)[] };
}
