import type { Config } from '../core/config.ts';
import { nearest } from '../core/suggest.ts';
import type { Path } from '../core/yaml-document.ts';
import type { Host } from './host.ts';
import { configDirs, join, namesIn, type PlaceOptions } from './places.ts';

export interface NameFault {
  readonly path: Path;
  readonly message: string;
}

/**
 * Receivers that cannot be, and environments that receivers and the calendar are restricted to, and that are none: whoever waits for such a message
 * waits for ever. One that has a file is known, also where it is not served.
 */
export async function checkNames(
  config: Config,
  options: PlaceOptions,
  host: Host,
  served: readonly string[] = [],
): Promise<readonly NameFault[]> {
  const dirs = (await configDirs(options, host)).map((dir) => join(dir, 'environments'));
  const files = await namesIn(dirs, host);
  const known = [...new Set([...files, ...served])];
  // One of `environments` that is not there is told at that place alone. A sandbox has no file.
  const told = [...Object.keys(config.environments), 'sandbox'];
  const tickets = Object.entries(config.receivers).flatMap(([name, { kind }]): readonly NameFault[] => {
    if (kind !== 'ticket') return [];
    const message = 'this version of packprobe cannot open tickets; use `command` with a program that does';
    return [{ path: ['receivers', name, 'kind'], message }];
  });
  const strangers = mentions(config).flatMap(({ path, name }) => {
    if (known.includes(name) || told.includes(name)) return [];
    const near = nearest(name, known);
    const meant = near === undefined ? `; known are ${known.join(', ')}` : `; did you mean "${near}"?`;
    return [{ path, message: `there is no environment "${name}"${meant}` }];
  });
  return [...tickets, ...strangers];
}

function mentions({
  receivers,
  calendar,
}: Config): readonly { readonly path: Path; readonly name: string }[] {
  const about = [
    ...Object.entries(receivers).map(([name, one]) => ({ path: ['receivers', name], one })),
    ...calendar.entries.map((one, at) => ({ path: ['calendar', 'entries', at], one })),
    ...Object.entries(calendar.feeds).map(([name, one]) => ({ path: ['calendar', 'feeds', name], one })),
  ];
  return about.flatMap(({ path, one: { environments = [] } }) =>
    environments.map((name, at) => ({ path: [...path, 'environments', at], name })),
  );
}
