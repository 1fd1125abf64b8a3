import { apiVersionOf, type Kind } from './kube.ts';

/** What there is to ask for: undefined for an address that is not about that. */
export function discover(path: string, kinds: readonly Kind[]): object | undefined {
  const parts = path.replace(/\/$/, '').split('/').slice(1);
  const groups = [...new Set(kinds.map(({ group }) => group))].filter((group) => group !== '');
  switch (parts.length) {
    case 1:
      if (parts[0] === 'api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
      if (parts[0] === 'apis')
        return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((name) => groupOf(name, kinds)) };
      if (parts[0] === 'version') return { major: '1', minor: '36', gitVersion: 'v1.36.2', platform: 'linux/amd64' };
      return undefined;
    case 2:
      if (parts[0] === 'api' && parts[1] === 'v1')
        return resourceList(
          'v1',
          kinds.filter(({ group }) => group === ''),
        );
      if (parts[0] !== 'apis' || !groups.includes(parts[1] ?? '')) return undefined;
      return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(parts[1] ?? '', kinds) };
    case 3: {
      const inside = kinds.filter(
        ({ group, version }) => parts[0] === 'apis' && group === parts[1] && version === parts[2],
      );
      return inside.length === 0 ? undefined : resourceList(`${parts[1] ?? ''}/${parts[2] ?? ''}`, inside);
    }
    default:
      return undefined;
  }
}

function groupOf(name: string, kinds: readonly Kind[]): object {
  const versions = [...new Set(kinds.filter(({ group }) => group === name).map(({ version }) => version))].map(
    (version) => ({ groupVersion: `${name}/${version}`, version }),
  );
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(groupVersion: string, kinds: readonly Kind[]): object {
  const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: kinds.flatMap((kind) => [
      {
        name: kind.plural,
        singularName: kind.kind.toLowerCase(),
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs,
        ...(apiVersionOf(kind) === groupVersion ? {} : { version: kind.version }),
      },
      ...(kind.subresources ?? []).map((name) => ({
        name: `${kind.plural}/${name}`,
        singularName: '',
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: ['create', 'get'],
      })),
    ]),
  };
}
