import * as vscode from 'vscode';
import { straightToKubelet, throughApiServer, type NodeEndpoint } from '../../core/cluster/checkpoint/node-endpoint.ts';
import { ClusterError } from '../../core/cluster/cluster-error.ts';
import { connectToKubelet, lookAtKubelet, type KubeletAddress } from '../../core/cluster/connection/kubelet.ts';
import type { CertificateFacts } from '../../core/cluster/connection/tls.ts';
import type { Transport } from '../../core/cluster/connection/transport.ts';
import type { NodeFacts } from '../../core/cluster/inventory/nodes.ts';
import { sentence } from '../../protocol/sentence.ts';
import { Disposable, onDispose } from '../disposable.ts';
import type { ClusterMemory } from './cluster-memory.ts';
import { clusterSettings, type KubeletAccess } from './cluster-settings.ts';
import type { Connection, Connections } from './connections.ts';

/**
 * The way to a node's kubelet: through the API server, or straight to its own address where a setting says so or the
 * person chose that after the API server had refused. Its certificate is known by a fingerprint that a person has seen.
 */
export class Kubelets extends Disposable {
  readonly #connections: Connections;
  readonly #memory: ClusterMemory;
  readonly #transports = new Map<string, Transport>();
  /** `CONTEXT/NODE` of kubelets that the person wants to be asked themselves, until the window closes. */
  readonly #chosen = new Set<string>();

  constructor(connections: Connections, memory: ClusterMemory) {
    super();
    this.#connections = connections;
    this.#memory = memory;
    this.own(
      onDispose(() => {
        for (const transport of this.#transports.values()) transport.close();
      }),
    );
  }

  /** Whether a node's kubelet is asked itself. */
  isDirect(context: string, node: string): boolean {
    return this.#chosen.has(`${context}/${node}`) || clusterSettings.kubelet(context, node) !== undefined;
  }

  /** Asks this kubelet itself from now on. */
  choose(context: string, node: string): void {
    this.#chosen.add(`${context}/${node}`);
  }

  /** It refused, too: the next time the API server is asked again, which may have come to allow it. */
  refused(context: string, node: string): void {
    this.#chosen.delete(`${context}/${node}`);
  }

  /** @throws ClusterError `unreachable`, `tls`; CheckpointError `cancelled` where the person does not trust it */
  async endpoint({ cluster }: Connection, node: NodeFacts): Promise<NodeEndpoint> {
    if (!this.isDirect(cluster.name, node.name)) return throughApiServer(cluster.api.transport, node.name);
    const access = clusterSettings.kubelet(cluster.name, node.name) ?? {};
    const address = addressOf(node, access);
    const fingerprint = await this.#trusted(address);
    const key = JSON.stringify([cluster.name, address, access, fingerprint]);
    const known = this.#transports.get(key);
    if (known) return straightToKubelet(known, node.name);
    const resolved = (await this.#connections.kubeconfig()).resolve(cluster.name);
    const { clientCertificate, clientKey } = access;
    const transport = connectToKubelet(resolved, address, {
      allowPlugins: vscode.workspace.isTrusted,
      fingerprint,
      ...(clientCertificate !== undefined &&
        clientKey !== undefined && { identity: { certificateFile: clientCertificate, keyFile: clientKey } }),
    });
    this.#transports.set(key, transport);
    return straightToKubelet(transport, node.name);
  }

  /**
   * What a person has accepted of this address, or accepts now. It is looked at each time: kubelets renew their
   * certificates, and only a person can say whether it is that.
   */
  async #trusted(address: KubeletAddress): Promise<string> {
    const at = `${address.host}:${String(address.port)}`;
    const pinned = this.#memory.fingerprint(at);
    const facts = await lookAtKubelet(address);
    if (pinned === facts.fingerprint) return pinned;
    const accept = vscode.l10n.t('Trust This Certificate');
    const title =
      pinned === undefined
        ? vscode.l10n.t('Trust the kubelet at {0}?', at)
        : vscode.l10n.t('The kubelet at {0} shows another certificate. Trust it?', at);
    const detail = certificateDetail(address.node, facts, pinned);
    const chosen = await vscode.window.showWarningMessage(title, { modal: true, detail }, accept);
    if (chosen !== accept) throw new vscode.CancellationError();
    await this.#memory.pinFingerprint(at, facts.fingerprint);
    return facts.fingerprint;
  }
}

/** What a person needs to know to decide. @param pinned what was accepted before */
function certificateDetail(
  node: string,
  { fingerprint, subject, validTo }: CertificateFacts,
  pinned: string | undefined,
): string {
  return [
    pinned === undefined
      ? vscode.l10n.t('It should be node {0}, but no authority that is known here has signed its certificate.', node)
      : vscode.l10n.t(
          'It should be node {0}, and its certificate is not the one that was accepted before. Kubelets renew theirs; if this one did not, somebody else may be answering.',
          node,
        ),
    '',
    `SHA-256: ${fingerprint}`,
    ...(pinned === undefined ? [] : [vscode.l10n.t('Accepted before: {0}', pinned)]),
    vscode.l10n.t('Subject: {0}', subject),
    vscode.l10n.t('Valid until: {0}', validTo),
    '',
    vscode.l10n.t(
      'Compare the fingerprint with that on the node (openssl x509 -in /var/lib/kubelet/pki/kubelet.crt -noout -fingerprint -sha256). From then on only this certificate is accepted.',
    ),
  ].join('\n');
}

function addressOf(node: NodeFacts, { address }: KubeletAccess): KubeletAddress {
  const [, host = address, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(address ?? '') ?? [];
  const chosen = host !== undefined && host !== '' ? host.replace(/^\[|\]$/g, '') : node.address;
  if (chosen === undefined) {
    throw new ClusterError(
      'not-found',
      sentence('{0} reports no address of its own. Name one in the setting checkpointExplorer.kubelets.', node.name),
    );
  }
  return { node: node.name, host: chosen, port: port === undefined ? node.kubeletPort : Number(port) };
}
