import type { RestoreReview, TcpChoice } from '../../src/protocol/restore-api.ts';
import { t, tn } from '../text.ts';

/** What becomes of connections, where there were any. */
export function TcpChoices({ tcp, onChoose }: { tcp: RestoreReview['tcp']; onChoose: (choice: TcpChoice) => void }) {
  if (tcp.connections === 0) return null;
  const choices: readonly (readonly [TcpChoice, string])[] = [
    ['close', t('Close them: programs see that the other side hung up')],
    ['established', t('Keep them: only where the same address is there, and the other side still waits')],
  ];
  return (
    <section>
      <fieldset class="tcp">
        <legend>
          <h2>
            {tn(
              tcp.connections,
              'What becomes of {0} TCP connection that was established',
              'What becomes of {0} TCP connections that were established',
            )}
          </h2>
        </legend>
        {choices.map(([choice, text]) => (
          <label key={choice}>
            <input type="radio" name="tcp" checked={tcp.choice === choice} onChange={() => onChoose(choice)} />
            {text}
          </label>
        ))}
      </fieldset>
    </section>
  );
}
