/** One request to an endpoint, from its head to the end of its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';

import * as answers from './answers.ts';
import type { Refusal } from './answers.ts';
import { chooseDeployment } from './choose.ts';
import { Deadline } from './deadline.ts';
import { forward, toClient, toNobody } from './forward.ts';
import type { AnswerSink, Attempt, Outcome } from './forward.ts';
import { fromModel, requestIds, toModel } from './headers.ts';
import type { DeploymentGate } from './limits.ts';
import { RequestBody } from './request-body.ts';
import type { RoutingTable } from './table.ts';

export interface ExchangeContext {
  table: RoutingTable;
  random(): number;
  /** Why a request was not mirrored though the draw said so, or that it was. */
  onMirror(outcome: MirrorOutcome): void;
}

export type MirrorOutcome = 'answered' | 'too_large' | 'too_many_pending' | 'failed' | 'timed_out';

export interface EndpointRequest {
  message: IncomingMessage;
  response: ServerResponse;
  endpoint: string;
  /** Path and query for the model. */
  path: string;
  /** Asks the client for the body, where it waits to be asked. */
  onBodyWanted(): void;
  /** It asks for a WebSocket; this is called when the model agrees, with the headers of the answer. */
  onWebSocket?(headers: readonly string[], upstream: Duplex): void;
}

/** Requests with larger bodies are neither sent twice nor mirrored. */
export const maxHeldBytes = 1024 * 1024;
/** For the workspace to say which endpoints there are, after a start of all. */
const maxStartMs = 10_000;
/** A body may be slow, but not so slow that it holds a place for ever. */
const minBodyBytesPerSecond = 128;
const bodySlackMs = 30_000;

export async function exchange(request: EndpointRequest, context: ExchangeContext): Promise<void> {
  const { message, response } = request;
  const admitted = await admit(request, context);
  if (admitted.kind === 'refused') return refuse(request, admitted.refusal, admitted.headers);
  const { gate, mirrors, ids } = admitted;
  const ownHeaders = [...ids.answerHeaders, 'azureml-model-deployment', gate.name];
  if (gate.isFull) return refuse(request, answers.tooManyPending(gate.maxPending), ownHeaders);
  const startedMs = performance.now();
  const deadline = new Deadline(gate.timeoutMs);
  const onClose = (): void => {
    if (!response.writableFinished) deadline.abort();
  };
  response.once('close', onClose);
  const body = new RequestBody(message, {
    maxHeldBytes,
    onStart: () => request.onBodyWanted(),
    onBytes: (receivedBytes) => {
      const slackMs = bodySlackMs + (receivedBytes / minBodyBytesPerSecond) * 1000;
      if (performance.now() - startedMs < slackMs) deadline.restart();
    },
  });
  deadline.signal.addEventListener('abort', () => body.giveUp(), { once: true });
  const attempt = {
    method: message.method ?? 'GET',
    path: request.path,
    headers: toModel(message.rawHeaders, ids.requestId),
    ...(request.onWebSocket !== undefined && { upgrade: 'websocket' }),
  };
  // A conversation cannot be mirrored.
  for (const mirror of request.onWebSocket === undefined ? mirrors : [])
    void sendMirror(mirror, { attempt, body, context });
  const answering = toClient(response, (answer) => {
    deadline.stop();
    return {
      ...asOriginal(answer),
      headers: fromModel(answer.headers, ownHeadersOf(answer.status, ownHeaders)),
    };
  });
  const sink: AnswerSink = {
    ...answering,
    upgrade(headers, upstream) {
      deadline.stop();
      request.onWebSocket?.(fromModel(headers, ownHeaders), upstream);
    },
  };
  try {
    const refusal = await pass({ attempt, body, gate, deadline, sink, context });
    if (refusal !== undefined) refuse(request, refusal, ownHeaders);
  } finally {
    deadline.stop();
    response.off('close', onClose);
  }
}

interface Admitted {
  kind: 'admitted';
  gate: DeploymentGate;
  mirrors: readonly DeploymentGate[];
  ids: { requestId: string; answerHeaders: readonly string[] };
}

interface Refused {
  kind: 'refused';
  refusal: Refusal;
  headers?: readonly string[];
}

async function admit(
  request: EndpointRequest,
  { table, random }: ExchangeContext,
): Promise<Admitted | Refused> {
  const { headers } = request.message;
  if (!(await table.knowsEndpoints(maxStartMs))) return { kind: 'refused', refusal: answers.workspaceAway };
  const served = table.endpoint(request.endpoint);
  if (served === undefined) return { kind: 'refused', refusal: answers.noSuchEndpoint(request.endpoint) };
  const verdict = await served.authorize(headers.authorization);
  if (verdict !== 'good') return { kind: 'refused', refusal: answers.unauthorized(verdict) };
  const ids = requestIds(headers);
  if (ids.kind === 'too long') return { kind: 'refused', refusal: answers.idTooLong(ids.name) };
  const asked = headers['azureml-model-deployment'];
  const choice = chooseDeployment(served.route, {
    asked: Array.isArray(asked) ? asked[0] : asked,
    isThere: (name) => served.gates.has(name),
    random,
  });
  const refused = (refusal: Refusal): Refused => ({ kind: 'refused', refusal, headers: ids.answerHeaders });
  if (choice.kind === 'unknown') return refused(answers.noSuchDeployment(choice.asked));
  const gate = choice.kind === 'chosen' ? served.gates.get(choice.deployment) : undefined;
  if (choice.kind === 'none' || gate === undefined) return refused(answers.noTraffic);
  const mirrors = choice.mirrors.map((name) => served.gates.get(name)).filter((one) => one !== undefined);
  return { kind: 'admitted', gate, mirrors, ids };
}

/** A short body comes first: who sends it slowly takes nobody's place. What the client is told instead of an answer. */
async function pass(serving: Serving & { body: RequestBody }): Promise<Refusal | undefined> {
  const { body, gate, deadline } = serving;
  if (!(await body.isReady())) return deadline.isOver ? answers.bodyTooSlow : undefined;
  deadline.restart();
  if (!gate.enter()) return answers.tooManyPending(gate.maxPending);
  try {
    return refusalOf(await serve(serving), { gate, deadline });
  } finally {
    gate.leave();
  }
}

interface Serving {
  attempt: Pick<Attempt, 'method' | 'path' | 'headers' | 'upgrade'>;
  body: Pick<RequestBody, 'open' | 'isHeld'>;
  gate: DeploymentGate;
  deadline: Deadline;
  sink: AnswerSink;
  context: ExchangeContext;
}

/** `away`: until the end, no instance could be reached. */
type Served = Outcome | { kind: 'gone' } | { kind: 'away' };

/** Tries instances until one of them has seen the request. */
async function serve({ attempt, body, gate, deadline, sink, context }: Serving): Promise<Served> {
  const { signal } = deadline;
  const isSafe = attempt.method === 'GET' || attempt.method === 'HEAD';
  for (let isRetry = false; ; isRetry = true) {
    // A short body is waited for first: a slow client keeps no instance busy.
    const opened = await body.open();
    if (opened === 'gone') return { kind: 'aborted' };
    const taken = await gate.take(signal, { isRetry });
    if (taken.kind !== 'taken') {
      if (opened instanceof Readable) opened.destroy();
      return isRetry && taken.kind === 'aborted' ? { kind: 'away' } : taken;
    }
    const { instance } = taken;
    const outcome = await forward({ ...attempt, pool: instance.pool, body: opened, signal }, sink);
    if (outcome.kind === 'undelivered') instance.rest();
    else instance.wake();
    gate.giveBack(instance);
    context.table.releaseWhenIdle(instance);
    const isWorthAnother = outcome.kind === 'undelivered' || (outcome.kind === 'unanswered' && isSafe);
    if (!isWorthAnother || !body.isHeld) return outcome;
  }
}

/** The request once more, for nobody to see its answer. Never rejects, and never makes the request itself wait. */
async function sendMirror(
  gate: DeploymentGate,
  { attempt, body, context }: { attempt: Serving['attempt']; body: RequestBody; context: ExchangeContext },
): Promise<void> {
  const bytes = await body.whole();
  if (bytes === undefined) return context.onMirror('too_large');
  if (!gate.enter()) return context.onMirror('too_many_pending');
  const deadline = new Deadline(gate.timeoutMs);
  const held = { open: async () => (bytes.length === 0 ? null : bytes), isHeld: true };
  const sink: AnswerSink = { ...toNobody, start: () => deadline.stop() };
  const outcome = await serve({ attempt, body: held, gate, deadline, sink, context });
  deadline.stop();
  gate.leave();
  if (outcome.kind === 'answered') context.onMirror('answered');
  else context.onMirror(deadline.isOver ? 'timed_out' : 'failed');
}

/** What the client learns where the model did not answer; nothing where it is gone or has an answer. */
function refusalOf(
  outcome: Served,
  { gate, deadline }: { gate: DeploymentGate; deadline: Deadline },
): Refusal | undefined {
  switch (outcome.kind) {
    case 'answered':
      return undefined;
    case 'away':
      return deadline.isOver ? answers.noReadyInstance(gate.timeoutMs) : undefined;
    case 'aborted':
      if (!deadline.isOver) return undefined;
      return gate.hasInstances ? answers.timedOut(gate.timeoutMs) : answers.noReadyInstance(gate.timeoutMs);
    case 'gone':
      return answers.noTraffic;
    case 'malformed':
      return answers.malformed;
    case 'undelivered':
    case 'unanswered':
    case 'broken':
      return answers.brokenOff;
  }
}

/** Clients of the original see 424 for everything that is not 200. */
function asOriginal({ status, reason }: { status: number; reason: string }): {
  status: number;
  reason: string;
} {
  return status === 200 ? { status, reason } : { status: 424, reason: 'Failed Dependency' };
}

function ownHeadersOf(status: number, headers: readonly string[]): readonly string[] {
  if (status === 200) return headers;
  const named = ['ms-azureml-model-error-statuscode', String(status)];
  return [...headers, ...named, 'ms-azureml-model-error-reason', 'model_error'];
}

/** A client that waits to be asked for its body was not asked: what it does next cannot be known, so the connection ends. */
function refuse({ message, response }: EndpointRequest, refusal: Refusal, headers?: readonly string[]): void {
  if (response.destroyed) return;
  const isClosing = message.headers.expect !== undefined && !message.complete;
  answers.refuse(response, refusal, [...(headers ?? []), ...(isClosing ? ['connection', 'close'] : [])]);
}
