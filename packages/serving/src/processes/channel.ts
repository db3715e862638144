/** The runtime across the IPC channel of Node: the root process serves it, the workspace process uses it. */
import type {
  DeploymentName,
  DeploymentPlan,
  EndpointRoute,
  Runtime,
  RuntimeFailure,
} from '@gleaner/workspace/api';

import { failureOf, RuntimeError } from './failure.ts';

/** What the workspace process says. */
export type ToRoot =
  /** Its REST API takes connections on this port of 127.0.0.1. */
  | { kind: 'listening'; port: number }
  /** To the `ping` of a root process that wants to know whether we hang. */
  | { kind: 'pong' }
  | ({ kind: 'call'; id: number } & RuntimeCall);

/** A method of the runtime with what it takes. */
export type RuntimeCall =
  | { method: 'apply'; input: DeploymentPlan }
  | { method: 'remove'; input: DeploymentName }
  | { method: 'route'; input: readonly EndpointRoute[] }
  | { method: 'logs'; input: { deployment: DeploymentName; options: Parameters<Runtime['logs']>[1] } }
  | { method: 'status' };

/** What the root process answers. */
export type FromRoot =
  | { kind: 'done'; id: number; value: unknown }
  | { kind: 'failed'; id: number; failure: RuntimeFailure };

/** `process` in a process that was started with an IPC channel. */
export interface RuntimeChannel {
  send?: (message: ToRoot, callback: (error: Error | null) => void) => boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

/**
 * The runtime of the root process, for the workspace process. Calls reject with a `RuntimeFailure`; `channel_closed` when the
 * root process is gone.
 */
export function connectRuntime(channel: RuntimeChannel): Runtime {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  channel.on('message', (message) => {
    if (isPing(message)) channel.send?.({ kind: 'pong' }, () => undefined);
    if (!isFromRoot(message)) return;
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'done') call?.resolve(message.value);
    else call?.reject(new RuntimeError(message.failure));
  });
  const call = async (request: RuntimeCall): Promise<unknown> => {
    const id = ++lastId;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer);
    const onSent = (error: Error | null): void => {
      if (error === null) return;
      waiting.delete(id);
      answer.reject(channelClosed(error));
    };
    if (channel.send === undefined) throw channelClosed();
    channel.send({ kind: 'call', id, ...request }, onSent);
    return answer.promise;
  };
  return {
    apply: async (input) => void (await call({ method: 'apply', input })),
    remove: async (input) => void (await call({ method: 'remove', input })),
    route: async (input) => void (await call({ method: 'route', input })),
    logs: async (deployment, options) =>
      String(await call({ method: 'logs', input: { deployment, options } })),
    status: async () => (await call({ method: 'status' })) as Awaited<ReturnType<Runtime['status']>>,
  };
}

export interface ServeOptions {
  runtime: Runtime;
  send: (message: FromRoot) => void;
  /** An error that is not for the user's eyes. */
  onBug: (error: unknown) => void;
}

/** Answers one call, in the root process. */
export async function serveCall(call: { id: number } & RuntimeCall, options: ServeOptions): Promise<void> {
  const { id } = call;
  try {
    const value = await perform(options.runtime, call);
    options.send({ kind: 'done', id, value: value ?? null });
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) options.onBug(error);
    options.send({ kind: 'failed', id, failure: failure ?? unforeseen });
  }
}

const unforeseen: RuntimeFailure = {
  code: 'internal_error',
  message: 'The supervisor of instances met an error of its own. The log of `gleaner up` has it.',
};

function perform(runtime: Runtime, call: RuntimeCall): Promise<unknown> {
  switch (call.method) {
    case 'apply':
      return runtime.apply(call.input);
    case 'remove':
      return runtime.remove(call.input);
    case 'route':
      return runtime.route(call.input);
    case 'logs':
      return runtime.logs(call.input.deployment, call.input.options);
    case 'status':
      return runtime.status();
  }
}

function isPing(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'ping';
}

function isFromRoot(message: unknown): message is FromRoot {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  return message.kind === 'done' || message.kind === 'failed';
}

function channelClosed(cause?: Error): RuntimeError {
  return new RuntimeError(
    { code: 'channel_closed', message: 'The process that runs the instances is gone.' },
    cause,
  );
}
