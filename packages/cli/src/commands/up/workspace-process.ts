/** The workspace process: started by `gleaner up`, which it asks to run what should run. */
import { connectRuntime } from '@gleaner/serving';
import type { ToRoot } from '@gleaner/serving';
import { openWorkspace } from '@gleaner/workspace';
import { pino } from 'pino';

import { reportFailure } from '../../output/failure.ts';
import { keepOwnerToken, findOwnerToken } from './owner-token.ts';
import type { WorkspaceProcessOptions } from './run-workspace.ts';

/** What is under way in the interface gets this long at the end. */
const closeGraceMs = 5000;

if (process.send === undefined) {
  process.stderr.write('gleaner: the workspace process is started by `gleaner up`\n');
  process.exit(2);
}
const { logLevel, tlsUrl, ...options } = JSON.parse(process.argv[2] ?? '{}') as WorkspaceProcessOptions;

try {
  const databaseUrl = process.env['GLEANER_DATABASE_URL'];
  const workspace = await openWorkspace({
    ...options,
    ...(databaseUrl !== undefined && databaseUrl !== '' && { databaseUrl }),
    listen: { host: '127.0.0.1', port: 0 },
    location: 'local',
    keepOwner: async (owner) => keepOwnerToken(options.publicUrl, owner),
    runtime: connectRuntime(process),
    logger: pino({ level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stderr),
  });
  await findOwnerToken(options.publicUrl, workspace);
  if (tlsUrl !== undefined) await findOwnerToken(tlsUrl, workspace);
  let isEnding = false;
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => process.exit(1), closeGraceMs).unref();
    void workspace.close().finally(() => process.exit(0));
  };
  process.on('SIGTERM', end);
  // Ctrl-C reaches every process of the terminal: the root process decides what becomes of it.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', end);
  const listening: ToRoot = { kind: 'listening', port: workspace.port };
  process.send(listening);
} catch (error) {
  process.exit(reportFailure(error));
}
