import { setTimeout as wait } from 'node:timers/promises';
import { GleanerError } from '@gleaner/protocol';
import { openProgress } from '../../output/progress.ts';
import { pathOf, restError } from './client.ts';
import type { Answer, Client, RestError } from './client.ts';

interface OperationBody {
  status: string;
  error?: RestError;
}

const pollIntervalMs = 300;
/** How long a workspace may be away: it goes on with its operations when it is started again. */
const maxAbsenceMs = 60_000;
const noteIntervalMs = 30_000;

/**
 * Waits until the change that an answer began is done; `what` is for people: `deployment blue`.
 * Errors: `operation_failed`, with the log that shows why.
 */
export async function waitFor(client: Client, answer: Answer<unknown>, what: string): Promise<void> {
  const address = answer.headers.get('azure-asyncoperation');
  if (address === null) return;
  const path = pathOf(address);
  using progress = openProgress();
  const startMs = Date.now();
  let answeredMs = startMs;
  let notedMs = startMs;
  for (;;) {
    const body = await poll(client, path, answeredMs);
    if (body !== undefined) {
      answeredMs = Date.now();
      if (body.status === 'Succeeded') return;
      if (body.status === 'Failed' || body.status === 'Canceled') {
        throw restError('operation_failed', body.error ?? { code: body.status, message: `${what} failed.` });
      }
    }
    const seconds = Math.round((Date.now() - startMs) / 1000);
    const state = body?.status ?? 'the workspace does not answer';
    progress.show(`${what}: ${state}, ${seconds} s`);
    if (!process.stderr.isTTY && Date.now() - notedMs >= noteIntervalMs) {
      notedMs = Date.now();
      process.stderr.write(`gleaner: ${what}: ${state}, ${seconds} s\n`);
    }
    await wait(pollIntervalMs);
  }
}

async function poll(client: Client, path: string, answeredMs: number): Promise<OperationBody | undefined> {
  try {
    const body = await client.get<Partial<OperationBody> | undefined>(path);
    return { status: 'Succeeded', ...body };
  } catch (error) {
    const away =
      error instanceof GleanerError &&
      (error.code === 'workspace_unreachable' || error.code === 'workspace_failed');
    if (away && Date.now() - answeredMs < maxAbsenceMs) return undefined;
    throw error;
  }
}
