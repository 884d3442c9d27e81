import { byId } from '../kit/rows.ts';
import { BUILD, type Hub, type LogFile } from './hub.ts';
import { rpmFile } from './rpm-file.ts';
import { fileOf, rpmName } from './rpms.ts';

/** A file below `topurl`, as Koji's web server lays them out; undefined where there is none. */
export function topFile(hub: Hub, path: string): Buffer | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const [root, second] = parts;
  if (root === 'work' && second === 'tasks') return taskFile(hub, parts.slice(2));
  return root === 'packages' ? packageFile(hub, parts.slice(1)) : undefined;
}

/** What a file holds. */
export function bytesOf({ content }: LogFile): Buffer {
  return typeof content === 'object' ? rpmFile(content) : Buffer.from(content);
}

function maybeBytes(file: LogFile | undefined): Buffer | undefined {
  return file === undefined ? undefined : bytesOf(file);
}

function taskFile(hub: Hub, [modulus, id, ...rest]: readonly string[]): Buffer | undefined {
  const task = byId(hub.tasks, Number(id));
  return task !== undefined && Number(modulus) === task.id % 10_000
    ? maybeBytes(task.files.get(rest.join('/')))
    : undefined;
}

function packageFile(hub: Hub, [name, version, release, ...rest]: readonly string[]): Buffer | undefined {
  const build = hub.builds.find(({ nvr }) => nvr === `${name}-${version}-${release}`);
  if (build === undefined || build.state !== BUILD.complete) return undefined;
  if (rest[0] === 'data' && rest[1] === 'logs') {
    return maybeBytes(build.logs.get(rest[2] ?? '')?.get(rest[3] ?? ''));
  }
  const isSigned = rest[0] === 'data' && rest[1] === 'signed';
  const [arch, file] = isSigned ? rest.slice(3) : rest;
  const rpm = hub.rpms.find(
    (one) => one.build === build && one.arch === arch && `${rpmName(one)}.rpm` === file,
  );
  if (rpm === undefined) return undefined;
  if (!isSigned) return fileOf(rpm);
  const key = rest[2] ?? '';
  return key !== '' && rpm.signatures.has(key) ? fileOf(rpm, key) : undefined;
}
