/** What a request is about, read from its address as the API server does. */
export interface RequestInfo {
  readonly group: string;
  readonly version: string;
  readonly namespace?: string;
  readonly resource: string;
  readonly name?: string;
  readonly subresource?: string;
  /** What follows the subresource, decoded: for a proxy the path beyond it. */
  readonly rest: string;
  readonly verb: string;
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Undefined for an address that names no resource. */
export function requestInfo(method: string, url: URL): RequestInfo | undefined {
  const parts = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const [root, ...below] = parts;
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'api' ? '' : (below.shift() ?? '');
  const version = below.shift();
  if (version === undefined || below.length === 0 || below[0] === '') return undefined;
  const isNamespaced = below[0] === 'namespaces' && below.length > 2;
  const namespace = isNamespaced ? below[1] : undefined;
  const [resource = '', name, subresource, ...rest] = isNamespaced ? below.slice(2) : below;
  const isList = name === undefined || name === '';
  const verb = VERBS[method] ?? method.toLowerCase();
  const isWatch = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
  return {
    group,
    version,
    ...(namespace !== undefined && { namespace }),
    resource,
    ...(!isList && { name }),
    ...(subresource !== undefined && subresource !== '' && { subresource }),
    rest: rest.join('/'),
    verb:
      isList && verb === 'get' ? (isWatch ? 'watch' : 'list') : isList && verb === 'delete' ? 'deletecollection' : verb,
  };
}
