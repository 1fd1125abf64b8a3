/** A checkpoint as a container image (OCI image-spec 1.1), as it crosses between who reads archives and who sends them. */

/** What a manifest says of something. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…` of the bytes. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

export interface LayerFacts extends Descriptor {
  /** `sha256:…` of the tar in it. */
  readonly diffId: string;
}

/** A small document of an image, and how it is referred to. */
export interface Blob extends Descriptor {
  readonly bytes: Uint8Array;
}

/** Everything of an image but its layer. */
export interface ImageDocuments {
  readonly layer: LayerFacts;
  readonly config: Blob;
  readonly manifest: Blob;
  readonly annotations: Readonly<Record<string, string>>;
}

/** How far an image is, in bytes of what is read for it. */
export interface ImageProgress {
  /** As whoever asked for it called it. */
  readonly job: string;
  readonly done: number;
  /** Absent where nobody knows yet. */
  readonly total?: number;
}

/** The bytes of an archive, open for who has no other way to them. */
export interface ArchiveFacts {
  readonly id: number;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}
