import { sentence } from '../../protocol/sentence.ts';
import { CheckpointError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

export type CompressionKind = 'none' | 'gzip' | 'zstd';
export type DecompressibleKind = Exclude<CompressionKind, 'none'>;

/** As many bytes of a source tell how it is compressed. */
export const SNIFF_LENGTH = 8;

/**
 * Tells by its first bytes how a source is compressed, never by its name.
 * Facts: RFC 1952 (gzip), RFC 8878 (zstd, whose files may begin with skippable frames), the xz and bzip2 file formats.
 * @throws CheckpointError `unsupported` for compressions that are known but not read
 */
export async function sniffCompression(source: ByteSource, signal?: AbortSignal): Promise<CompressionKind> {
  const bytes = await source.read(0, SNIFF_LENGTH, signal);
  const kind = compressionOf(bytes);
  if (kind !== undefined) return kind;
  for (const { magic, name, tool } of UNREAD) {
    if (!startsWith(bytes, magic)) continue;
    throw new CheckpointError(
      'unsupported',
      sentence(
        '{0} is compressed with {1}, which is not read here. Unpack it first, with: {2}',
        source.name,
        name,
        tool,
      ),
      { where: source.name },
    );
  }
  return 'none';
}

/** The kind that a member or frame with these first bytes has; undefined where they begin neither. */
export function compressionOf(bytes: Uint8Array): DecompressibleKind | undefined {
  if (startsWith(bytes, GZIP)) return 'gzip';
  if (startsWith(bytes, ZSTD) || isSkippable(bytes)) return 'zstd';
  return undefined;
}

/** ID1, ID2, and deflate, the only method there is. */
const GZIP = [0x1f, 0x8b, 0x08];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

const UNREAD = [
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], tool: 'xz -d' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], tool: 'bzip2 -d' },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], tool: 'lz4 -d' },
  { name: 'lzip', magic: [0x4c, 0x5a, 0x49, 0x50], tool: 'lzip -d' },
];

/** 0x184D2A50 to 0x184D2A5F, little-endian. */
function isSkippable(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & 0xf0) === 0x50 && bytes[1] === 0x2a && bytes[2] === 0x4d && bytes[3] === 0x18;
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}
