import type { Acquisition as AcquisitionRecord } from '../../src/protocol/acquisition.ts';
import { escapeText } from '../../src/protocol/format.ts';
import type { Compression, NetworkFacts, Overview, Wrapping } from '../../src/protocol/overview.ts';
import type { PageStart } from '../../src/protocol/page-api.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { engineName } from '../parts/header.tsx';
import { LongList } from '../parts/long-list.tsx';
import { Code, Copyable, Size, Time } from '../parts/values.tsx';
import { t } from '../text.ts';
import { HashRow } from './hash-row.tsx';

/** Who, what, when and where: the container, its pod and image, the times, and on what it ran. */
export function Identity({ overview }: { overview: Wire<Overview> }) {
  const { container, pod, image, criu } = overview;
  return (
    <>
      <Facts title={t('Container')}>
        <Fact label={t('Name')}>{container.name !== undefined && <Copyable text={container.name} />}</Fact>
        <Fact label={t('ID')}>{container.id !== undefined && <Copyable text={container.id} />}</Fact>
        <Fact label={t('Pod')}>{pod?.name !== undefined && <Copyable text={pod.name} />}</Fact>
        <Fact label={t('Namespace')}>{pod?.namespace !== undefined && <Copyable text={pod.namespace} />}</Fact>
        <Fact label={t('Pod UID')}>{pod?.uid !== undefined && <Copyable text={pod.uid} />}</Fact>
        <Fact label={t('Sandbox')} title={t('The pod’s sandbox on the node')}>
          {pod?.sandboxId !== undefined && <Copyable text={pod.sandboxId} />}
        </Fact>
        <Fact label={t('Command')}>{container.command && <CommandLine words={container.command} />}</Fact>
        <Fact label={t('Working directory')}>
          {container.workingDirectory !== undefined && <Code>{container.workingDirectory}</Code>}
        </Fact>
        <Fact label={t('User')}>{container.user !== undefined && <Code>{container.user}</Code>}</Fact>
        <Fact label={t('Terminal')}>{container.terminal === true && t('yes')}</Fact>
        <Fact label={t('Restarts')}>{container.restartCount}</Fact>
        <Fact label={t('Host name')}>{overview.hostName !== undefined && <Copyable text={overview.hostName} />}</Fact>
        <Fact label={t('Domain name')}>
          {domainOf(overview) !== undefined && <Code>{domainOf(overview) ?? ''}</Code>}
        </Fact>
        <Fact label={t('Log')}>{container.logPath !== undefined && <Copyable text={container.logPath} />}</Fact>
      </Facts>
      {image && (
        <Facts title={t('Container image')}>
          <Fact label={t('Name')}>{image.name !== undefined && <Copyable text={image.name} />}</Fact>
          <Fact label={t('Digest')}>{image.digest !== undefined && <Copyable text={image.digest} />}</Fact>
          <Fact label={t('ID')}>{image.id !== undefined && <Copyable text={image.id} />}</Fact>
        </Facts>
      )}
      <Facts title={t('Times')}>
        <Fact label={t('Created')}>{overview.created !== undefined && <Time value={overview.created} />}</Fact>
        <Fact label={t('Checkpointed')}>
          {overview.checkpointed !== undefined && (
            <>
              <Time value={overview.checkpointed} />
              {overview.checkpointedFrom === 'entries' && (
                <span
                  class="muted"
                  title={t('The engine recorded no time: this is the latest time stamp in the archive.')}
                >
                  {' '}
                  {t('(from the archive’s entries)')}
                </span>
              )}
            </>
          )}
        </Fact>
        <Fact label={t('Restored')}>{overview.restored !== undefined && <Time value={overview.restored} />}</Fact>
      </Facts>
      <Facts title={t('Engine and CRIU')}>
        <Fact label={t('Engine')}>{escapeText(engineName(overview))}</Fact>
        <Fact label={t('Runtime')}>{overview.runtime !== undefined && escapeText(overview.runtime)}</Fact>
        <Fact label={t('CRIU')}>{criu.version !== undefined && escapeText(criu.version)}</Fact>
        <Fact label={t('Kernel')}>{criu.kernel !== undefined && <Code>{criu.kernel}</Code>}</Fact>
        <Fact label={t('Architecture')}>{criu.architecture !== undefined && escapeText(criu.architecture)}</Fact>
        <Fact label={t('Image format')}>{criu.imageVersion !== undefined && imageFormat(criu.imageVersion)}</Fact>
        <Fact label={t('Page size')}>{criu.pageSize !== undefined && <Size bytes={criu.pageSize} />}</Fact>
        <Fact label={t('Security module')}>{criu.lsm !== undefined && escapeText(criu.lsm)}</Fact>
        <Fact label={t('Established TCP')} title={t('Whether open TCP connections were dumped too')}>
          {criu.tcpEstablished !== undefined && (criu.tcpEstablished ? t('dumped') : t('not dumped'))}
        </Fact>
        <Fact label={t('Pages')}>{criu.compressedPages === true && t('compressed (LZ4)')}</Fact>
        <Fact label={t('Parent dump')}>{criu.hasParent === true && t('needed: this is an incremental dump')}</Fact>
        <Fact label={t('Plugins')}>
          {criu.plugins && criu.plugins.length > 0 && escapeText(criu.plugins.join(', '))}
        </Fact>
        <Fact label={t('Run ID')}>{criu.dumpCriuRunId !== undefined && <Code>{criu.dumpCriuRunId}</Code>}</Fact>
      </Facts>
    </>
  );
}

/** The evidence itself: where it is, in what form, and its hash. */
export function Acquisition({ start, overview }: { start: PageStart; overview: Wire<Overview> }) {
  const isFile = overview.wrapping !== 'folder' && overview.wrapping !== 'oci-layout';
  return (
    <Facts title={t('Archive')} class="acquisition">
      <Fact label={t('Location')}>
        <Copyable text={start.locator} />
      </Fact>
      <Fact label={t('Form')}>{formText(overview.wrapping, overview.compression)}</Fact>
      <Fact label={t('Size')}>{overview.sizes.archive !== undefined && <Size bytes={overview.sizes.archive} />}</Fact>
      {isFile && <HashRow ready={overview.complete} recorded={overview.acquisition?.archive.sha256} />}
      {overview.acquisition && <Fetched record={overview.acquisition} />}
    </Facts>
  );
}

/** From where in which cluster it was fetched, when, and by whom: as the record beside it says. */
function Fetched({ record }: { record: Wire<AcquisitionRecord> }) {
  const { source, user, started, finished } = record;
  return (
    <>
      <Fact label={t('Fetched from')} title={t('As the record beside the archive says')}>
        <Copyable text={`${source.node}:${source.path}`} />
      </Fact>
      <Fact label={t('Cluster')}>
        <Copyable text={source.context} /> <span class="muted code">{escapeText(source.server)}</span>
      </Fact>
      <Fact label={t('Fetched')} title={t('The clock of the node said {0}', escapeText(started.node))}>
        <Time value={finished.local} />
      </Fact>
      <Fact label={t('Fetched by')}>
        <Code>{user.cluster ?? user.local}</Code>
        {user.cluster !== undefined && <span class="muted code"> {escapeText(user.local)}</span>}
      </Fact>
    </>
  );
}

export function Networks({ networks }: { networks: Wire<readonly NetworkFacts[]> }) {
  if (networks.length === 0) return null;
  return (
    <Facts title={t('Networks')}>
      {networks.map((network, index) => (
        <Fact key={index} label={networkName(network)}>
          <Code>{network.addresses.join(', ')}</Code>
          {network.gateway !== undefined && <span class="muted"> {t('through {0}', escapeText(network.gateway))}</span>}
          {network.mac !== undefined && <span class="muted code"> {escapeText(network.mac)}</span>}
        </Fact>
      ))}
    </Facts>
  );
}

function networkName({ network, interface: device }: Wire<NetworkFacts>): string {
  return escapeText(device === undefined ? network : `${network} (${device})`);
}

function CommandLine({ words }: { words: readonly string[] }) {
  return (
    <span class="words">
      <LongList items={words}>
        {(shown) =>
          shown.map((word, index) => (
            <span class="word" key={index}>
              <Code>{word}</Code>
            </span>
          ))
        }
      </LongList>
    </span>
  );
}

/** The kernel says "(none)" where no domain name is set. */
function domainOf({ domainName }: Wire<Overview>): string | undefined {
  return domainName === undefined || domainName === '' || domainName === '(none)' ? undefined : domainName;
}

function imageFormat(version: number): string {
  const name = { 1: 'V1', 2: 'V1.1', 3: 'V1.2' }[version];
  return name ?? t('unknown ({0})', version);
}

function formText(wrapping: Wrapping, compression: Compression): string {
  const form = wrappingText(wrapping);
  return compression === 'none' ? form : t('{0}, compressed with {1}', form, compression);
}

function wrappingText(wrapping: Wrapping): string {
  switch (wrapping) {
    case 'archive':
      return t('checkpoint archive (tar)');
    case 'folder':
      return t('folder');
    case 'oci-layout':
      return t('OCI image layout (folder)');
    case 'oci-archive':
      return t('OCI image archive');
    case 'docker-archive':
      return t('Docker image archive');
  }
}
