/** The root process of `gleaner up`: starts the others, tells where the workspace is, and ends them in good order. */
import { fileURLToPath } from 'node:url';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { openSupervisor, prepareProgram } from '@gleaner/serving';
import type { ListenAddress } from '@gleaner/serving';
import { pino } from 'pino';

import { usageError } from '../../output/failure.ts';
import { tlsFiles } from './local-certificate.ts';
import type { TlsFiles } from './local-certificate.ts';
import { catchSignals } from '../run-signals.ts';
import type { UpOptions } from './up.ts';

/** What the workspace process is told as its argument. */
export interface WorkspaceProcessOptions {
  dataFolder: string;
  publicUrl: string;
  /** Where it is with TLS besides. */
  tlsUrl?: string;
  names: { subscriptionId: string; resourceGroup: string; workspace: string };
  logLevel: string;
  anotherOwner: boolean;
}

const bin = fileURLToPath(new URL('../../../bin/gleaner.mjs', import.meta.url));
const smallHeap = '--max-semi-space-size=4';

/** Runs until SIGTERM or Ctrl-C; a second one hurries the end. 0: everything is stored. */
export async function runWorkspace(options: UpOptions): Promise<number> {
  const listen = loopbackAddress(options.listen);
  const listenTls = wantsTls(options) ? loopbackAddress(options.tlsListen) : undefined;
  const given = ownCertificate(options);
  const dataFolder = resolve(options.data);
  const logger = pino(
    { level: options.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    process.stderr,
  );
  // Before the start: whoever reads that we are up may stop us at once.
  using signals = catchSignals();
  const stopping = Promise.withResolvers<void>();
  signals.deliverTo(() => stopping.resolve());
  let wantsOwner = options.newOwner === true;
  /** Once: the process may be started again. */
  const takeOwnerWish = (): boolean => {
    const wish = wantsOwner;
    wantsOwner = false;
    return wish;
  };
  const tls = listenTls && (await tlsFiles({ folder: join(dataFolder, 'tls'), given, nowMs: Date.now() }));
  await using supervisor = await openSupervisor({
    dataFolder,
    environmentsFolder: resolve(options.environments ?? sharedEnvironments()),
    listen,
    listenTls,
    prepareProgram,
    collectorCommand: [process.execPath, smallHeap, bin, 'collect'],
    workspaceProcess: (address, tlsAddress) => ({
      command: process.execPath,
      args: [
        fileURLToPath(new URL('workspace-process.ts', import.meta.url)),
        JSON.stringify({
          ...processOptions(dataFolder, urlOf(address), options),
          anotherOwner: takeOwnerWish(),
          ...(tlsAddress && { tlsUrl: tlsUrlOf(tlsAddress) }),
        }),
      ],
      environment: process.env,
    }),
    gatewayProcess: {
      command: process.execPath,
      args: [
        smallHeap,
        fileURLToPath(import.meta.resolve('@gleaner/serving/gateway')),
        ...(tls === undefined ? [] : [tls.certificatePath, tls.keyPath]),
      ],
      environment: process.env,
    },
    logger,
  });
  await Promise.race([supervisor.ready, stopping.promise]);
  if (supervisor.tlsAddress !== undefined) sayTls(supervisor.tlsAddress, tls);
  say(`the workspace is up at ${urlOf(supervisor.address)} (data in ${options.data})`);
  await stopping.promise;
  const hurry = new AbortController();
  signals.deliverTo(() => hurry.abort());
  await supervisor.stop(hurry.signal);
  // Everything has ended. Whatever is left of it in this process must not keep its data folder from the next one.
  return process.exit(0);
}

function wantsTls({ tls = false, tlsCert, tlsKey }: UpOptions): boolean {
  return tls || tlsCert !== undefined || tlsKey !== undefined;
}

function ownCertificate({ tlsCert, tlsKey }: UpOptions) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw usageError('--tls-cert and --tls-key belong together.', 'Name both.');
  return { certificatePath: resolve(tlsCert), keyPath: resolve(tlsKey) };
}

/** What a program written for Azure ML needs in its environment, ready to be copied. */
function sayTls(address: ListenAddress, tls: TlsFiles | undefined): void {
  const url = tlsUrlOf(address);
  say(`with TLS at ${url}; programs written for Azure ML find it there by:`);
  process.stderr.write(`  export ARM_CLOUD_METADATA_URL=${url}/metadata/endpoints\n`);
  if (tls?.authorityPath !== undefined)
    process.stderr.write(`  export REQUESTS_CA_BUNDLE=${tls.authorityPath}\n`);
}

function processOptions(
  dataFolder: string,
  publicUrl: string,
  { subscription, resourceGroup, workspaceName, logLevel }: UpOptions,
): Omit<WorkspaceProcessOptions, 'anotherOwner'> {
  const names = { subscriptionId: subscription, resourceGroup, workspace: workspaceName };
  return { dataFolder, publicUrl, names, logLevel };
}

/** Without roles and TLS, whoever reaches the port may do everything: it stays on this machine. */
function loopbackAddress(text: string): ListenAddress {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535)
    throw usageError(
      `${JSON.stringify(text)} is no address.`,
      'Write host and port, such as 127.0.0.1:5080.',
    );
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host))
    throw usageError(
      `${host} is not loopback.`,
      'Listen on 127.0.0.1, and let a proxy with TLS take clients.',
    );
  return { host: host === '[::1]' ? '::1' : host, port: Number(port) };
}

function urlOf({ host, port }: ListenAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** By name, as certificates have it; a client of `localhost` would not find what listens on ::1 alone. */
function tlsUrlOf({ host, port }: ListenAddress): string {
  return `https://${host === '::1' ? '[::1]' : 'localhost'}:${port}`;
}

/** By the convention of XDG: what can be made again. */
function sharedEnvironments(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gleaner/environments');
}

function say(text: string): void {
  process.stderr.write(`gleaner: ${text}\n`);
}
