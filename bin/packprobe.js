#!/usr/bin/env node
// In a checkout the sources run as they stand; an installed package carries only what `npm run build` made of them.
import { existsSync } from 'node:fs';

const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `error: packprobe needs Node ${NEEDED}, this is ${process.versions.node}\n` +
      'What to do: in a checkout call it as `npx packprobe …` from its folder, which brings its own Node.\n',
  );
  // Not 1: that means that a system broke the workflow.
  process.exit(3);
}
const source = new URL('../src/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
