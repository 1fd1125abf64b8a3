import type { NodeFacts } from '../../../core/cluster/inventory/nodes.ts';
import { checkSetup } from '../../../core/cluster/setup/check-setup.ts';
import type { SetupPoint, SetupState } from '../../../core/cluster/setup/setup-point.ts';
import { escapeText } from '../../../protocol/format.ts';
import { say } from '../../../protocol/sentence.ts';
import type { Arguments } from '../../arguments.ts';
import { choiceOf, connect, nodeFiles, timeoutOf, withinTimeout } from '../../cluster/connect.ts';
import { allNodes, isOfOne, nodeNamed } from '../../cluster/look-up.ts';
import { formatJson } from '../../json.ts';
import type { ExitCode, Session } from '../../session.ts';

const SIGNS: Readonly<Record<SetupState, string>> = { good: '✓', bad: '✗', warning: '!', unknown: '?' };

/** Each point is printed as it becomes known. A node that is not there does not keep the others from being looked at. */
export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const choice = choiceOf(args);
  const { output } = session;
  const cluster = await connect(choice, session);
  const files = args.flag('archives') ? await nodeFiles(cluster, choice, session, timeoutOf(args)) : undefined;
  const directory = args.text('directory');
  const isJson = args.text('format') === 'json';
  const checked: { node: string; points: readonly SetupPoint[] }[] = [];
  let code = 0 as ExitCode;
  await withinTimeout(args, session, async (signal) => {
    const nodes = args.operands.length > 0 ? args.operands : await allNodes(cluster, signal);
    for (const one of nodes) {
      try {
        await check(typeof one === 'string' ? await nodeNamed(cluster, one, signal) : one);
      } catch (error) {
        if (!isOfOne(error)) throw error;
        output.failure(error);
        code = 1;
      }
    }

    async function check(node: NodeFacts): Promise<void> {
      const points: SetupPoint[] = [];
      output.progress(`Looking at ${node.name}`);
      const options = { ...(files && { files }), ...(directory !== undefined && { directory }), signal };
      if (!isJson) await output.write(`${checked.length > 0 ? '\n' : ''}${escapeText(node.name)}\n`);
      for await (const point of checkSetup(cluster, node, options)) {
        points.push(point);
        if (point.state === 'bad') code = 1;
        if (!isJson) await output.write(drawPoint(point));
      }
      checked.push({ node: node.name, points });
    }
  });
  if (isJson) {
    const list = checked.map(({ node, points }) => ({ node, points: points.map(jsonOf) }));
    await output.write(`${formatJson(list)}\n`);
  }
  return code;
}

/** What is to be copied keeps its lines: YAML and TOML do not mind being set in by as much everywhere. */
function drawPoint({ state, text, remedy }: SetupPoint): string {
  const lines = [`  ${SIGNS[state]} ${escapeText(say(text))}`];
  if (remedy && state !== 'good') {
    lines.push(`    ${escapeText(say(remedy.text))}`);
    if (remedy.copy) {
      const copied = remedy.copy.text.trimEnd().split('\n');
      lines.push('', ...copied.map((line) => `      ${escapeText(line)}`), '');
    }
  }
  return `${lines.join('\n')}\n`;
}

function jsonOf({ question, state, text, remedy }: SetupPoint) {
  const helps = state === 'good' ? undefined : remedy;
  return {
    question,
    state,
    message: say(text),
    remedy: helps && { message: say(helps.text), copy: helps.copy && { form: helps.copy.form, text: helps.copy.text } },
  };
}
