import { escapeText } from '../../src/protocol/format.ts';
import type { ConfigurationFile } from '../../src/protocol/logs.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { GridPane } from '../tabs/grid-tab.tsx';
import { sentenceText, t } from '../text.ts';
import { FileHeader } from './file-header.tsx';

/** A file of JSON as a tree; JSON inside of texts is unfolded, and values of the environment are masked. */
export function ConfigurationView({ file }: { file: Wire<ConfigurationFile> }) {
  return (
    <>
      <FileHeader name={file.name} about={sentenceText(file.about)} />
      <GridPane
        grid="log"
        of={file.name}
        label={t('Values in {0}', file.name)}
        noMatch={(filter) => t('No value matches “{0}”.', escapeText(filter))}
        nothing={t('This file holds no values.')}
      />
    </>
  );
}
