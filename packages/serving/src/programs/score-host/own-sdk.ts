import { registerHooks } from 'node:module';

const sdk = '@gleaner/sdk';

/** From now on `@gleaner/sdk` is ours wherever none is installed beside the module that imports it. */
export function offerSdk(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (specifier !== sdk) throw error;
        return nextResolve(import.meta.resolve(sdk), context);
      }
    },
  });
}
