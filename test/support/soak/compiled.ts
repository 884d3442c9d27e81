import { registerHooks } from 'node:module';
import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../sources.ts';

const SOURCES = pathToFileURL(`${ROOT}/src/`).href;

/**
 * Whatever is asked for below `src/` until it is disposed of comes out of a folder that `npm run build` made, whoever asks: what users run, and sooner there. What is
 * loaded from there asks for all else there by itself; and every module that is looked for meanwhile costs more.
 */
export function takeCompiled(dist: string): Disposable {
  const compiled = pathToFileURL(dist.endsWith(sep) ? dist : `${dist}${sep}`).href;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (!found.url.startsWith(SOURCES)) return found;
      const url = `${compiled}${found.url.slice(SOURCES.length).replace(/\.ts$/, '.js')}`;
      return { ...found, url, format: 'module' };
    },
  });
  return { [Symbol.dispose]: () => hooks.deregister() };
}
