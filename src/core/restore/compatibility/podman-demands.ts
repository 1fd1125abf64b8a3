import { asArray, asObject, asText, asTexts, at, type Json, type JsonObject } from '../../checkpoint/json.ts';

/** Of lists that hold more. */
const MOST = 20;

/** Members that name something of the host, or another container of it. Source: libpod, container_config.go. */
const NAMES = [
  'rootfs',
  'baseHostsFile',
  'sdnotifySocket',
  'ipcNsCtr',
  'mountNsCtr',
  'netNsCtr',
  'pidNsCtr',
  'userNsCtr',
  'utsNsCtr',
  'cgroupNsCtr',
] as const;

/** Lists, and what of each item names it. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  // Podman up to 3 runs it on the host when the container ends.
  exitCommand: [],
  overlayVolumes: ['source'],
  ctrImageVolumes: ['source'],
  artifactVolumes: ['source'],
  secrets: ['name'],
  cdiDevices: [],
  gpus: [],
  device_host_src: ['path'],
  HostUsers: [],
};

/** Files that Podman writes where the archive says, unless they lie where it keeps its own. Source: libpod, runtime_ctr.go. */
const WRITTEN = ['conmonPidFile', 'pid_file'] as const;
const OWN = /^(?:\/var)?\/run\/containers\/storage\/(?!.*(?:^|\/)\.\.(?:\/|$))/;

/**
 * What Podman would take, beyond the OCI spec, out of its own description of the container: `rootfs=/`. It believes an
 * archive all of it.
 */
export function demandsOfPodman(config: JsonObject | undefined): readonly string[] {
  const texts = (name: string): readonly string[] => {
    const text = asText(at(config, name));
    return text === undefined ? [] : [text];
  };
  const timezone = texts('timezone').filter((name) => name.startsWith('/') || name.split('/').includes('..'));
  return [
    ...NAMES.flatMap((name) => named(name, texts(name))),
    ...WRITTEN.flatMap((name) =>
      named(
        name,
        texts(name).filter((path) => !OWN.test(path)),
      ),
    ),
    // A file of the host, below the zones of time.
    ...named('timezone', timezone),
    ...Object.entries(LISTS).flatMap(([name, keys]) => named(name, itemsOf(at(config, name), keys))),
    ...named('secret_env', Object.keys(asObject(at(config, 'secret_env')) ?? {})),
    ...named('storageOpts', Object.keys(asObject(at(config, 'storageOpts')) ?? {})),
    ...(at(config, 'mountAllDevices') === true ? ['mountAllDevices'] : []),
  ];
}

/** Undefined where Podman leaves a container that ended alone. */
export function restartPolicyOf(config: JsonObject | undefined): string | undefined {
  const policy = asText(at(config, 'restart_policy'));
  return policy === 'no' ? undefined : policy;
}

export function hasHealthCheck(config: JsonObject | undefined): boolean {
  return ['healthcheck', 'startupHealthCheck'].some((name) => {
    const [kind] = asTexts(at(config, name, 'Test'));
    return kind !== undefined && kind !== 'NONE';
  });
}

function itemsOf(list: Json | undefined, keys: readonly string[]): readonly string[] {
  return asArray(list).map((item) => asText(keys.length === 0 ? item : at(item, ...keys)) ?? '?');
}

function named(name: string, values: readonly string[]): readonly string[] {
  return values.slice(0, MOST).map((value) => `${name}=${value.slice(0, 300)}`);
}
