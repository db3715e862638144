/** What a collector inherits from the root: credentials of clouds, but no settings, which would win over its file. */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isNotForOthers(name)));
}

function isNotForOthers(name: string): boolean {
  return /^(GLEANER_|npm_|NODE_CHANNEL_)/.test(name);
}
