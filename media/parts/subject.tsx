import { escapeText } from '../../src/protocol/format.ts';
import { focusContent } from '../focus.ts';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { IconButton } from './icon.tsx';

/** The process that all tabs are about, with the way back to all processes. */
export function SubjectChip() {
  const session = useSession();
  const subject = useStore(session.page, (page) => page.subject);
  const version = useStore(session.version, (count) => count);
  const name = useResource(
    subject === undefined ? undefined : (signal) => session.host.processName(subject, signal),
    String(subject),
    version,
  );
  if (subject === undefined) return null;
  const show = () => {
    session.go({ tab: 'processes', row: String(subject), pid: subject });
    // The chip stays: without this the keyboard would stay on it.
    requestAnimationFrame(focusContent);
  };
  const known = name.key === String(subject) ? name.value : undefined;
  const text =
    known === undefined || known === null ? t('pid {0}', subject) : t('pid {0} {1}', subject, escapeText(known));
  return (
    <span class="subject-chip" role="group" aria-label={t('The process that all tabs are about')}>
      <button
        type="button"
        class="name"
        title={t('All tabs show what concerns this process. Click to see it.')}
        onClick={show}
      >
        {text}
      </button>
      <IconButton icon="close" label={t('Show all processes again')} onClick={() => session.choose(undefined)} />
    </span>
  );
}
