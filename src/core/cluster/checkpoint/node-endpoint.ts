import { encoded } from '../api/resources.ts';
import type { Transport } from '../connection/transport.ts';

/**
 * The way to a node's kubelet: through the API server, which speaks to it in its own name, or straight to its own
 * address, where it looks itself at who asks.
 */
export interface NodeEndpoint {
  readonly node: string;
  readonly via: 'api-server' | 'kubelet';
  readonly transport: Transport;
  /** Address of something on the kubelet, its parts encoded. */
  path(...parts: readonly string[]): string;
}

export function throughApiServer(transport: Transport, node: string): NodeEndpoint {
  return {
    node,
    via: 'api-server',
    transport,
    path: (...parts) => `/api/v1/nodes/${encoded(node)}/proxy/${parts.map(encoded).join('/')}`,
  };
}

export function straightToKubelet(transport: Transport, node: string): NodeEndpoint {
  return { node, via: 'kubelet', transport, path: (...parts) => `/${parts.map(encoded).join('/')}` };
}
