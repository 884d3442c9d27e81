// Imports the libraries that a file names (see list-libraries.js), and does nothing for a moment.
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const libraries = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const url of Object.values(libraries)) await import(url);
await setTimeout(1000);
