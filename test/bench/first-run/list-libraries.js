// Preloaded: writes into the file LIBRARIES_FILE which libraries the modules of the program itself import: name and address of each.
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const libraries = {};

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const ours = context.parentURL !== undefined && !context.parentURL.includes('/node_modules/');
    if (ours && !specifier.startsWith('.') && !specifier.startsWith('file:'))
      libraries[specifier] = found.url;
    return found;
  },
});

process.on('exit', () => writeFileSync(process.env['LIBRARIES_FILE'], JSON.stringify(libraries)));
