/** Changes that take a while: rows, so that a killed workspace goes on with them at its next start. */
import { randomUUID } from 'node:crypto';

import { z } from 'zod';

import type {
  Catalog,
  CatalogTransaction,
  Operation,
  OperationError,
  OperationKind,
} from '../catalog/catalog.ts';

export interface Operations extends AsyncDisposable {
  /** A row of its own, in the transaction of the change that it is about. */
  begin(
    transaction: CatalogTransaction,
    change: { resourceId: string; kind: OperationKind },
  ): Promise<Operation>;
  /** Works on it in the background, once that transaction is over; or again, when it was cut. */
  start(operation: Operation): void;
}

export interface OperationsOptions {
  catalog: Catalog;
  /** Makes the change real. May be called again after it was cut at any point. */
  perform(operation: Operation): Promise<Finish>;
  /** The same for one that failed. */
  performFailed(operation: Operation): Finish;
  /** Told of errors that are our own fault; users see them without their words. */
  onInternalError(operation: Operation, error: unknown): void;
  now: () => number;
}

/** What is written together with the end of the operation. */
export type Finish = (transaction: CatalogTransaction) => Promise<void>;

export function createOperations(options: OperationsOptions): Operations {
  const { catalog, perform, performFailed, onInternalError, now } = options;
  const time = () => new Date(now()).toISOString();
  let isClosed = false;

  const finish = async (operation: Operation, write: Finish): Promise<void> => {
    // The row stays as it is, for the next start.
    if (isClosed) return;
    await catalog.transact(async (transaction) => {
      await write(transaction);
      await transaction.putOperation({ ...operation, endedAt: time() });
    });
  };
  const run = async (operation: Operation): Promise<void> => {
    try {
      const write = await perform(operation);
      await finish({ ...operation, state: 'Succeeded' }, write);
    } catch (thrown) {
      const error = operationError(thrown);
      if (error.code === internalErrorCode) onInternalError(operation, thrown);
      await finish({ ...operation, state: 'Failed', error }, performFailed(operation));
    }
  };
  const start = (operation: Operation): void => {
    run(operation).catch((error: unknown) => {
      if (!isClosed) onInternalError(operation, error);
    });
  };
  return {
    async begin(transaction, { resourceId, kind }) {
      const operation: Operation = {
        id: randomUUID(),
        resourceId,
        kind,
        state: 'InProgress',
        startedAt: time(),
      };
      await transaction.putOperation(operation);
      return operation;
    },
    start,
    async [Symbol.asyncDispose]() {
      isClosed = true;
    },
  };
}

const internalErrorCode = 'InternalServerError';

const told = z.object({
  code: z.string().regex(/^[a-z]+(_[a-z]+)+$/),
  message: z.string(),
  log: z.string().optional(),
  fix: z.string().optional(),
});

/** What a user is told: our own errors and the runtime's as they are, nothing of any other, such as Node's. */
export function operationError(error: unknown): OperationError {
  const { data } = told.safeParse(error);
  if (data !== undefined) {
    const { code, message, log, fix } = data;
    const details = [
      ...(log === undefined ? [] : [{ code: 'log', message: log }]),
      ...(fix === undefined ? [] : [{ code: 'fix', message: fix }]),
    ];
    return { code, message, details };
  }
  return { code: internalErrorCode, message: 'The workspace failed; its log says why.' };
}
