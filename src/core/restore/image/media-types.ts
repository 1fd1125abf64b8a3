import type { Compression } from '../../../protocol/overview.ts';

/** Source of the names: OCI image-spec 1.1, "Media Types". */
export const INDEX = 'application/vnd.oci.image.index.v1+json';
export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const CONFIG = 'application/vnd.oci.image.config.v1+json';

/** Docker's own forms, which older registries and engines still give. Source: distribution, "Image Manifest V 2, Schema 2". */
export const DOCKER_INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** An archive is a layer as it is: containers/image and containerd unpack all three kinds. */
export const LAYER: Readonly<Record<Compression, string>> = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};
