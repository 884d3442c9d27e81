import { registerHooks } from 'node:module';
import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../sources.ts';

const SOURCES = pathToFileURL(`${ROOT}/src/`).href;

/**
 * Whatever is asked for below `src/` from here on comes out of a folder that `npm run build` made, whoever asks: what users run, and soon there, where
 * a process begins a thousand times. To be called before the first of them is imported.
 */
export function takeCompiled(dist: string): void {
  const compiled = pathToFileURL(dist.endsWith(sep) ? dist : `${dist}${sep}`).href;
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (!found.url.startsWith(SOURCES)) return found;
      const url = `${compiled}${found.url.slice(SOURCES.length).replace(/\.ts$/, '.js')}`;
      return { ...found, url, format: 'module' };
    },
  });
}
