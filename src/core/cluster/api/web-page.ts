import { sentence } from '../../../protocol/sentence.ts';
import { hostOf } from '../../secrets.ts';
import { brief, ClusterError } from '../cluster-error.ts';
import type { Peer } from '../connection/failure.ts';

/** Neither an API server nor a kubelet writes web pages: a proxy, a gateway or a login page did. */
export function isWebPage(contentType: string): boolean {
  return contentType === 'text/html' || contentType === 'application/xhtml+xml';
}

/** What a page says, in a line: its title, or else its words. */
export function wordsOf(page: string): string {
  const [, title = ''] = /<title[^>]{0,200}>([^<]{1,500})/i.exec(page) ?? [];
  const words =
    title.trim() === '' ? page.replace(/<(style|script)\b[\s\S]*?(?:<\/\1|$)/gi, ' ').replace(/<[^>]*>?/g, ' ') : title;
  const line = words.replace(/\s+/g, ' ').trim().slice(0, 500);
  return line === '' ? 'a web page' : line;
}

/** Who answered was not who was asked. */
export function otherAnswered({ name, address }: Peer, status: number, said: string): ClusterError {
  return new ClusterError(
    'unavailable',
    sentence(
      'Something on the way to {0} at {1} answered in its place, such as a proxy or a login page ({2}): {3}. Check the address in the kubeconfig, the VPN and the proxy.',
      name,
      address,
      status,
      said,
    ),
    {
      brief: brief(sentence('Not the cluster'), sentence('“{0}” ({1}), says something on the way', said, status)),
      status,
      said,
      where: name,
      isPassing: status >= 500,
    },
  );
}

/** API servers answer themselves. */
export function sentElsewhere({ name, address }: Peer, status: number, location: string | undefined): ClusterError {
  const where = hostOf(location ?? '');
  return new ClusterError(
    'unavailable',
    sentence(
      '{0} at {1} sends on to {2} instead of answering, as a proxy or a login page does, and not an API server. Check the address in the kubeconfig.',
      name,
      address,
      where === '?' ? address : where,
    ),
    {
      brief: brief(sentence('Not the cluster'), sentence('sent on to {0}', where === '?' ? address : where)),
      status,
      where: name,
    },
  );
}
