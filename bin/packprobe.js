#!/usr/bin/env node
// In a checkout the sources run as they stand; an installed package carries only what `npm run build` made of them.
import { existsSync } from 'node:fs';

const source = new URL('../src/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
