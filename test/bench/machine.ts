import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { outputOf } from './children.ts';
import { formatBytes } from './report.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: number;
  readonly kernel: string;
  readonly node: string;
  /** What ran beside the bench when it began: processes that wanted a core, over the last minute. */
  readonly load: number;
  /** The peers that are here, each with its version. */
  readonly peers: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const versions = {
    zstd: /v(\d[\d.]*)/.exec(outputOf('zstd', ['--version']) ?? '')?.[1],
    gzip: /gzip (\d[\d.]*)/.exec(outputOf('gzip', ['--version']) ?? '')?.[1],
    checkpointctl: outputOf('checkpointctl', ['--version'])?.trim().split(/\s+/).at(-1),
  };
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    memory: totalmem(),
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? 0,
    peers: Object.fromEntries(
      Object.entries(versions).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
  };
}

export function machineLines(machine: Machine): string[] {
  const peers = Object.entries(machine.peers).map(([name, version]) => `${name} ${version}`);
  return [
    `Node ${machine.node}, ${machine.cores} × ${machine.cpu}, ${formatBytes(machine.memory)}, kernel ${machine.kernel}`,
    `Beside it: ${peers.length > 0 ? peers.join(', ') : 'no peer is on this machine'}`,
    ...(machine.load > machine.cores / 2
      ? [`The machine is busy (load ${machine.load.toFixed(1)}): times in milliseconds will be too long, ratios hold.`]
      : []),
  ];
}
