import { createHash } from 'node:crypto';
import { generic } from '../faults.ts';
import { type Hub, mustFindBuild, type Rpm } from '../hub.ts';
import { publishSignature } from '../messages.ts';
import { type Methods, read, write } from '../method.ts';
import { page, scalarFilter } from '../query.ts';
import { findRpmByName, rpmName, rpmStruct, sighashOf } from '../rpms.ts';
import { flag, mustHavePerm } from '../sessions.ts';
import { isList, isStruct, repr, type Struct, type Value } from '../value.ts';

function lookupRpm(hub: Hub, info: Value): Rpm | undefined {
  if (typeof info === 'number') return hub.rpms.find(({ id }) => id === info);
  if (typeof info === 'string') return findRpmByName(hub, info);
  if (!isStruct(info)) throw generic(`Invalid type for rpminfo: ${repr(info)}`);
  if (typeof info['id'] === 'number') return hub.rpms.find(({ id }) => id === info['id']);
  const { name, version, release, arch } = info;
  return hub.rpms.find((rpm) => rpmName(rpm) === `${name}-${version}-${release}.${arch}`);
}

function mustFindRpm(hub: Hub, info: Value): Rpm {
  const rpm = lookupRpm(hub, info);
  if (rpm !== undefined) return rpm;
  throw generic(`No such rpm: ${typeof info === 'string' ? repr(partsOf(info)) : repr(info)}`);
}

function partsOf(text: string): Struct {
  const match = /^(.+)-([^-]+)-([^-]+)\.([^.]+)$/.exec(text.replace(/\.rpm$/, ''));
  const [, name = '', version = '', release = '', arch = ''] = match ?? [];
  return { release, version, name, epoch: '', arch, src: arch === 'src' };
}

function signatureRows(rpm: Rpm): readonly Struct[] {
  return [...rpm.signatures.keys()].map((sigkey) => ({
    rpm_id: rpm.id,
    sighash: sighashOf(rpm, sigkey) ?? '',
    sigkey,
  }));
}

/** The key id in an OpenPGP signature: the issuer's subpacket, of which Koji shows the last four bytes. */
function keyOf(header: Buffer): string | undefined {
  const at = header.indexOf(Buffer.from([0x09, 0x10]));
  return at < 0 ? undefined : header.subarray(at + 6, at + 10).toString('hex');
}

/** RPMs and their signatures. */
export const rpmMethods: Methods = {
  listRPMs: read(
    'list_rpms(buildID=None, buildrootID=None, imageID=None, componentBuildrootID=None, hostID=None, arches=None, queryOpts=None, draft=None)',
    (args, { hub }) => {
      const { buildID = null, arches = null, queryOpts = null } = args;
      // No buildroots and no images are kept: nothing came from one, or stood in one.
      const elsewhere = ['buildrootID', 'componentBuildrootID', 'imageID', 'hostID'].some(
        (name) => (args[name] ?? null) !== null,
      );
      const id =
        buildID === null
          ? null
          : scalarFilter({ name: 'rpminfo.build_id', type: 'integer', line: 5, lazy: false }, buildID);
      const wanted = arches === null ? null : isList(arches) ? arches : [arches];
      const rows = hub.rpms.filter(
        (rpm) =>
          !elsewhere &&
          (id === null || rpm.build.id === id) &&
          (wanted === null || wanted.includes(rpm.arch)),
      );
      return page(
        rows.map((rpm) => rpmStruct(rpm)),
        queryOpts,
        { lazy: false },
      );
    },
  ),
  listBuildRPMs: read('RootExports.listBuildRPMs(build)', ({ build = null }, { hub }) => {
    const found = mustFindBuild(hub, build);
    return hub.rpms.filter((rpm) => rpm.build === found).map((rpm) => rpmStruct(rpm));
  }),
  getRPM: read('get_rpm(rpminfo, strict=False, multi=False)', ({ rpminfo = null, strict }, { hub }) => {
    const rpm = flag(strict) ? mustFindRpm(hub, rpminfo) : lookupRpm(hub, rpminfo);
    return rpm === undefined ? null : rpmStruct(rpm, { nvr: false });
  }),
  queryRPMSigs: read(
    'query_rpm_sigs(rpm_id=None, sigkey=None, queryOpts=None)',
    ({ rpm_id = null, sigkey = null, queryOpts = null }, { hub }) => {
      const found = rpm_id === null ? undefined : lookupRpm(hub, rpm_id);
      const rpms = rpm_id === null ? hub.rpms : found === undefined ? [] : [found];
      const key = typeof sigkey === 'string' ? sigkey.toLowerCase() : null;
      const rows = rpms.flatMap(signatureRows).filter((row) => key === null || row['sigkey'] === key);
      return page(rows, queryOpts, { lazy: false });
    },
  ),
  addRPMSig: write('RootExports.addRPMSig(an_rpm, data)', ({ an_rpm = null, data }, { hub, caller }) => {
    mustHavePerm(caller, 'sign');
    const rpm = mustFindRpm(hub, an_rpm);
    const header = Buffer.from(String(data), 'base64');
    const key = keyOf(header);
    if (key === undefined) throw generic('No signature in header');
    if (rpm.signatures.has(key)) {
      throw generic(`Signature already exists for package ${rpmName(rpm)}, key ${key}`);
    }
    rpm.signatures.set(key, createHash('md5').update(header).digest('hex'));
    publishSignature(hub, rpm, key);
    return null;
  }),
  writeSignedRPM: write(
    'RootExports.writeSignedRPM(an_rpm, sigkey, force=False)',
    ({ an_rpm = null, sigkey }, { hub, caller }) => {
      mustHavePerm(caller, 'sign');
      const rpm = mustFindRpm(hub, an_rpm);
      if (!rpm.signatures.has(String(sigkey))) {
        throw generic(`No cached signature for package ${rpmName(rpm)}, key ${sigkey}`);
      }
      return null;
    },
  ),
  deleteRPMSig: write(
    'RootExports.deleteRPMSig(rpminfo, sigkey=None, all_sigs=False)',
    ({ rpminfo = null, sigkey }, { hub, caller }) => {
      mustHavePerm(caller, 'admin');
      mustFindRpm(hub, rpminfo).signatures.delete(String(sigkey));
      return null;
    },
  ),
  listBuildroots: read(
    'RootExports.listBuildroots(hostID=None, tagID=None, state=None, rpmID=None, archiveID=None, taskID=None, buildrootID=None, repoID=None, queryOpts=None)',
    ({ queryOpts = null }) => page([], queryOpts),
  ),
};
