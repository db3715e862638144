/** Which API an event stream speaks, told from its first events alone, so that every server that speaks it is understood. */
import { isObject } from './exact-json.ts';
import type { JsonObject } from './exact-json.ts';
import type { EventAssemblerName } from './event-assembler.ts';

/** `undefined`: this event does not tell. */
export function recognise(event: JsonObject): EventAssemblerName | undefined {
  const { type, object, choices } = event;
  if (type === 'message_start' && isObject(event['message'])) return 'anthropic.message';
  if (typeof type === 'string' && type.startsWith('response.')) {
    return isObject(event['response']) ? 'openai.response' : undefined;
  }
  if (!Array.isArray(choices)) return undefined;
  if (object === 'chat.completion.chunk') return 'openai.chat';
  if (object === 'text_completion') return 'openai.completion';
  const first: unknown = choices[0];
  if (!isObject(first)) return undefined;
  if (isObject(first['delta'])) return 'openai.chat';
  return typeof first['text'] === 'string' ? 'openai.completion' : undefined;
}
