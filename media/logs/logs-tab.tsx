import { useEffect } from 'preact/hooks';
import { escapeText, formatSize } from '../../src/protocol/format.ts';
import type { ConfigurationFile, LogFile, LogFiles } from '../../src/protocol/logs.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Icon } from '../parts/icon.tsx';
import { ErrorState, FullState, Skeleton } from '../parts/states.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { sentenceText, t } from '../text.ts';
import { ConfigurationView } from './configuration-view.tsx';
import { LogView } from './log-view.tsx';

/** What the container and CRIU wrote, and the files that describe the container. */
export function LogsTab() {
  const session = useSession();
  const version = useStore(session.version, (count) => count);
  const chosen = useStore(session.page, (page) => page.tabs.logs.spot?.path);
  const files = useResource((signal) => session.host.logFiles(signal), 'logs', version);
  const shown = files.value && shownOf(files.value, chosen);
  const name = (shown?.log ?? shown?.file)?.name;
  // What is shown without having been chosen is a place, too: Back leads to it.
  useEffect(() => {
    if (chosen === undefined && name !== undefined) session.moveTo('logs', { path: name });
  }, [session, chosen, name]);
  if (files.error !== undefined && !files.value)
    return <ErrorState error={files.error} onLog={() => session.run(session.host.showLog())} />;
  if (!files.value) return <Skeleton />;
  if (name === undefined) {
    return (
      <FullState
        icon="output"
        text={t('This checkpoint holds no log, and no file that describes the container.')}
        detail={t('A folder of images alone has none: engines add them.')}
      />
    );
  }
  return (
    <div class="logs">
      <FileList files={files.value} shown={name} />
      <div class="log-view">
        {shown?.log && <LogView key={name} log={shown.log} />}
        {shown?.file && <ConfigurationView key={name} file={shown.file} />}
      </div>
    </div>
  );
}

/** The file that was chosen, or the first. */
function shownOf({ logs, configuration }: Wire<LogFiles>, chosen: string | undefined) {
  const log = logs.find(({ name }) => name === chosen);
  const file = configuration.find(({ name }) => name === chosen);
  if (log || file) return { log, file };
  return { log: logs[0], file: logs.length > 0 ? undefined : configuration[0] };
}

function FileList({ files, shown }: { files: Wire<LogFiles>; shown: string }) {
  return (
    <nav class="log-files" aria-label={t('Logs and configuration')}>
      <List title={t('Logs')}>
        {files.logs.map((log) => (
          <File key={log.name} name={log.name} size={log.size} icon="output" about={kindText(log)} shown={shown} />
        ))}
        {files.logs.length === 0 && <li class="muted none">{t('none in this checkpoint')}</li>}
      </List>
      <List title={t('Configuration')}>
        {files.configuration.map((file) => (
          <File key={file.name} name={file.name} size={file.size} icon="json" about={aboutText(file)} shown={shown} />
        ))}
        {files.configuration.length === 0 && <li class="muted none">{t('none in this checkpoint')}</li>}
      </List>
    </nav>
  );
}

function List({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      <ul>{children}</ul>
    </section>
  );
}

function File(props: { name: string; size: number; icon: string; about: string; shown: string }) {
  const session = useSession();
  const { name, size, icon, about, shown } = props;
  return (
    <li>
      <button
        type="button"
        class={`log-file ${name === shown ? 'shown' : ''}`}
        aria-current={name === shown}
        title={about}
        onClick={() => session.moveTo('logs', { path: name })}
      >
        <Icon name={icon} />
        <span class="name">{escapeText(name.slice(name.lastIndexOf('/') + 1))}</span>
        <span class="muted">{formatSize(size)}</span>
      </button>
    </li>
  );
}

function kindText({ kind, name }: Wire<LogFile>): string {
  switch (kind) {
    case 'container':
      return t('{0}: what the container wrote', name);
    case 'dump':
      return t('{0}: what CRIU told while it dumped', name);
    case 'restore':
      return t('{0}: what CRIU told while it restored', name);
  }
}

function aboutText({ name, about }: Wire<ConfigurationFile>): string {
  return `${escapeText(name)}: ${sentenceText(about)}`;
}
