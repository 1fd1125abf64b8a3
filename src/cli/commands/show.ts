import { formatSize } from '../../protocol/format.ts';
import type { Overview } from '../../protocol/overview.ts';
import type { Arguments } from '../arguments.ts';
import { created, ENGINES, inspectJson } from '../inspect-json.ts';
import { JsonArray } from '../json-array.ts';
import { drawTable } from '../layout.ts';
import type { ExitCode, Session } from '../session.ts';

const NO_SECTIONS = {
  statistics: false,
  metadata: false,
  processes: false,
  commandLines: false,
  environment: false,
  files: false,
  sockets: false,
  mounts: false,
};

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const asJson = args.text('format') === 'json';
  const array = new JsonArray(session.output);
  const shown: { locator: string; overview: Overview }[] = [];
  const code = await session.each(args.operands, async (checkpoint, locator) => {
    const overview = await checkpoint.overview(session.signal);
    const notes = await checkpoint.notes(session.signal);
    if (asJson) await array.add(inspectJson({ locator, overview, notes: () => Promise.resolve(notes) }, NO_SECTIONS));
    else shown.push({ locator, overview });
  });
  await array.end();
  const [first] = shown;
  // checkpointctl names the archive where it is one; in a table of several it does not.
  if (first) {
    const title = args.operands.length === 1 ? `\nDisplaying container checkpoint data from ${first.locator}\n\n` : '';
    await session.output.write(title + table(shown.map(({ overview }) => overview)));
  }
  return code;
}

function table(overviews: readonly Overview[]): string {
  const withAddress = overviews.some((overview) => addresses(overview) !== '');
  const withDiff = overviews.length > 1 || overviews.some(({ sizes }) => sizes.rootfsDiff > 0);
  const header = [
    'Container',
    'Image',
    'ID',
    'Runtime',
    'Created',
    'Engine',
    ...(withAddress ? ['IP'] : []),
    'Chkpt size',
    ...(withDiff ? ['Root fs diff size'] : []),
  ];
  const rows = overviews.map((overview) => {
    const { container, image, runtime, engine, sizes } = overview;
    return [
      container.name ?? '',
      image?.name ?? '',
      (container.id ?? '').slice(0, 12),
      runtime ?? '',
      created(overview) ?? '',
      ENGINES[engine],
      ...(withAddress ? [addresses(overview)] : []),
      formatSize(sizes.imageDirectory),
      ...(withDiff ? [formatSize(sizes.rootfsDiff)] : []),
    ];
  });
  return drawTable(header, rows);
}

function addresses({ networks }: Overview): string {
  return networks.flatMap((network) => network.addresses.map((address) => address.replace(/\/.*$/, ''))).join(', ');
}
