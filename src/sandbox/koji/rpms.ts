import { createHash } from 'node:crypto';
import { generic } from './faults.ts';
import { type Build, type Hub, type Rpm, splitNvr } from './hub.ts';
import { indexed, nextId } from './rows.ts';
import type { Struct } from './value.ts';

function md5(...parts: readonly unknown[]): string {
  return createHash('md5').update(parts.join('\n')).digest('hex');
}

export interface NewRpm {
  readonly build: Build;
  readonly name: string;
  readonly arch: string;
}

/** An imported RPM, unsigned: the empty key stands for its plain header. */
export function importRpm(hub: Hub, { build, name, arch }: NewRpm): Rpm {
  const file = `${name}-${build.version}-${build.release}.${arch}`;
  const rpm: Rpm = {
    id: nextId(hub.rpms),
    build,
    name,
    arch,
    payloadhash: md5('payload', file, build.task?.id),
    size: 6000 + Math.floor(hub.kit.draw('koji.rpm-size', file) * 4000),
    buildtime: Math.floor(hub.now()),
    signatures: new Map([['', md5('header', file, build.task?.id)]]),
  };
  hub.rpms.push(rpm);
  return rpm;
}

/** The RPMs of a build, in the order of their import. */
export const rpmsOf = indexed((rpm: Rpm) => rpm.build);

/** File name without `.rpm`. */
export function rpmName({ name, build, arch }: Rpm): string {
  return `${name}-${build.version}-${build.release}.${arch}`;
}

/** Writes a signature with a key; false where there was one. */
export function signRpm(rpm: Rpm, key: string): boolean {
  if (rpm.signatures.has(key)) return false;
  rpm.signatures.set(key, md5('signed', key, rpmName(rpm), rpm.payloadhash));
  return true;
}

/** An RPM by `n-v-r.a`, with or without `.rpm`; a text that cannot be split is a fault. */
export function findRpmByName(hub: Hub, text: string): Rpm | undefined {
  const name = text.endsWith('.rpm') ? text.slice(0, -4) : text;
  const dot = name.lastIndexOf('.');
  if (dot < 0 || splitNvr(name.slice(0, dot)) === undefined) throw generic(`invalid format: ${text}`);
  return hub.rpms.find((rpm) => rpmName(rpm) === name);
}

/** The RPM as `listTaggedRPMS` gives it; `getRPM` adds where it came from, `listRPMs` also the NVR. */
export function rpmStruct(rpm: Rpm, { origin = true, nvr = true } = {}): Struct {
  const { build } = rpm;
  return {
    arch: rpm.arch,
    build_id: build.id,
    buildroot_id: null,
    buildtime: rpm.buildtime,
    draft: false,
    epoch: build.epoch,
    ...(origin ? { external_repo_id: 0, external_repo_name: 'INTERNAL' } : {}),
    extra: null,
    id: rpm.id,
    metadata_only: false,
    name: rpm.name,
    ...(origin && nvr ? { nvr: `${rpm.name}-${build.version}-${build.release}` } : {}),
    payloadhash: rpm.payloadhash,
    release: build.release,
    size: rpm.size,
    version: build.version,
  };
}
