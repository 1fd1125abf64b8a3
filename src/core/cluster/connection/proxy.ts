import { BlockList, isIP } from 'node:net';
import { sentence } from '../../../protocol/sentence.ts';
import { ClusterError } from '../cluster-error.ts';

/** The scheme decides how it is asked for a connection. */
export interface Proxy {
  readonly scheme: 'http' | 'https' | 'socks5';
  readonly host: string;
  readonly port: number;
  readonly credentials?: { readonly username: string; readonly password: string };
}

const PORTS = { http: 80, https: 443, socks5: 1080 } as const;

/**
 * The proxy on the way to a server: the cluster's own `proxy-url`, else HTTPS_PROXY or HTTP_PROXY unless NO_PROXY names
 * the server, as kubectl has it.
 * @throws ClusterError `bad-kubeconfig` for an address that is none
 */
export function proxyFor(server: URL, proxyUrl: string | undefined, environment: NodeJS.ProcessEnv): Proxy | undefined {
  if (proxyUrl !== undefined) return parseProxy(proxyUrl);
  const chosen =
    server.protocol === 'https:' ? variable(environment, 'HTTPS_PROXY') : variable(environment, 'HTTP_PROXY');
  if (chosen === undefined || isExempt(server, variable(environment, 'NO_PROXY') ?? '')) return undefined;
  return parseProxy(chosen);
}

function variable(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name] ?? environment[name.toLowerCase()];
  return value === undefined || value === '' ? undefined : value;
}

function parseProxy(address: string): Proxy {
  try {
    const url = new URL(address.includes('://') ? address : `http://${address}`);
    const scheme = url.protocol.replace(/:$/, '').replace(/^socks5h$|^socks$/, 'socks5');
    if (scheme === 'http' || scheme === 'https' || scheme === 'socks5') {
      const username = decodeURIComponent(url.username);
      return {
        scheme,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? PORTS[scheme] : Number(url.port),
        ...(username !== '' && { credentials: { username, password: decodeURIComponent(url.password) } }),
      };
    }
  } catch {
    // Said below, without the address: it may hold a password.
  }
  throw new ClusterError(
    'bad-kubeconfig',
    sentence(
      'The address of the proxy (proxy-url in the kubeconfig, or HTTPS_PROXY) cannot be used: it must begin with http://, https:// or socks5://.',
    ),
  );
}

/** By the rules of Go's net/http: this machine is never reached through a proxy; `example.com` means its subdomains too. */
function isExempt(server: URL, list: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = server.port === '' ? (server.protocol === 'https:' ? '443' : '80') : server.port;
  const family = isIP(host);
  if (host === 'localhost' || host === '::1' || (family === 4 && host.startsWith('127.'))) return true;
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry === '*' || (entry !== '' && matches(entry, host, port, family)));
}

function matches(entry: string, host: string, port: string, family: number): boolean {
  const [, network, bits] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (network !== undefined && bits !== undefined) return family !== 0 && contains(network, Number(bits), host, family);
  const [, name = entry, onlyPort] = isIP(entry) === 0 ? (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []) : [];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (family !== 0) return name.replace(/^\[|\]$/g, '') === host;
  const domain = name.replace(/^\*/, '');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function contains(network: string, bits: number, host: string, family: number): boolean {
  try {
    const type = family === 4 ? 'ipv4' : 'ipv6';
    const block = new BlockList();
    block.addSubnet(network, bits, type);
    return block.check(host, type);
  } catch {
    return false;
  }
}
