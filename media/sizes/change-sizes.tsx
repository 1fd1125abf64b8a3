import { useState } from 'preact/hooks';
import { escapeText, formatSize } from '../../src/protocol/format.ts';
import type { SizePart, SizePicture } from '../../src/protocol/size-picture.ts';
import { ChangeDetailPane } from '../detail/change.tsx';
import { Split } from '../parts/split.tsx';
import { ErrorState, FullState } from '../parts/states.tsx';
import { TEXT_MENU } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { t, tn } from '../text.ts';
import { SizeView } from './size-view.tsx';

/** Which changed files take the room, folder by folder, with what is known of the chosen one beside it. */
export function ChangeSizes(props: {
  /** Row of the folder that is looked into; the top where it is undefined. */
  folder: string | undefined;
  onFolder: (folder: string | undefined) => void;
}) {
  const { folder, onFolder } = props;
  const session = useSession();
  const share = useStore(session.page, (page) => page.split);
  const filter = useStore(session.page, (page) => page.grids.changes.filter);
  const version = useStore(session.version, (count) => count);
  const key = `${filter}\n${folder ?? ''}`;
  const sizes = useResource((signal) => session.host.changeSizes(filter, folder, signal), key, version);
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  if (!sizes.value) {
    if (sizes.error === undefined) return null;
    return <ErrorState error={sizes.error} onLog={() => session.run(session.host.showLog())} />;
  }
  const picture = sizes.value;
  if (picture.bytes === 0) return <NoBytes filter={filter} />;
  const choose = ({ id }: SizePart) => {
    if (id === chosen) return;
    setChosen(id);
    session.run(session.grids.changes.reveal(id));
  };
  const open = ({ isFolder, id, path }: SizePart) => {
    if (isFolder) onFolder(id);
    else if (path !== undefined) session.run(session.host.openFile(path));
  };
  return (
    <Split
      share={share}
      onShare={(split) => session.page.set({ ...session.page.get(), split })}
      first={
        <>
          <Trail picture={picture} onFolder={onFolder} />
          <SizeView
            picture={picture}
            chosen={chosen}
            onChoose={choose}
            onOpen={open}
            onLeave={() => {
              if (picture.trail.length > 0) onFolder(picture.trail.at(-2)?.id);
            }}
          />
        </>
      }
      second={
        <div class="detail" role="region" tabIndex={-1} aria-label={t('Details')} data-vscode-context={TEXT_MENU}>
          {chosen === undefined ? (
            <p class="muted hint">{t('Select a file to see what it is. Enter opens it, or looks into a folder.')}</p>
          ) : (
            <ChangeDetailPane id={chosen} />
          )}
        </div>
      }
    />
  );
}

/** Where one is, each folder above a step back. */
function Trail({ picture, onFolder }: { picture: SizePicture; onFolder: (folder: string | undefined) => void }) {
  const { trail, bytes, files } = picture;
  return (
    <nav class="trail" aria-label={t('Folder')}>
      <button type="button" class="link code" disabled={trail.length === 0} onClick={() => onFolder(undefined)}>
        /
      </button>
      {trail.map(({ id, name }, index) => (
        <button
          key={id}
          type="button"
          class="link code"
          disabled={index === trail.length - 1}
          onClick={() => onFolder(id)}
        >
          {escapeText(name)}/
        </button>
      ))}
      <span class="muted">
        {formatSize(bytes)} · {tn(files, '{0} file', '{0} files')}
      </span>
    </nav>
  );
}

function NoBytes({ filter }: { filter: string }) {
  const session = useSession();
  if (filter.trim() === '') return <FullState icon="circle-slash" text={t('None of the changed files has content.')} />;
  return (
    <FullState icon="filter" text={t('No file with content matches “{0}”.', escapeText(filter))}>
      <button type="button" class="button" onClick={() => session.grids.changes.setFilter('')}>
        {t('Clear the filter')}
      </button>
    </FullState>
  );
}
