import { readOneOf, refuseNull } from './fields.ts';
import type { Field, FieldReader } from './fields.ts';
import type { Report } from './report.ts';

/** What a file says to name an asset of the workspace. */
export type AssetReference =
  | { kind: 'version'; name: string; version: string }
  | { kind: 'latest'; name: string }
  /** A resource id. */
  | { kind: 'id'; id: string };

/**
 * A reader of `azureml:<name>:<version>`, `azureml:<name>@latest` and `azureml:<resource id>`; anything that is no text is
 * read as the asset itself.
 */
export function assetReader<T>(
  plural: string,
  readAsset: FieldReader<T>,
): (field: Field, report: Report) => AssetReference | T | undefined {
  return (field, report) => {
    if (refuseNull(field, report)) return undefined;
    if (field.value.kind !== 'text') return readAsset(field, report);
    const text = field.value.value.trim();
    const reference = parseAssetReference(text);
    if (reference === undefined) {
      report.problem(
        field,
        text.startsWith('azureml://registries/')
          ? `Registries are not supported: register what ${JSON.stringify(text)} names in the workspace.`
          : `In order to specify an existing ${plural}, please write azureml:<name>:<version>, azureml:<name>@latest or azureml:<resource id>; or a map that describes a new one.`,
      );
    }
    return reference;
  };
}

/** `undefined` for a text that is no reference. */
export function parseAssetReference(text: string): AssetReference | undefined {
  const bare = text.replace(/^azureml:/, '');
  if (/^\/subscriptions\/.+/i.test(bare)) return { kind: 'id', id: bare };
  const { name, version } = /^(?<name>[^:@/\\]+)(?::(?<version>[^:@/\\]+)|@latest)$/.exec(bare)?.groups ?? {};
  if (name === undefined || bare === text) return undefined;
  return version === undefined ? { kind: 'latest', name } : { kind: 'version', name, version };
}

/** A word of a set that the refusal shows as it is accepted. */
export function wordReader<const Words extends readonly string[]>(
  words: Words,
): (field: Field, report: Report) => Words[number] | undefined {
  return (field, report) => readOneOf(field, { accepted: words, told: words }, report);
}

/** A command: a list of its words, or a line that is cut at blanks; quotes hold words together. */
export function readCommand(field: Field, report: Report): string[] | undefined {
  if (field.value.kind === 'text') return wordsOf(field.value.value);
  if (field.value.kind !== 'list') {
    report.problem(field, 'A command is a list of words, or one line of text.');
    return undefined;
  }
  const items = field.value.items;
  const words = items.flatMap((item) => {
    if (item.kind === 'text') return [item.value];
    if (item.kind === 'integer') return [String(item.value)];
    report.problem(field, 'Not a valid string.');
    return [];
  });
  if (words.length === 0) report.problem(field, 'The command is empty.');
  return words;
}

function wordsOf(line: string): string[] {
  return Array.from(line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g), ([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
}
