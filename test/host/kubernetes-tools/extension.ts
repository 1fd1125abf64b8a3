/**
 * Stands beside the extension in the tests as Microsoft's Kubernetes extension would: its view with rows of its shape,
 * and its programming interface as far as it tells which kubeconfig it shows. Shapes by its source, version 1.4.1
 * (clusterexplorer/node.resource.ts, explorer.ts, kubectlUtils.ts, api/contract/api.ts, configuration/v1.ts).
 */
import * as vscode from 'vscode';

interface Kind {
  readonly displayName: string;
  readonly manifestKind: string;
  readonly abbreviation: string;
  readonly apiName?: string;
}

const POD: Kind = { displayName: 'Pod', manifestKind: 'Pod', abbreviation: 'pod', apiName: 'pods' };

/** A row of its tree. The namespace is a getter of the class there, too. */
export class ResourceNode {
  readonly nodeCategory = 'kubernetes-explorer-node';
  readonly nodeType = 'resource';
  readonly kindName: string;
  readonly kind: Kind;
  readonly name: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly extraInfo: { readonly podInfo: { readonly nodeName: string } };

  constructor(kind: Kind, name: string, namespace: string, nodeName: string) {
    this.kind = kind;
    this.name = name;
    this.kindName = `${kind.abbreviation}/${name}`;
    this.metadata = { name, namespace };
    this.extraInfo = { podInfo: { nodeName } };
  }

  get namespace(): string {
    return this.metadata.namespace;
  }

  getTreeItem(): vscode.TreeItem {
    const item = new vscode.TreeItem(this.name, vscode.TreeItemCollapsibleState.Collapsed);
    item.contextValue = `vsKubernetes.resource.${this.kind.abbreviation}`;
    if (this.kind.apiName !== undefined) item.contextValue += 'k8s-watchable';
    return item;
  }
}

/** What a test drives, beside what the real one returns. */
export interface KubernetesTools {
  get(component: string, version: string): { readonly available: boolean; readonly api?: unknown };
  show(kubeconfig: string): void;
  pod(namespace: string, name: string, node?: string): ResourceNode;
}

/** Set by a test before the start, which takes as long as this: the kubeconfig that is shown at first. */
export interface Start {
  kubernetesToolsStart?: Promise<string>;
}

export async function activate(): Promise<KubernetesTools> {
  let hostPath = (await (globalThis as Start).kubernetesToolsStart) ?? '';
  return {
    get: (component, version) =>
      component === 'configuration' && version === 'v1'
        ? { available: true, api: { getKubeconfigPath: () => ({ pathType: 'host', hostPath }) } }
        : { available: false },
    show: (kubeconfig) => (hostPath = kubeconfig),
    pod: (namespace, name, node = 'node-1') => new ResourceNode(POD, name, namespace, node),
  };
}
