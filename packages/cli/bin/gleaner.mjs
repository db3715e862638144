#!/usr/bin/env -S node --max-semi-space-size=4
// A small nursery: bodies live outside of the heap, and are given back only when the young objects are looked through.
// Every Node reads this file; the rest is TypeScript, which Node runs as it is from 24 on.
const needed = 24;
if (Number.parseInt(process.versions.node, 10) < needed) {
  process.stderr.write(
    `gleaner: This is Node ${process.versions.node}, and gleaner needs Node ${needed} or newer.\n` +
      '  fix: Run it with npx in the repository, which has the right one, or install a newer Node.\n',
  );
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import('node:module');
  // Keeps the types stripped, too: without it every start loads what strips them, 30 MB and a tenth of a second.
  enableCompileCache();
  await import('../src/main.ts');
}
