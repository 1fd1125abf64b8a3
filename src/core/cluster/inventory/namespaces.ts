import type { Api } from '../api/api.ts';
import type { ApiObject } from '../api/objects.ts';
import { NAMESPACES } from '../api/resources.ts';
import { ClusterError } from '../cluster-error.ts';

export interface NamespaceFacts {
  readonly name: string;
  readonly uid: string | undefined;
  readonly isTerminating: boolean;
}

export interface Namespaces {
  readonly namespaces: readonly NamespaceFacts[];
  /**
   * False where this user may not list them: then there are only those that are known otherwise (the context's own, and
   * those that a person has named), and nobody knows whether they exist.
   */
  readonly isComplete: boolean;
}

/** @param known names to fall back to */
export async function listNamespaces(api: Api, known: readonly string[], signal?: AbortSignal): Promise<Namespaces> {
  try {
    const found = await api.list<ApiObject & { readonly status?: { readonly phase?: string } }>(NAMESPACES, { signal });
    return {
      namespaces: found.map(({ metadata, status }) => ({
        name: metadata.name ?? '',
        uid: metadata.uid,
        isTerminating: status?.phase === 'Terminating',
      })),
      isComplete: true,
    };
  } catch (error) {
    if (!ClusterError.is(error, 'forbidden')) throw error;
    const names = [...new Set(known)].filter((name) => name !== '').sort();
    return {
      namespaces: names.map((name) => ({ name, uid: undefined, isTerminating: false })),
      isComplete: false,
    };
  }
}
