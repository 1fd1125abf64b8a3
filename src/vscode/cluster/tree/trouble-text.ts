import type { Translate } from '../../archives/archive-row.ts';

/** A word for the row of a context; what is wrong stands below it. */
export function stateText(reason: string, translate: Translate): string {
  switch (reason) {
    case 'unreachable':
      return translate('unreachable');
    case 'timeout':
      return translate('does not answer');
    case 'unauthorized':
    case 'credentials':
      return translate('not logged in');
    case 'forbidden':
      return translate('forbidden');
    case 'tls':
      return translate('not trusted');
    case 'untrusted':
      return translate('restricted');
    case 'bad-kubeconfig':
      return translate('bad kubeconfig');
    default:
      return translate('not available');
  }
}

/** What is wrong in two or three words, where a failure has none of its own; its sentence follows them. */
export function headline(reason: string, translate: Translate): string {
  switch (reason) {
    case 'unreachable':
      return translate('Unreachable');
    case 'timeout':
      return translate('No answer');
    case 'unauthorized':
      return translate('Not logged in');
    case 'credentials':
      return translate('Login failed');
    case 'forbidden':
      return translate('Not allowed');
    case 'tls':
      return translate('Not trusted');
    case 'untrusted':
      return translate('Restricted');
    case 'no-kubeconfig':
    case 'not-found':
      return translate('Not there');
    case 'bad-kubeconfig':
      return translate('Bad kubeconfig');
    case 'unreadable':
      return translate('Cannot be read');
    case 'too-large':
      return translate('Too large');
    case 'changed':
      return translate('Out of date');
    case 'rejected':
      return translate('Refused');
    case 'cancelled':
      return translate('Cancelled');
    case 'unavailable':
      return translate('Not available');
    default:
      return translate('Unexpected');
  }
}
