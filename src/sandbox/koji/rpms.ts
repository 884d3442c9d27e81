import { createHash } from 'node:crypto';
import { indexed, nextId } from '../kit/rows.ts';
import { othersPackage } from '../kit/world.ts';
import { generic } from './faults.ts';
import { type Build, type Hub, type Rpm, splitNvr } from './hub.ts';
import {
  type HeaderValue,
  headerFields,
  payloadHash,
  type RpmFacts,
  rpmFile,
  signatureHash,
} from './rpm-file.ts';
import type { Spec } from './spec.ts';
import type { Struct } from './value.ts';

export interface NewRpm {
  readonly build: Build;
  readonly name: string;
  readonly arch: string;
  /** Seconds. @defaultValue now */
  readonly buildtime?: number;
}

/** An imported RPM, unsigned: the empty key stands for its plain header. */
export function importRpm(hub: Hub, { build, name, arch, buildtime = Math.floor(hub.now()) }: NewRpm): Rpm {
  const rpm: Rpm = {
    id: nextId(hub.rpms),
    build,
    name,
    arch,
    fill: fillOf(hub, name, build, arch),
    buildtime,
    signatures: new Map([['', undefined]]),
  };
  if (othersPackage(hub.kit.world, build.nvr) !== undefined) {
    FILES.set(rpm, { size: rpm.fill, payloadhash: invented(rpm, 'payload') });
    THEIRS.add(rpm);
  }
  hub.rpms.push(rpm);
  return rpm;
}

/** RPMs of others: so many are signed each day, and so few looked at, that what their files would hash to is made up. */
const THEIRS = new WeakSet<Rpm>();

function invented(rpm: Rpm, what: string): string {
  return createHash('md5')
    .update(`${what} ${rpmName(rpm)}`)
    .digest('hex');
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
  rpm.signatures.set(key, THEIRS.has(rpm) ? invented(rpm, key) : undefined);
  return true;
}

/** The package itself, with the signature of a key or without one. Made when it is asked for: there are many, and few are looked at. */
export function fileOf(rpm: Rpm, key = ''): Buffer {
  return rpmFile(factsOf(rpm), key === '' ? undefined : key);
}

/** Fields of its header, as `rpm` would tell them. */
export function fieldsOf(rpm: Rpm): ReadonlyMap<string, HeaderValue> {
  return headerFields(factsOf(rpm));
}

/** What the hub keeps of the package's file: its length, and the MD5 of header and payload. */
export function sizeAndHash(rpm: Rpm): { readonly size: number; readonly payloadhash: string } {
  const known = FILES.get(rpm);
  if (known !== undefined) return known;
  const file = fileOf(rpm);
  const told = { size: file.length, payloadhash: payloadHash(file) };
  FILES.set(rpm, told);
  return told;
}

const FILES = new WeakMap<Rpm, { readonly size: number; readonly payloadhash: string }>();

/** Hash of the header that holds a signature; undefined where there is none with this key. */
export function sighashOf(rpm: Rpm, key: string): string | undefined {
  if (!rpm.signatures.has(key)) return undefined;
  return rpm.signatures.get(key) ?? signatureHash(fileOf(rpm, key));
}

type Version = Pick<Spec, 'name' | 'version' | 'release' | 'epoch'>;

/** What rpmbuild has just written. */
export function packed(hub: Hub, spec: Version, name: string, arch: string): RpmFacts {
  return facts(spec, { name, arch, fill: fillOf(hub, name, spec, arch), buildtime: Math.floor(hub.now()) });
}

function factsOf(rpm: Rpm): RpmFacts {
  return facts(rpm.build, rpm);
}

function fillOf(hub: Hub, name: string, { version, release }: Version, arch: string): number {
  return 6000 + Math.floor(hub.kit.draw('koji.rpm-size', `${name}-${version}-${release}.${arch}`) * 4000);
}

function facts(
  { name: source, version, release, epoch }: Version,
  { name, arch, buildtime, fill }: Pick<Rpm, 'name' | 'arch' | 'buildtime' | 'fill'>,
): RpmFacts {
  const sourceRpm = arch === 'src' ? undefined : `${source}-${version}-${release}.src.rpm`;
  const buildHost = `buildvm-${arch === 'src' || arch === 'noarch' ? 'x86' : arch}-01.example.org`;
  return { name, version, release, epoch, arch, sourceRpm, buildHost, buildTime: buildtime, fill };
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
  const { size, payloadhash } = sizeAndHash(rpm);
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
    payloadhash,
    release: build.release,
    size,
    version: build.version,
  };
}
