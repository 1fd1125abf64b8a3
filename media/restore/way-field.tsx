import { escapeText } from '../../src/protocol/format.ts';
import type { ClusterWishes, OperatorChoice } from '../../src/protocol/restore-api.ts';
import { sentenceText, t } from '../text.ts';
import { FieldGroup } from './fields.tsx';

/** How a node gets the archive, in a cluster whose operator restores what lies on a node already. */
export function WayField(props: {
  operator: OperatorChoice;
  wishes: ClusterWishes;
  onChange: (part: Partial<ClusterWishes>) => void;
}) {
  const { operator, wishes, onChange } = props;
  const isThere = !('missing' in operator);
  return (
    <FieldGroup id="way" label={t('How')} role="radiogroup">
      <label class="check">
        <input type="radio" name="way" checked={wishes.way === 'image'} onChange={() => onChange({ way: 'image' })} />
        {t('As a container image, through a registry')}
      </label>
      <label class={isThere ? 'check' : 'check muted'}>
        <input
          type="radio"
          name="way"
          checked={wishes.way === 'operator'}
          disabled={!isThere}
          aria-describedby="way-hint"
          onChange={() => {
            if (!isThere) return;
            const { namespace = wishes.namespace } = operator;
            onChange({ way: 'operator', node: '', createNamespace: false, namespace });
          }}
        />
        {t('In place, by the checkpoint-restore-operator (PodRestore)')}
      </label>
      <p id="way-hint" class="muted hint">
        {isThere
          ? t(
              'It restores on {0}, where the archive lies: no image is made, and none is sent.',
              escapeText(operator.node),
            )
          : sentenceText(operator.missing)}
      </p>
    </FieldGroup>
  );
}
