import type { Api } from '../api/api.ts';
import { CheckpointError } from '../../errors.ts';

/** Something that one may be allowed to do. */
export interface Action {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly group?: string;
  readonly namespace?: string;
  /** One object; undefined: any. */
  readonly name?: string;
}

const REVIEWS = { group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectaccessreviews' } as const;

/**
 * Whether this user may do something; undefined where the server does not say. The server's word is about its rules:
 * webhooks and admission may still refuse.
 */
export async function mayDo(api: Api, action: Action, signal?: AbortSignal): Promise<boolean | undefined> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: action },
  };
  try {
    const { status } = await api.create<{ readonly status?: { readonly allowed?: boolean } }>(REVIEWS, review, {
      signal,
    });
    return status?.allowed === true;
  } catch (error) {
    // Somebody without a name is told nothing.
    if (CheckpointError.is(error, 'forbidden') || CheckpointError.is(error, 'not-found')) return undefined;
    throw error;
  }
}

/** What a checkpoint through the API server takes. */
export function mayCheckpoint(api: Api, node: string, signal?: AbortSignal): Promise<boolean | undefined> {
  return mayDo(api, { verb: 'create', resource: 'nodes', subresource: 'proxy', name: node }, signal);
}

const WHO = { group: 'authentication.k8s.io', version: 'v1', plural: 'selfsubjectreviews' } as const;

/** The name by which the API server knows this user; undefined where it does not say (before Kubernetes 1.28). */
export async function whoAmI(api: Api, signal?: AbortSignal): Promise<string | undefined> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  try {
    const { status } = await api.create<{ readonly status?: { readonly userInfo?: { readonly username?: string } } }>(
      WHO,
      review,
      { signal },
    );
    return status?.userInfo?.username;
  } catch (error) {
    if (CheckpointError.is(error, 'forbidden') || CheckpointError.is(error, 'not-found')) return undefined;
    throw error;
  }
}
