import type { Api } from '../../../core/cluster/api/api.ts';
import type { Pod } from '../../../core/cluster/api/objects.ts';
import { PODS } from '../../../core/cluster/api/resources.ts';
import { describePod, type PodFacts } from '../../../core/cluster/inventory/pods.ts';
import { LiveList } from './live-list.ts';
import type { PodFilter } from './pod-filter.ts';

export interface PodListOptions {
  readonly namespace: string;
  readonly pageSize: number;
  readonly filter: PodFilter;
}

/** The pods of a namespace that a filter lets through. */
export class PodList extends LiveList<Pod, PodFacts> {
  constructor(api: Api, { namespace, pageSize, filter }: PodListOptions, onChanged: (name?: string) => void) {
    super(
      api,
      {
        resource: PODS,
        namespace,
        labelSelector: filter.labelSelector,
        pageSize,
        describe: describePod,
        ...(filter.isTextual && { matches: (pod: PodFacts) => filter.matches(pod) }),
      },
      onChanged,
    );
  }

  /** Of those that were read, in the order of their names. */
  get pods(): readonly PodFacts[] {
    return this.items;
  }
}
