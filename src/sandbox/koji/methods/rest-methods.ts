import { createHash } from 'node:crypto';
import { generic, notAllowed, pythonFault } from '../faults.ts';
import { hasPerm, isActive, lookupTag, mustFindBuild, mustFindUser, REPO } from '../hub.ts';
import { type Methods, read, write } from '../method.ts';
import { page, toInt } from '../query.ts';
import { repoStruct } from '../repo-task.ts';
import { fileOf } from '../rpms.ts';
import { flag, mustBeUser } from '../sessions.ts';
import { cancelTask, childrenOf, findTask, hasEnded } from '../tasks.ts';
import { isList, plainText, repr, type Value } from '../value.ts';
import { assertUploadFolder } from './system-methods.ts';

/** Longest upload that is kept, in bytes. */
const LONGEST_UPLOAD = 256 * 1024 * 1024;

const CHECKSUMS = ['md5', 'sha1', 'sha256'];

/** A lookup of something that a hub of RPMs has none of: nil, or a fault where one was asked for. */
function none(signature: string, argument: string, missing: (info: string) => string) {
  return read(signature, (args) => {
    if (flag(args['strict'])) throw generic(missing(plainText(args[argument] ?? null)));
    return null;
  });
}

/** What remains of the real hub's reading methods: most say that there is nothing of the kind. */
export const restMethods: Methods = {
  error: read('RootExports.error()', () => {
    throw generic('test error');
  }),
  fault: read('RootExports.fault()', () => {
    throw pythonFault('Exception', 'test exception');
  }),
  getArchiveTypes: read('get_archive_types()', () => []),
  getArchiveType: read(
    'get_archive_type(filename=None, type_name=None, type_id=None, strict=False)',
    ({ filename = null, type_name = null, type_id = null, strict }) => {
      const asked = type_id ?? type_name ?? filename;
      if (asked === null) throw generic('one of filename, type_name, or type_id must be specified');
      if (flag(strict)) throw generic(`unsupported file extension: ${plainText(asked)}`);
      return null;
    },
  ),
  getArchive: none('get_archive(archive_id, strict=False)', 'archive_id', (id) => `No such archive: ${id}`),
  getMavenArchive: none(
    'get_maven_archive(archive_id, strict=False)',
    'archive_id',
    (id) => `No such maven archive: ${id}`,
  ),
  getWinArchive: none(
    'get_win_archive(archive_id, strict=False)',
    'archive_id',
    (id) => `No such win archive: ${id}`,
  ),
  getImageArchive: none(
    'get_image_archive(archive_id, strict=False)',
    'archive_id',
    (id) => `No such image archive: ${id}`,
  ),
  getArchiveFile: none(
    'get_archive_file(archive_id, filename, strict=False)',
    'archive_id',
    (id) => `No such archive: ${id}`,
  ),
  listArchiveFiles: read(
    'list_archive_files(archive_id, queryOpts=None, strict=False)',
    ({ archive_id = null, queryOpts = null, strict }) => {
      if (flag(strict)) throw generic(`No such archive: ${plainText(archive_id)}`);
      return page([], queryOpts, { lazy: false });
    },
  ),
  listTaggedArchives: read(
    'RootExports.listTaggedArchives(tag, event=None, inherit=False, latest=False, package=None, type=None, strict=True, extra=True)',
    (
      { tag = null, event = null, inherit, latest = null, package: pkg = null, type = null, strict },
      { call },
    ) => [
      [],
      call('listTagged', [
        tag,
        { event, inherit: flag(inherit), latest, package: pkg, type, strict: flag(strict), __starstar: true },
      ]),
    ],
  ),
  getLatestMavenArchives: read(
    'RootExports.getLatestMavenArchives(tag, event=None, inherit=True)',
    ({ tag = null }, { hub }) => {
      lookupTag(hub, tag);
      return [];
    },
  ),
  'repo.getExternalRepoData': read('RepoExports.getExternalRepoData(external_repo_id)', () => null),
  getBuildroot: none(
    'get_buildroot(buildrootID, strict=False)',
    'buildrootID',
    (id) => `No such buildroot: ${id}`,
  ),
  getBuildrootListing: read('RootExports.getBuildrootListing(id)', ({ id = null }) => {
    throw generic(`buildroot ${plainText(id)} does not exist`);
  }),
  getActiveRepos: read('get_active_repos()', (_args, { hub }) =>
    hub.repos.filter(({ state }) => state !== REPO.deleted).map(repoStruct),
  ),
  checkTagAccess: read(
    'check_tag_access(tag_id, user_id=None)',
    ({ tag_id = null, user_id = null }, { hub, caller }) => {
      const user = user_id === null ? caller.session?.user : mustFindUser(hub, user_id);
      if (user === undefined) throw generic('a user_id is required');
      const tag = lookupTag(hub, tag_id);
      const override = hasPerm(user, 'admin');
      if (tag.locked) return [false, override, 'tag is locked'];
      if (tag.perm !== null && !user.perms.includes(tag.perm)) {
        return [false, override, `tag requires ${tag.perm} permission`];
      }
      return [true, override, ''];
    },
  ),
  buildReferences: read(
    'RootExports.buildReferences(build, limit=None, lazy=False)',
    ({ build = null, lazy }, { hub }) => {
      const found = mustFindBuild(hub, build);
      const tags = hub.taggings
        .filter((row) => row.build === found && isActive(row.created, row.revoked, null))
        .map(({ tag }) => ({ id: tag.id, name: tag.name }));
      if (flag(lazy) && tags.length > 0) return { tags };
      return { tags, rpms: [], component_archives: [], archives: [], last_used: null, images: [] };
    },
  ),
  getRPMChecksums: read(
    'RootExports.getRPMChecksums(rpm_id, checksum_types=None, cacheonly=False)',
    ({ rpm_id = null, checksum_types = null }, { hub }) => {
      if (typeof rpm_id !== 'number') throw generic('rpm_id must be an integer');
      const rpm = hub.rpms.find(({ id }) => id === rpm_id);
      if (rpm === undefined) throw generic(`No such rpm: ${repr(rpm_id)}`);
      if (checksum_types !== null && !isList(checksum_types)) throw generic('checksum_type must be a list');
      const types = isList(checksum_types) && checksum_types.length > 0 ? checksum_types : ['md5', 'sha256'];
      const wrong = types.find((type) => !CHECKSUMS.includes(plainText(type)));
      if (wrong !== undefined) throw generic(`Checksum_type ${plainText(wrong)} isn't supported`);
      const sums = (key: string): Value =>
        Object.fromEntries(
          types.map((type) => {
            const name = plainText(type);
            return [name, createHash(name).update(fileOf(rpm, key)).digest('hex')];
          }),
        );
      return Object.fromEntries([...rpm.signatures.keys()].map((key) => [key, sums(key)]));
    },
  ),
  getRPMDeps: read(
    'RootExports.getRPMDeps(rpmID, depType=None, queryOpts=None, strict=False)',
    ({ rpmID = null, queryOpts = null, strict }, { call }) => {
      call('getRPM', [rpmID, flag(strict)]);
      return page([], queryOpts, { lazy: false });
    },
  ),
  getRPMFile: read(
    'RootExports.getRPMFile(rpmID, filename, strict=False)',
    ({ rpmID = null, filename = null, strict }, { call }) => {
      call('getRPM', [rpmID, flag(strict)]);
      if (!flag(strict)) return {};
      throw generic(`No file: ${plainText(filename)} found in RPM: ${plainText(rpmID)}`);
    },
  ),
  listRPMFiles: read(
    'RootExports.listRPMFiles(rpmID, queryOpts=None)',
    ({ rpmID = null, queryOpts = null }, { call }) => {
      call('getRPM', [rpmID]);
      return page([], queryOpts, { lazy: false });
    },
  ),
  uploadFile: write(
    'RootExports.uploadFile(path, name, size, md5sum, offset, data, volume=None, checksum=None)',
    (args, { hub, caller }) => {
      mustBeUser(caller);
      const { path, name, size = null, md5sum = null, checksum = null } = args;
      const chunk = Buffer.from(plainText(args['data'] ?? null), 'base64');
      const offset = toInt(args['offset'] ?? null);
      const given = checksum ?? md5sum;
      const [verify, digest] = isList(given) ? given.map(plainText) : ['md5', given];
      if (size !== null && toInt(size) !== chunk.length && offset !== -1) return false;
      if (digest !== null && digest !== undefined && offset !== -1) {
        if (!CHECKSUMS.includes(plainText(verify ?? null))) {
          throw generic(`Unsupported verify type: ${plainText(verify ?? null)}`);
        }
        if (
          createHash(plainText(verify ?? null))
            .update(chunk)
            .digest('hex') !== digest
        )
          return false;
      }
      const folder = plainText(path ?? null);
      assertUploadFolder(folder);
      const file = `${folder}/${plainText(name ?? null)}`;
      const before = hub.uploads.get(file)?.bytes ?? Buffer.alloc(0);
      if (offset === 0 && before.length > 0 && !file.endsWith('.log')) {
        throw generic(`file already exists: /mnt/koji/work/${file}`);
      }
      const start = offset < 0 ? before.length : offset;
      if (start + chunk.length > LONGEST_UPLOAD) {
        throw pythonFault('OSError', '[Errno 28] No space left on device');
      }
      const bytes = Buffer.alloc(Math.max(before.length, start + chunk.length));
      before.copy(bytes);
      chunk.copy(bytes, start);
      hub.uploads.set(file, { bytes, written: hub.now() });
      return true;
    },
  ),
  cancelTaskChildren: write(
    'RootExports.cancelTaskChildren(task_id)',
    ({ task_id = null }, { hub, caller }) => {
      const user = mustBeUser(caller);
      const id = toInt(task_id);
      const task = findTask(hub, id);
      if (task === undefined) throw generic(`No such task: ${id}`);
      if (task.owner !== user && !hasPerm(user, 'admin')) throw notAllowed('Cannot cancel task, not owner');
      for (const child of childrenOf(hub, task)) if (!hasEnded(child)) cancelTask(hub, child);
      return null;
    },
  ),
};
