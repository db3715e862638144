/** A language model without a language model: streams an answer as OpenAI's chat completions do. */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

interface Question {
  messages: { content: string }[];
}

const { values } = parseArgs({ options: { port: { type: 'string', default: '5001' } } });

const server = createServer((request, response) => {
  text(request)
    .then(async (body) => {
      if (body === '') response.end('ready\n');
      else await answer(response, JSON.parse(body) as Question);
    })
    .catch(() => response.destroy());
});
server.listen(Number(values.port), '127.0.0.1');
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));

async function answer(response: ServerResponse, { messages }: Question): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  for (const word of `You said: ${messages.at(-1)?.content ?? 'nothing'}`.split(/(?= )/)) {
    send(response, { index: 0, delta: { role: 'assistant', content: word }, finish_reason: null });
    await sleep(20);
  }
  send(response, { index: 0, delta: {}, finish_reason: 'stop' });
  response.end('data: [DONE]\n\n');
}

function send(response: ServerResponse, choice: unknown): void {
  const chunk = { id: 'chat-1', object: 'chat.completion.chunk', model: 'echo', choices: [choice] };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}
