/** `POST /modeldata/log`: one event of the original's SDK (compat 2). */
import { collectionNameProblem, collectionOfType, readSdkHeaders } from '@gleaner/protocol';

import type { EventHead } from '../flow.ts';
import type { Fields } from '../http1/fields.ts';
import type { Refusal } from './answers.ts';

/** The lower-case collection of a `type`, or why there is none. */
export type TypeReader = (type: string | undefined) => string | Refusal;

export function readModeldata(headers: Fields, arrivalMs: number, readType: TypeReader): EventHead | Refusal {
  const attributes = readSdkHeaders(headers);
  const collection = readType(attributes.type);
  return typeof collection === 'string' ? { collection, attributes, arrivalMs } : collection;
}

/** Reads `azureml.inference.<collection>`. A deployment has a handful of types, so their checks are remembered. */
export function createTypeReader(): TypeReader {
  const known = new Map<string, string>();
  return (type) => {
    const remembered = type === undefined ? undefined : known.get(type);
    if (remembered !== undefined) return remembered;
    const collection = readType(type);
    if (typeof collection === 'string' && type !== undefined && known.size < 100) known.set(type, collection);
    return collection;
  };
}

function readType(type: string | undefined): string | Refusal {
  if (type === undefined) return invalid('ce-type is missing');
  const name = collectionOfType(type) ?? kserveCollection(type);
  if (name === undefined) return invalid("ce-type is not 'azureml.inference.<collection>'");
  const problem = collectionNameProblem(name);
  return problem === undefined
    ? name.toLowerCase()
    : invalid(`ce-type names no usable collection. ${problem}`);
}

/** The events of KServe's inference logger: its request and response are ours. */
function kserveCollection(type: string): string | undefined {
  return /^org\.kubeflow\.serving\.inference\.(request|response)$/.exec(type)?.[1];
}

function invalid(message: string): Refusal {
  return { status: 400, code: 'ce_type_invalid', message: message.endsWith('.') ? message : `${message}.` };
}
